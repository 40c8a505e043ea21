# What zsh offers for a line. Arguments: the zsh to run, the folder of the completion, the line.
# An interactive zsh is driven at a pseudo-terminal, with compadd telling its matches.
zmodload zsh/zpty
zpty inner $1 -f -i
zpty -w inner "PS1= PS2=; module_path=($module_path) fpath=($2 $fpath)"
zpty -w inner 'autoload -Uz compinit && compinit -D -u
compadd() {
    if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then
        builtin compadd "$@"
        return
    fi
    local -a matches
    builtin compadd -A matches "$@"
    (( $#matches )) && print -l -- "<match:"${^matches}">"
    builtin compadd "$@"
}
finish() { print "<finished>" }
zle -N finish
bindkey "^I" complete-word "^O" finish
print "<ready>"'
zpty -r inner out $'*<ready>\r\n'
zpty -w -n inner "$3"$'\t\x0f'
zpty -r inner out '*<finished>'
print -r -- $out
zpty -d inner
