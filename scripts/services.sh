# Sourced: keeps services as they are while packages are installed.
#
# A server that a package brings (slapd, libvirtd, sshd) is neither left running nor enabled. One
# that was there before is not touched.

readonly policy=/usr/sbin/policy-rc.d

has_systemd() {
    [[ -d /run/systemd/system ]]
}

unit_files() {
    has_systemd || return 0
    systemctl list-unit-files --type=service,socket,timer --no-legend --no-pager |
        awk '{ print $1 }' | sort
}

init_scripts() {
    [[ ! -d /etc/init.d ]] || ls /etc/init.d | sort
}

# To be called before packages are installed; the rest happens by itself when the script ends,
# whether it ends well or not.
keep_services_as_they_are() {
    units_before=$(unit_files)
    scripts_before=$(init_scripts)
    policy_is_ours=
    trap put_services_back EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    if command -v dpkg > /dev/null && [[ ! -e $policy ]]; then
        policy_is_ours=yes
        printf '#!/bin/sh\n# Temporary: no service starts while packages are installed.\nexit 101\n' \
            > "$policy"
        chmod 755 "$policy"
    fi
}

put_services_back() {
    [[ -z $policy_is_ours ]] || rm -f "$policy"
    disable_new_units
    disable_new_init_scripts
}

disable_new_units() {
    local unit
    for unit in $(comm -13 <(echo "$units_before") <(unit_files)); do
        # A template, or a unit that nothing installs, cannot be disabled; that is no fault.
        systemctl disable --quiet --now "$unit" 2> /dev/null || true
        if systemctl --quiet is-active "$unit"; then
            echo "rekindle set-up: $unit came with a package and cannot be stopped" >&2
        fi
    done
}

disable_new_init_scripts() {
    local name
    has_systemd && return 0
    command -v update-rc.d > /dev/null || return 0
    for name in $(comm -13 <(echo "$scripts_before") <(init_scripts)); do
        update-rc.d "$name" disable > /dev/null 2>&1 || true
    done
}
