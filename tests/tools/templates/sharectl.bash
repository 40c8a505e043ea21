# bash completion of sharectl(8).
# Made by `python -m tests.tools.completions` from its templates and the commands: change those.
#
# Domains come from virsh, attached shares from the store, clouds from clouds.yaml. Nothing asks for
# a password or waits for a network, and what fails or has no answer in two seconds offers nothing.

_sharectl_domains() { # URI
    case ${1%%:*} in
        *+unix) ;;
        *+*) return ;; # another host, which could ask for a password
    esac
    [[ $1 == *:///* ]] || return
    setsid --wait timeout -k 1 2 virsh --connect "$1" --readonly --quiet list --all --name \
        </dev/null 2>/dev/null
}

_sharectl_shares() { # DOMAIN
    awk -F '"' -v domain="$1" '@SHARES@' \
        "${SHARECTL_STATE_DIR:-/var/lib/sharectl}/mappings.json" 2>/dev/null
}

_sharectl_clouds() {
    local file
    for file in "$OS_CLIENT_CONFIG_FILE" clouds.yaml ~/.config/openstack/clouds.yaml \
        /etc/openstack/clouds.yaml; do
        [[ -f $file && -r $file ]] || continue
        awk '@CLOUDS@' "$file" 2>/dev/null
        return
    done
}

_sharectl_columns() { # COMMAND
    case $1 in
@COLUMNS@
    esac
}

_sharectl_commands() { # COMMAND
    case $1 in
@COMMANDS@
    esac
}

_sharectl_options() { # COMMAND
    case $1 in
@OPTIONS@
    esac
}

_sharectl_values() { # OPTION COMMAND
    case $1 in
@VALUES@
    esac
}

_sharectl_arguments() { # COMMAND NUMBER URI ARGUMENT...
    case $1:$2 in
@ARGUMENTS@
    esac
}

# Put the lines of stdin that start with $1 into COMPREPLY, behind $2.
_sharectl_reply() {
    local line
    while IFS= read -r line; do
        if [[ -n $line && $line == "$1"* ]]; then
            COMPREPLY+=("$2$(printf %q "$line")")
        fi
    done
}

_sharectl() {
    local command=sharectl option= uri=${LIBVIRT_DEFAULT_URI:-qemu:///system}
    local piece word cut glue= i
    local -a words=() arguments=()
    COMPREPLY=()

    # readline splits words at ":" and "=" as well: put them together again.
    for ((i = 0; i <= COMP_CWORD; i++)); do
        piece=${COMP_WORDS[i]}
        if [[ $i -gt 0 && ($glue || $piece =~ ^[:=]+$) ]]; then
            words[${#words[@]} - 1]+=$piece
        else
            words+=("$piece")
        fi
        [[ $piece =~ ^[:=]+$ ]] && glue=1 || glue=
    done

    for ((i = 1; i < ${#words[@]} - 1; i++)); do
        word=${words[i]}
        if [[ $option ]]; then
            [[ $option == --connect ]] && uri=$word
            option=
            continue
        fi
        case $word in
            @TAKING_VALUES@) option=$word ;;
            --connect=*) uri=${word#*=} ;;
            -*) ;;
            *)
                if [[ " $(_sharectl_commands "$command") " == *" $word "* ]]; then
                    command+=" $word"
                else
                    arguments+=("$word")
                fi
                ;;
        esac
    done

    word=${words[${#words[@]} - 1]}
    if [[ ! $option && $word == --*=* ]]; then
        option=${word%%=*}
        _sharectl_reply "${word#*=}" "$option=" < <(_sharectl_values "$option" "$command" | tr ' ' '\n')
    elif [[ $option == @FILE_OPTION@ ]]; then
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    elif [[ $option ]]; then
        _sharectl_reply "$word" "" < <(_sharectl_values "$option" "$command" | tr ' ' '\n')
    elif [[ $word == -* ]]; then
        _sharectl_reply "$word" "" < <(_sharectl_options "$command" | tr ' ' '\n')
    elif [[ ${#arguments[@]} -eq 0 && $(_sharectl_commands "$command") ]]; then
        _sharectl_reply "$word" "" < <(_sharectl_commands "$command" | tr ' ' '\n')
    else
        _sharectl_reply "$word" "" \
            < <(_sharectl_arguments "$command" "${#arguments[@]}" "$uri" "${arguments[@]}")
    fi

    # readline replaces only what stands behind the last ":" or "=".
    cut=${word%"${word##*[:=]}"}
    COMPREPLY=("${COMPREPLY[@]#"$cut"}")
}

complete -F _sharectl sharectl
