#!/usr/bin/env bash
# System packages of Debian 12 and of the EL9 family.
#
#   packages.sh check PURPOSE     exits 0 when nothing is missing
#   packages.sh install PURPOSE   installs what is missing (root), and leaves no service behind
#
# PURPOSE is drill or test. EL9 names were looked up, not tried on a machine.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/services.sh

readonly action=${1:?say check or install}
readonly purpose=${2:?say drill or test}
readonly log=.cache/packages.log

fail() {
    printf 'rekindle set-up: %s\n' "$@" >&2
    exit 1
}

# What a system calls the parts: the practice site's servers, what the sdist-only Python packages
# are built with, for the tests an SSH server, PostgreSQL, and what archives are packed with.
debian_packages() {
    # libvirt-daemon-system makes the account libvirt-qemu, without which libvirt's embedded driver
    # does not even read its configuration.
    echo qemu-system-x86 qemu-utils libvirt0 libvirt-daemon-system libvirt-daemon-driver-qemu
    echo slapd ldap-utils iproute2
    echo libvirt-dev libldap-dev libsasl2-dev libxml2-dev pkg-config gcc libc6-dev
    scripts/find-python.sh > /dev/null || echo python3 python3-dev python3-venv
    [[ $purpose != test ]] || echo openssh-server openssh-client openssl \
        postgresql tar gzip bzip2 xz-utils zstd lz4
}

el9_packages() {
    echo qemu-kvm-core qemu-img libvirt-libs libvirt-daemon libvirt-daemon-driver-qemu
    echo openldap-servers openldap-clients iproute
    echo libvirt-devel openldap-devel cyrus-sasl-devel libxml2-devel pkgconf-pkg-config gcc glibc-devel
    scripts/find-python.sh > /dev/null || echo python3.11 python3.11-devel
    [[ $purpose != test ]] || echo openssh-server openssh-clients openssl \
        postgresql-server tar gzip bzip2 xz zstd lz4
}

debian_missing() {
    local name
    for name in $(debian_packages); do
        dpkg-query --show --showformat='${db:Status-Status}\n' "$name" 2> /dev/null |
            grep --quiet --line-regexp installed || echo "$name"
    done
}

el9_missing() {
    local name
    for name in $(el9_packages); do
        rpm --query --quiet --whatprovides "$name" || echo "$name"
    done
}

system() {
    # shellcheck source=/dev/null
    source /etc/os-release
    case " ${ID:-} ${ID_LIKE:-} ${VERSION_ID:-} " in
        *' debian '*) echo debian ;;
        *' rhel '*' 9'* | *' centos '*' 9'*) echo el9 ;;
        *) fail "cannot set up ${PRETTY_NAME:-this system}: Debian 12 and EL9 are supported" ;;
    esac
}

debian_install() {
    local apt=(apt-get --yes --quiet --option DPkg::Lock::Timeout=300)
    export DEBIAN_FRONTEND=noninteractive
    if [[ " $* " == *' slapd '* ]]; then
        # Only the program is wanted, not a directory server of the machine's own.
        echo 'slapd slapd/no_configuration boolean true' | debconf-set-selections
    fi
    "${apt[@]}" update &&
        "${apt[@]}" install --no-install-recommends "$@"
}

el9_install() {
    local extra
    case $(. /etc/os-release && echo "$ID") in
        rhel) extra="codeready-builder-for-rhel-9-$(uname -m)-rpms" ;;
        ol) extra=ol9_codeready_builder ;;
        *) extra=crb ;;
    esac
    if [[ " $* " == *' openldap-servers '* ]] && ! dnf --quiet repolist epel | grep --quiet epel; then
        # slapd is not part of EL9 itself; EPEL has it.
        dnf install --assumeyes epel-release oracle-epel-release-el9 --setopt=strict=0
    fi
    # libvirt-devel is in the builder repository, which stays as disabled as it was.
    dnf install --assumeyes --setopt=install_weak_deps=False --enablerepo="$extra" "$@"
}

install_all() {
    if ((EUID != 0)); then
        fail "missing packages: $*" \
            "run this one line, then again what you just ran:" \
            "  sudo '$PWD/scripts/packages.sh' install $purpose"
    fi
    echo "rekindle set-up: installing $* (output: $log)" >&2
    mkdir -p "${log%/*}"
    keep_services_as_they_are
    if ! "${system}_install" "$@" > "$log" 2>&1 < /dev/null; then
        tail --lines=20 "$log" >&2
        fail "installing packages failed; all its output is in $PWD/$log" \
            "check the network and the package sources, then run the same again"
    fi
}

system=$(system)
missing=$("${system}_missing" | tr '\n' ' ')
case $action in
    check) [[ -z $missing ]] ;;
    # shellcheck disable=SC2086
    install) [[ -z $missing ]] || install_all $missing ;;
    *) fail "say check or install" ;;
esac
