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
    awk -F '"' -v domain="$1" '
        $2 == "domain_name" { name = $4 }
        $2 == "domain_uuid" { uuid = $4 }
        $2 == "share_id" { id = $4 }
        $2 == "share_name" && (domain == name || domain == uuid) {
            print id
            if ($4 != "" && $4 !~ /\\/) print $4
        }
    ' \
        "${SHARECTL_STATE_DIR:-/var/lib/sharectl}/mappings.json" 2>/dev/null
}

_sharectl_clouds() {
    local file
    for file in "$OS_CLIENT_CONFIG_FILE" clouds.yaml ~/.config/openstack/clouds.yaml \
        /etc/openstack/clouds.yaml; do
        [[ -f $file && -r $file ]] || continue
        awk '
        /^clouds:/ { inside = 1; next }
        /^[^ #]/ { inside = 0 }
        inside && /^ +[A-Za-z0-9_.-]+:/ {
            match($0, /[^ ]/)
            if (!depth) depth = RSTART
            if (RSTART == depth) { sub(/:.*/, ""); sub(/^ +/, ""); print }
        }
    ' "$file" 2>/dev/null
        return
    done
}

_sharectl_columns() { # COMMAND
    case $1 in
        "sharectl add") echo "export_location share_id status tag uuid domain domain_uuid share_name protocol access_level access_type access_to mount_point health last_error requested_by created_at updated_at" ;;
        "sharectl list") echo "domain share_id status tag share_name protocol access_level export_location mount_point health last_error" ;;
        "sharectl show") echo "export_location share_id status tag uuid domain domain_uuid share_name protocol access_level access_type access_to mount_point health last_error requested_by created_at updated_at" ;;
        "sharectl shares") echo "id name size share_proto status domains" ;;
        "sharectl hook status") echo "installed current executable live known_by last_run boot" ;;
    esac
}

_sharectl_commands() { # COMMAND
    case $1 in
        "sharectl") echo "add remove list show shares reconcile adopt forget metadata hook" ;;
        "sharectl metadata") echo "show" ;;
        "sharectl hook") echo "install run status uninstall" ;;
    esac
}

_sharectl_options() { # COMMAND
    case $1 in
        "sharectl") echo "--connect --os-cloud --config -v --verbose -q --quiet --debug --version -h --help" ;;
        "sharectl add") echo "--tag --read-only --enable-shared-memory --export-location -n --dry-run --timeout -y --yes -f --format -c --column --no-header --sort-column -h --help --connect --os-cloud --config -v --verbose -q --quiet --debug" ;;
        "sharectl remove") echo "--force -n --dry-run --timeout -y --yes -h --help --connect --os-cloud --config -v --verbose -q --quiet --debug" ;;
        "sharectl list") echo "--long -f --format -c --column --no-header --sort-column -h --help --connect --os-cloud --config -v --verbose -q --quiet --debug" ;;
        "sharectl show") echo "-f --format -c --column --no-header --sort-column -h --help --connect --os-cloud --config -v --verbose -q --quiet --debug" ;;
        "sharectl shares") echo "--long -f --format -c --column --no-header --sort-column -h --help --connect --os-cloud --config -v --verbose -q --quiet --debug" ;;
        "sharectl reconcile") echo "--prune -n --dry-run --timeout -y --yes -h --help --connect --os-cloud --config -v --verbose -q --quiet --debug" ;;
        "sharectl adopt") echo "-n --dry-run --timeout -y --yes -h --help --connect --os-cloud --config -v --verbose -q --quiet --debug" ;;
        "sharectl forget") echo "--from-host -n --dry-run -y --yes --timeout -h --help --connect --os-cloud --config -v --verbose -q --quiet --debug" ;;
        "sharectl metadata") echo "-h --help --connect --os-cloud --config -v --verbose -q --quiet --debug" ;;
        "sharectl metadata show") echo "-h --help --connect --os-cloud --config -v --verbose -q --quiet --debug" ;;
        "sharectl hook") echo "-h --help --connect --os-cloud --config -v --verbose -q --quiet --debug" ;;
        "sharectl hook install") echo "--boot --no-boot --probe --no-probe -h --help --connect --os-cloud --config -v --verbose -q --quiet --debug" ;;
        "sharectl hook run") echo "-h --help" ;;
        "sharectl hook status") echo "--probe --no-probe -f --format -c --column --no-header --sort-column -h --help --connect --os-cloud --config -v --verbose -q --quiet --debug" ;;
        "sharectl hook uninstall") echo "-h --help --connect --os-cloud --config -v --verbose -q --quiet --debug" ;;
    esac
}

_sharectl_values() { # OPTION COMMAND
    case $1 in
        --enable-shared-memory) echo "memfd file hugepages" ;;
        -f | --format) echo "table json yaml csv value" ;;
        -c | --column | --sort-column) _sharectl_columns "$2" ;;
        --os-cloud) _sharectl_clouds ;;
    esac
}

_sharectl_arguments() { # COMMAND NUMBER URI ARGUMENT...
    case $1:$2 in
        "sharectl add":0) _sharectl_domains "$3" ;;
        "sharectl remove":0) _sharectl_domains "$3" ;;
        "sharectl remove":1) _sharectl_shares "$4" ;;
        "sharectl list":0) _sharectl_domains "$3" ;;
        "sharectl show":0) _sharectl_domains "$3" ;;
        "sharectl show":1) _sharectl_shares "$4" ;;
        "sharectl reconcile":*) _sharectl_domains "$3" ;;
        "sharectl adopt":*) _sharectl_domains "$3" ;;
        "sharectl forget":0) _sharectl_domains "$3" ;;
        "sharectl forget":1) _sharectl_shares "$4" ;;
        "sharectl metadata show":0) _sharectl_domains "$3" ;;
        "sharectl hook run":0) _sharectl_domains "$3" ;;
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
            --connect | --os-cloud | --config | --tag | --export-location | --timeout | -f | --format | -c | --column | --sort-column | --from-host) option=$word ;;
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
    elif [[ $option == --config ]]; then
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
