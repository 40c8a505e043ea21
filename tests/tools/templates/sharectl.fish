# fish completion of sharectl(8).
# Made by `python -m tests.tools.completions` from its templates and the commands: change those.
#
# Domains come from virsh, attached shares from the store, clouds from clouds.yaml. Nothing asks for
# a password or waits for a network, and what fails or has no answer in two seconds offers nothing.

function __sharectl_words -d 'The commands and arguments before the cursor, without options'
    set -l words (commandline -opc)
    set -l skip 0
    for word in $words[2..-1]
        if test $skip = 1
            set skip 0
            continue
        end
        switch $word
            case @TAKING_VALUES@
                set skip 1
            case '-*'
            case '*'
                printf '%s\n' $word
        end
    end
end

function __sharectl_at -a count -d 'Whether COMMAND... and COUNT arguments stand before the cursor'
    set -l command $argv[2..-1]
    set -l words (__sharectl_words)
    test (count $words) -eq (math (count $command) + $count)
    and __sharectl_in $command
end

function __sharectl_in -d 'Whether COMMAND... stands before the cursor'
    set -l words (__sharectl_words)
    test (count $words) -ge (count $argv)
    or return
    for i in (seq (count $argv))
        test "$words[$i]" = "$argv[$i]"
        or return
    end
end

function __sharectl_uri -d 'The libvirt connection'
    set -l words (commandline -opc)
    for i in (seq (count $words))
        switch $words[$i]
            case --connect
                set -q words[(math $i + 1)]
                and echo $words[(math $i + 1)]
                and return
            case '--connect=*'
                string replace -- --connect= '' $words[$i]
                return
        end
    end
    set -q LIBVIRT_DEFAULT_URI
    and echo $LIBVIRT_DEFAULT_URI
    or echo qemu:///system
end

function __sharectl_domains
    set -l uri (__sharectl_uri)
    # Another host could ask for a password.
    string match -qr '^[^:+]+(\+unix)?:///' -- $uri
    or return
    setsid --wait timeout -k 1 2 virsh --connect $uri --readonly --quiet list --all --name \
        </dev/null 2>/dev/null | string match -v ''
end

function __sharectl_shares
    set -l words (__sharectl_words)
    set -l folder /var/lib/sharectl
    set -q SHARECTL_STATE_DIR
    and set folder $SHARECTL_STATE_DIR
    awk -F '"' -v domain="$words[-1]" '@SHARES@' $folder/mappings.json 2>/dev/null
end

function __sharectl_clouds
    for file in "$OS_CLIENT_CONFIG_FILE" clouds.yaml ~/.config/openstack/clouds.yaml \
        /etc/openstack/clouds.yaml
        test -f "$file" -a -r "$file"
        or continue
        awk '@CLOUDS@' $file 2>/dev/null
        return
    end
end

complete -c sharectl -f

@COMPLETIONS@
