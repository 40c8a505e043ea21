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
            case --connect --os-cloud --config --tag --export-location --timeout -f --format -c --column --sort-column --from-host
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
    awk -F '"' -v domain="$words[-1]" '
        $2 == "domain_name" { name = $4 }
        $2 == "domain_uuid" { uuid = $4 }
        $2 == "share_id" { id = $4 }
        $2 == "share_name" && (domain == name || domain == uuid) {
            print id
            if ($4 != "" && $4 !~ /\\\\/) print $4
        }
    ' $folder/mappings.json 2>/dev/null
end

function __sharectl_clouds
    for file in "$OS_CLIENT_CONFIG_FILE" clouds.yaml ~/.config/openstack/clouds.yaml \
        /etc/openstack/clouds.yaml
        test -f "$file" -a -r "$file"
        or continue
        awk '
        /^clouds:/ { inside = 1; next }
        /^[^ #]/ { inside = 0 }
        inside && /^ +[A-Za-z0-9_.-]+:/ {
            match($0, /[^ ]/)
            if (!depth) depth = RSTART
            if (RSTART == depth) { sub(/:.*/, ""); sub(/^ +/, ""); print }
        }
    ' $file 2>/dev/null
        return
    end
end

complete -c sharectl -f

# sharectl
complete -c sharectl -n '__sharectl_at 0' -a add -d 'Attach SHARE to DOMAIN'
complete -c sharectl -n '__sharectl_at 0' -a remove -d 'Detach SHARE from DOMAIN'
complete -c sharectl -n '__sharectl_at 0' -a list -d 'List the shares attached to DOMAIN, or to all domains'
complete -c sharectl -n '__sharectl_at 0' -a show -d 'Show how SHARE is attached to DOMAIN, and its health'
complete -c sharectl -n '__sharectl_at 0' -a shares -d 'List the Manila shares of the project that could be attached'
complete -c sharectl -n '__sharectl_at 0' -a reconcile -d 'Make host, Manila and libvirt agree with the store'
complete -c sharectl -n '__sharectl_at 0' -a adopt -d 'Record the shares that are named in the metadata of domains'
complete -c sharectl -n '__sharectl_at 0' -a forget -d 'Drop the record of SHARE at DOMAIN, and change nothing else'
complete -c sharectl -n '__sharectl_at 0' -a metadata -d 'Show what a guest can learn about itself and its shares'
complete -c sharectl -n '__sharectl_at 0' -a hook -d 'Have libvirt mount the shares of a domain before it starts'
complete -c sharectl -n '__sharectl_at 0' -l connect -x -d 'libvirt of this host [$LIBVIRT_DEFAULT_URI, config file, or qemu:///system]'
complete -c sharectl -n '__sharectl_at 0' -l os-cloud -x -a '(__sharectl_clouds)' -d 'Cloud in clouds.yaml [$OS_CLOUD, $OS_AUTH_URL etc., or config file]'
complete -c sharectl -n '__sharectl_at 0' -l config -r -F -d 'Configuration file [/etc/sharectl/config.toml]'
complete -c sharectl -n '__sharectl_at 0' -s v -l verbose -d 'Print each step on stderr'
complete -c sharectl -n '__sharectl_at 0' -s q -l quiet -d 'Print no progress and no warnings'
complete -c sharectl -n '__sharectl_at 0' -l debug -d 'Print what the libraries log, and tracebacks'
complete -c sharectl -n '__sharectl_at 0' -l version -d 'Show the version and exit'
complete -c sharectl -n '__sharectl_at 0' -s h -l help -d 'Show this message and exit'

# sharectl add
complete -c sharectl -n '__sharectl_at 0 add' -a '(__sharectl_domains)'
complete -c sharectl -n '__sharectl_in add' -l tag -x -d 'Name by which the guest mounts the share [the share ID]'
complete -c sharectl -n '__sharectl_in add' -l read-only -d 'Do not let the guest or the host write'
complete -c sharectl -n '__sharectl_in add' -l enable-shared-memory -a 'memfd file hugepages' -d 'Give the domain the shared memory that virtiofs needs [memfd]'
complete -c sharectl -n '__sharectl_in add' -l export-location -x -d 'Mount only this export location, given as a path or an ID [one that answers]'
complete -c sharectl -n '__sharectl_in add' -s n -l dry-run -d 'Print the plan and change nothing'
complete -c sharectl -n '__sharectl_in add' -l timeout -x -d 'Seconds to wait for Manila, up to 86400; 0 does not wait [60]'
complete -c sharectl -n '__sharectl_in add' -s y -l yes -d 'Accepted for scripts; this command never asks'
complete -c sharectl -n '__sharectl_in add' -s f -l format -x -a 'table json yaml csv value' -d 'Output format [table]'
complete -c sharectl -n '__sharectl_in add' -s c -l column -x -a 'export_location share_id status tag uuid domain domain_uuid share_name protocol access_level access_type access_to mount_point health last_error requested_by created_at updated_at' -d 'Show only this column; can be repeated'
complete -c sharectl -n '__sharectl_in add' -l no-header -d 'Do not print the headings'
complete -c sharectl -n '__sharectl_in add' -l sort-column -x -a 'export_location share_id status tag uuid domain domain_uuid share_name protocol access_level access_type access_to mount_point health last_error requested_by created_at updated_at' -d 'Sort by this column; can be repeated'
complete -c sharectl -n '__sharectl_in add' -s h -l help -d 'Show this message and exit'
complete -c sharectl -n '__sharectl_in add' -l connect -x -d 'libvirt of this host [$LIBVIRT_DEFAULT_URI, config file, or qemu:///system]'
complete -c sharectl -n '__sharectl_in add' -l os-cloud -x -a '(__sharectl_clouds)' -d 'Cloud in clouds.yaml [$OS_CLOUD, $OS_AUTH_URL etc., or config file]'
complete -c sharectl -n '__sharectl_in add' -l config -r -F -d 'Configuration file [/etc/sharectl/config.toml]'
complete -c sharectl -n '__sharectl_in add' -s v -l verbose -d 'Print each step on stderr'
complete -c sharectl -n '__sharectl_in add' -s q -l quiet -d 'Print no progress and no warnings'
complete -c sharectl -n '__sharectl_in add' -l debug -d 'Print what the libraries log, and tracebacks'

# sharectl remove
complete -c sharectl -n '__sharectl_at 0 remove' -a '(__sharectl_domains)'
complete -c sharectl -n '__sharectl_at 1 remove' -a '(__sharectl_shares)'
complete -c sharectl -n '__sharectl_in remove' -l force -d 'Continue if the file server or Manila is dead; unwritten data is lost'
complete -c sharectl -n '__sharectl_in remove' -s n -l dry-run -d 'Print the plan and change nothing'
complete -c sharectl -n '__sharectl_in remove' -l timeout -x -d 'Seconds to wait for Manila, up to 86400; 0 does not wait [60]'
complete -c sharectl -n '__sharectl_in remove' -s y -l yes -d 'Do not ask for confirmation'
complete -c sharectl -n '__sharectl_in remove' -s h -l help -d 'Show this message and exit'
complete -c sharectl -n '__sharectl_in remove' -l connect -x -d 'libvirt of this host [$LIBVIRT_DEFAULT_URI, config file, or qemu:///system]'
complete -c sharectl -n '__sharectl_in remove' -l os-cloud -x -a '(__sharectl_clouds)' -d 'Cloud in clouds.yaml [$OS_CLOUD, $OS_AUTH_URL etc., or config file]'
complete -c sharectl -n '__sharectl_in remove' -l config -r -F -d 'Configuration file [/etc/sharectl/config.toml]'
complete -c sharectl -n '__sharectl_in remove' -s v -l verbose -d 'Print each step on stderr'
complete -c sharectl -n '__sharectl_in remove' -s q -l quiet -d 'Print no progress and no warnings'
complete -c sharectl -n '__sharectl_in remove' -l debug -d 'Print what the libraries log, and tracebacks'

# sharectl list
complete -c sharectl -n '__sharectl_at 0 list' -a '(__sharectl_domains)'
complete -c sharectl -n '__sharectl_in list' -l long -d 'Show health and more columns; this asks Manila and the file servers'
complete -c sharectl -n '__sharectl_in list' -s f -l format -x -a 'table json yaml csv value' -d 'Output format [table]'
complete -c sharectl -n '__sharectl_in list' -s c -l column -x -a 'domain share_id status tag share_name protocol access_level export_location mount_point health last_error' -d 'Show only this column; can be repeated'
complete -c sharectl -n '__sharectl_in list' -l no-header -d 'Do not print the headings'
complete -c sharectl -n '__sharectl_in list' -l sort-column -x -a 'domain share_id status tag share_name protocol access_level export_location mount_point health last_error' -d 'Sort by this column; can be repeated'
complete -c sharectl -n '__sharectl_in list' -s h -l help -d 'Show this message and exit'
complete -c sharectl -n '__sharectl_in list' -l connect -x -d 'libvirt of this host [$LIBVIRT_DEFAULT_URI, config file, or qemu:///system]'
complete -c sharectl -n '__sharectl_in list' -l os-cloud -x -a '(__sharectl_clouds)' -d 'Cloud in clouds.yaml [$OS_CLOUD, $OS_AUTH_URL etc., or config file]'
complete -c sharectl -n '__sharectl_in list' -l config -r -F -d 'Configuration file [/etc/sharectl/config.toml]'
complete -c sharectl -n '__sharectl_in list' -s v -l verbose -d 'Print each step on stderr'
complete -c sharectl -n '__sharectl_in list' -s q -l quiet -d 'Print no progress and no warnings'
complete -c sharectl -n '__sharectl_in list' -l debug -d 'Print what the libraries log, and tracebacks'

# sharectl show
complete -c sharectl -n '__sharectl_at 0 show' -a '(__sharectl_domains)'
complete -c sharectl -n '__sharectl_at 1 show' -a '(__sharectl_shares)'
complete -c sharectl -n '__sharectl_in show' -s f -l format -x -a 'table json yaml csv value' -d 'Output format [table]'
complete -c sharectl -n '__sharectl_in show' -s c -l column -x -a 'export_location share_id status tag uuid domain domain_uuid share_name protocol access_level access_type access_to mount_point health last_error requested_by created_at updated_at' -d 'Show only this column; can be repeated'
complete -c sharectl -n '__sharectl_in show' -l no-header -d 'Do not print the headings'
complete -c sharectl -n '__sharectl_in show' -l sort-column -x -a 'export_location share_id status tag uuid domain domain_uuid share_name protocol access_level access_type access_to mount_point health last_error requested_by created_at updated_at' -d 'Sort by this column; can be repeated'
complete -c sharectl -n '__sharectl_in show' -s h -l help -d 'Show this message and exit'
complete -c sharectl -n '__sharectl_in show' -l connect -x -d 'libvirt of this host [$LIBVIRT_DEFAULT_URI, config file, or qemu:///system]'
complete -c sharectl -n '__sharectl_in show' -l os-cloud -x -a '(__sharectl_clouds)' -d 'Cloud in clouds.yaml [$OS_CLOUD, $OS_AUTH_URL etc., or config file]'
complete -c sharectl -n '__sharectl_in show' -l config -r -F -d 'Configuration file [/etc/sharectl/config.toml]'
complete -c sharectl -n '__sharectl_in show' -s v -l verbose -d 'Print each step on stderr'
complete -c sharectl -n '__sharectl_in show' -s q -l quiet -d 'Print no progress and no warnings'
complete -c sharectl -n '__sharectl_in show' -l debug -d 'Print what the libraries log, and tracebacks'

# sharectl shares
complete -c sharectl -n '__sharectl_in shares' -l long -d 'Also show the hosts that have an access rule; this asks Manila for each share'
complete -c sharectl -n '__sharectl_in shares' -s f -l format -x -a 'table json yaml csv value' -d 'Output format [table]'
complete -c sharectl -n '__sharectl_in shares' -s c -l column -x -a 'id name size share_proto status domains' -d 'Show only this column; can be repeated'
complete -c sharectl -n '__sharectl_in shares' -l no-header -d 'Do not print the headings'
complete -c sharectl -n '__sharectl_in shares' -l sort-column -x -a 'id name size share_proto status domains' -d 'Sort by this column; can be repeated'
complete -c sharectl -n '__sharectl_in shares' -s h -l help -d 'Show this message and exit'
complete -c sharectl -n '__sharectl_in shares' -l connect -x -d 'libvirt of this host [$LIBVIRT_DEFAULT_URI, config file, or qemu:///system]'
complete -c sharectl -n '__sharectl_in shares' -l os-cloud -x -a '(__sharectl_clouds)' -d 'Cloud in clouds.yaml [$OS_CLOUD, $OS_AUTH_URL etc., or config file]'
complete -c sharectl -n '__sharectl_in shares' -l config -r -F -d 'Configuration file [/etc/sharectl/config.toml]'
complete -c sharectl -n '__sharectl_in shares' -s v -l verbose -d 'Print each step on stderr'
complete -c sharectl -n '__sharectl_in shares' -s q -l quiet -d 'Print no progress and no warnings'
complete -c sharectl -n '__sharectl_in shares' -l debug -d 'Print what the libraries log, and tracebacks'

# sharectl reconcile
complete -c sharectl -n '__sharectl_in reconcile' -a '(__sharectl_domains)'
complete -c sharectl -n '__sharectl_in reconcile' -l prune -d 'Also remove what belongs to domains that are gone, and mounts that are in no record'
complete -c sharectl -n '__sharectl_in reconcile' -s n -l dry-run -d 'Print the plan and change nothing'
complete -c sharectl -n '__sharectl_in reconcile' -l timeout -x -d 'Seconds to wait for Manila, up to 86400; 0 does not wait [60]'
complete -c sharectl -n '__sharectl_in reconcile' -s y -l yes -d 'Accepted for scripts; this command never asks'
complete -c sharectl -n '__sharectl_in reconcile' -s h -l help -d 'Show this message and exit'
complete -c sharectl -n '__sharectl_in reconcile' -l connect -x -d 'libvirt of this host [$LIBVIRT_DEFAULT_URI, config file, or qemu:///system]'
complete -c sharectl -n '__sharectl_in reconcile' -l os-cloud -x -a '(__sharectl_clouds)' -d 'Cloud in clouds.yaml [$OS_CLOUD, $OS_AUTH_URL etc., or config file]'
complete -c sharectl -n '__sharectl_in reconcile' -l config -r -F -d 'Configuration file [/etc/sharectl/config.toml]'
complete -c sharectl -n '__sharectl_in reconcile' -s v -l verbose -d 'Print each step on stderr'
complete -c sharectl -n '__sharectl_in reconcile' -s q -l quiet -d 'Print no progress and no warnings'
complete -c sharectl -n '__sharectl_in reconcile' -l debug -d 'Print what the libraries log, and tracebacks'

# sharectl adopt
complete -c sharectl -n '__sharectl_in adopt' -a '(__sharectl_domains)'
complete -c sharectl -n '__sharectl_in adopt' -s n -l dry-run -d 'Print the plan and change nothing'
complete -c sharectl -n '__sharectl_in adopt' -l timeout -x -d 'Seconds to wait for Manila, up to 86400; 0 does not wait [60]'
complete -c sharectl -n '__sharectl_in adopt' -s y -l yes -d 'Accepted for scripts; this command never asks'
complete -c sharectl -n '__sharectl_in adopt' -s h -l help -d 'Show this message and exit'
complete -c sharectl -n '__sharectl_in adopt' -l connect -x -d 'libvirt of this host [$LIBVIRT_DEFAULT_URI, config file, or qemu:///system]'
complete -c sharectl -n '__sharectl_in adopt' -l os-cloud -x -a '(__sharectl_clouds)' -d 'Cloud in clouds.yaml [$OS_CLOUD, $OS_AUTH_URL etc., or config file]'
complete -c sharectl -n '__sharectl_in adopt' -l config -r -F -d 'Configuration file [/etc/sharectl/config.toml]'
complete -c sharectl -n '__sharectl_in adopt' -s v -l verbose -d 'Print each step on stderr'
complete -c sharectl -n '__sharectl_in adopt' -s q -l quiet -d 'Print no progress and no warnings'
complete -c sharectl -n '__sharectl_in adopt' -l debug -d 'Print what the libraries log, and tracebacks'

# sharectl forget
complete -c sharectl -n '__sharectl_at 0 forget' -a '(__sharectl_domains)'
complete -c sharectl -n '__sharectl_at 1 forget' -a '(__sharectl_shares)'
complete -c sharectl -n '__sharectl_in forget' -l from-host -x -d 'Instead, withdraw the access rules that a HOST which is gone has left in Manila, on SHARE or on all shares'
complete -c sharectl -n '__sharectl_in forget' -s n -l dry-run -d 'Print the plan and change nothing'
complete -c sharectl -n '__sharectl_in forget' -s y -l yes -d 'Do not ask for confirmation'
complete -c sharectl -n '__sharectl_in forget' -l timeout -x -d 'Seconds to wait for Manila, up to 86400; 0 does not wait [60]'
complete -c sharectl -n '__sharectl_in forget' -s h -l help -d 'Show this message and exit'
complete -c sharectl -n '__sharectl_in forget' -l connect -x -d 'libvirt of this host [$LIBVIRT_DEFAULT_URI, config file, or qemu:///system]'
complete -c sharectl -n '__sharectl_in forget' -l os-cloud -x -a '(__sharectl_clouds)' -d 'Cloud in clouds.yaml [$OS_CLOUD, $OS_AUTH_URL etc., or config file]'
complete -c sharectl -n '__sharectl_in forget' -l config -r -F -d 'Configuration file [/etc/sharectl/config.toml]'
complete -c sharectl -n '__sharectl_in forget' -s v -l verbose -d 'Print each step on stderr'
complete -c sharectl -n '__sharectl_in forget' -s q -l quiet -d 'Print no progress and no warnings'
complete -c sharectl -n '__sharectl_in forget' -l debug -d 'Print what the libraries log, and tracebacks'

# sharectl metadata
complete -c sharectl -n '__sharectl_at 0 metadata' -a show -d 'Print the meta_data.json that the guest of DOMAIN would get'
complete -c sharectl -n '__sharectl_in metadata' -s h -l help -d 'Show this message and exit'
complete -c sharectl -n '__sharectl_in metadata' -l connect -x -d 'libvirt of this host [$LIBVIRT_DEFAULT_URI, config file, or qemu:///system]'
complete -c sharectl -n '__sharectl_in metadata' -l os-cloud -x -a '(__sharectl_clouds)' -d 'Cloud in clouds.yaml [$OS_CLOUD, $OS_AUTH_URL etc., or config file]'
complete -c sharectl -n '__sharectl_in metadata' -l config -r -F -d 'Configuration file [/etc/sharectl/config.toml]'
complete -c sharectl -n '__sharectl_in metadata' -s v -l verbose -d 'Print each step on stderr'
complete -c sharectl -n '__sharectl_in metadata' -s q -l quiet -d 'Print no progress and no warnings'
complete -c sharectl -n '__sharectl_in metadata' -l debug -d 'Print what the libraries log, and tracebacks'

# sharectl metadata show
complete -c sharectl -n '__sharectl_at 0 metadata show' -a '(__sharectl_domains)'
complete -c sharectl -n '__sharectl_in metadata show' -s h -l help -d 'Show this message and exit'
complete -c sharectl -n '__sharectl_in metadata show' -l connect -x -d 'libvirt of this host [$LIBVIRT_DEFAULT_URI, config file, or qemu:///system]'
complete -c sharectl -n '__sharectl_in metadata show' -l os-cloud -x -a '(__sharectl_clouds)' -d 'Cloud in clouds.yaml [$OS_CLOUD, $OS_AUTH_URL etc., or config file]'
complete -c sharectl -n '__sharectl_in metadata show' -l config -r -F -d 'Configuration file [/etc/sharectl/config.toml]'
complete -c sharectl -n '__sharectl_in metadata show' -s v -l verbose -d 'Print each step on stderr'
complete -c sharectl -n '__sharectl_in metadata show' -s q -l quiet -d 'Print no progress and no warnings'
complete -c sharectl -n '__sharectl_in metadata show' -l debug -d 'Print what the libraries log, and tracebacks'

# sharectl hook
complete -c sharectl -n '__sharectl_at 0 hook' -a install -d 'Install the hook, and say whether libvirt sees it'
complete -c sharectl -n '__sharectl_at 0 hook' -a run -d 'Do what libvirt\'s hook does, with a domain\'s XML on stdin'
complete -c sharectl -n '__sharectl_at 0 hook' -a status -d 'Show whether the hook is installed, up to date and live'
complete -c sharectl -n '__sharectl_at 0 hook' -a uninstall -d 'Remove the hook, and what was installed for the boot'
complete -c sharectl -n '__sharectl_in hook' -s h -l help -d 'Show this message and exit'
complete -c sharectl -n '__sharectl_in hook' -l connect -x -d 'libvirt of this host [$LIBVIRT_DEFAULT_URI, config file, or qemu:///system]'
complete -c sharectl -n '__sharectl_in hook' -l os-cloud -x -a '(__sharectl_clouds)' -d 'Cloud in clouds.yaml [$OS_CLOUD, $OS_AUTH_URL etc., or config file]'
complete -c sharectl -n '__sharectl_in hook' -l config -r -F -d 'Configuration file [/etc/sharectl/config.toml]'
complete -c sharectl -n '__sharectl_in hook' -s v -l verbose -d 'Print each step on stderr'
complete -c sharectl -n '__sharectl_in hook' -s q -l quiet -d 'Print no progress and no warnings'
complete -c sharectl -n '__sharectl_in hook' -l debug -d 'Print what the libraries log, and tracebacks'

# sharectl hook install
complete -c sharectl -n '__sharectl_in hook install' -l boot -l no-boot -d 'Also mount the shares at boot, and check and repair them every five minutes'
complete -c sharectl -n '__sharectl_in hook install' -l probe -l no-probe -d 'Start an empty guest for a moment, to see whether libvirt calls the hook'
complete -c sharectl -n '__sharectl_in hook install' -s h -l help -d 'Show this message and exit'
complete -c sharectl -n '__sharectl_in hook install' -l connect -x -d 'libvirt of this host [$LIBVIRT_DEFAULT_URI, config file, or qemu:///system]'
complete -c sharectl -n '__sharectl_in hook install' -l os-cloud -x -a '(__sharectl_clouds)' -d 'Cloud in clouds.yaml [$OS_CLOUD, $OS_AUTH_URL etc., or config file]'
complete -c sharectl -n '__sharectl_in hook install' -l config -r -F -d 'Configuration file [/etc/sharectl/config.toml]'
complete -c sharectl -n '__sharectl_in hook install' -s v -l verbose -d 'Print each step on stderr'
complete -c sharectl -n '__sharectl_in hook install' -s q -l quiet -d 'Print no progress and no warnings'
complete -c sharectl -n '__sharectl_in hook install' -l debug -d 'Print what the libraries log, and tracebacks'

# sharectl hook run
complete -c sharectl -n '__sharectl_at 0 hook run' -a '(__sharectl_domains)'
complete -c sharectl -n '__sharectl_in hook run' -s h -l help -d 'Show this message and exit'

# sharectl hook status
complete -c sharectl -n '__sharectl_in hook status' -l probe -l no-probe -d 'Start an empty guest for a moment, to see whether libvirt calls the hook'
complete -c sharectl -n '__sharectl_in hook status' -s f -l format -x -a 'table json yaml csv value' -d 'Output format [table]'
complete -c sharectl -n '__sharectl_in hook status' -s c -l column -x -a 'installed current executable live known_by last_run boot' -d 'Show only this column; can be repeated'
complete -c sharectl -n '__sharectl_in hook status' -l no-header -d 'Do not print the headings'
complete -c sharectl -n '__sharectl_in hook status' -l sort-column -x -a 'installed current executable live known_by last_run boot' -d 'Sort by this column; can be repeated'
complete -c sharectl -n '__sharectl_in hook status' -s h -l help -d 'Show this message and exit'
complete -c sharectl -n '__sharectl_in hook status' -l connect -x -d 'libvirt of this host [$LIBVIRT_DEFAULT_URI, config file, or qemu:///system]'
complete -c sharectl -n '__sharectl_in hook status' -l os-cloud -x -a '(__sharectl_clouds)' -d 'Cloud in clouds.yaml [$OS_CLOUD, $OS_AUTH_URL etc., or config file]'
complete -c sharectl -n '__sharectl_in hook status' -l config -r -F -d 'Configuration file [/etc/sharectl/config.toml]'
complete -c sharectl -n '__sharectl_in hook status' -s v -l verbose -d 'Print each step on stderr'
complete -c sharectl -n '__sharectl_in hook status' -s q -l quiet -d 'Print no progress and no warnings'
complete -c sharectl -n '__sharectl_in hook status' -l debug -d 'Print what the libraries log, and tracebacks'

# sharectl hook uninstall
complete -c sharectl -n '__sharectl_in hook uninstall' -s h -l help -d 'Show this message and exit'
complete -c sharectl -n '__sharectl_in hook uninstall' -l connect -x -d 'libvirt of this host [$LIBVIRT_DEFAULT_URI, config file, or qemu:///system]'
complete -c sharectl -n '__sharectl_in hook uninstall' -l os-cloud -x -a '(__sharectl_clouds)' -d 'Cloud in clouds.yaml [$OS_CLOUD, $OS_AUTH_URL etc., or config file]'
complete -c sharectl -n '__sharectl_in hook uninstall' -l config -r -F -d 'Configuration file [/etc/sharectl/config.toml]'
complete -c sharectl -n '__sharectl_in hook uninstall' -s v -l verbose -d 'Print each step on stderr'
complete -c sharectl -n '__sharectl_in hook uninstall' -s q -l quiet -d 'Print no progress and no warnings'
complete -c sharectl -n '__sharectl_in hook uninstall' -l debug -d 'Print what the libraries log, and tracebacks'
