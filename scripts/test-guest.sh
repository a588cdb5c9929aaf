#!/usr/bin/env bash
# A Linux for the guests of the tests: Debian's cloud kernel, the modules it needs here, busybox.
#
# Nothing is installed: two packages are downloaded and unpacked into .cache/guest, about 30 MB.
# Quick when that is done. The initial file system is made from them by tests/real/initramfs.py.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly target=.cache/guest
readonly log=.cache/guest.log
readonly modules=(
    drivers/virtio/virtio_ring drivers/virtio/virtio drivers/virtio/virtio_pci_legacy_dev
    drivers/virtio/virtio_pci_modern_dev drivers/virtio/virtio_pci drivers/block/virtio_blk
    net/core/failover drivers/net/net_failover drivers/net/virtio_net
)

say() {
    printf 'rekindle set-up: %s\n' "$@" >&2
}

is_debian() {
    command -v apt-get > /dev/null && command -v dpkg-deb > /dev/null
}

kernel_package() {
    apt-cache depends linux-image-cloud-amd64 2> /dev/null |
        sed --quiet 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head --lines=1
}

download() {
    local kernel
    kernel=$(kernel_package)
    [[ -n $kernel ]] && (cd "$work" && apt-get --quiet download "$kernel" busybox-static)
}

# Lists that are old name packages that are gone by now; only root may fetch new ones.
fetch() {
    download || { ((EUID == 0)) && apt-get --quiet update && download; }
}

unpack() {
    local package name kernel
    for package in "$work"/*.deb; do
        dpkg-deb --extract "$package" "$work/root"
    done
    mkdir "$work/guest"
    cp "$work"/root/boot/vmlinuz-* "$work/guest/vmlinuz"
    cp "$work/root/bin/busybox" "$work/guest/busybox"
    kernel=$(echo "$work"/root/lib/modules/*/kernel)
    for name in "${modules[@]}"; do
        cp "$kernel/$name.ko" "$work/guest/"
    done
    in_order > "$work/guest/modules"
}

in_order() {
    printf '%s.ko\n' "${modules[@]##*/}"
}

! cmp --quiet "$target/modules" <(in_order) || exit 0
if ! is_debian; then
    say "the tests with a Linux guest need Debian's packages (apt-get, dpkg-deb): they will fail here" \
        "every other test runs; copy .cache/guest from a Debian checkout to run these too"
    exit 0
fi
mkdir -p .cache
work=$(mktemp -d .cache/guest-XXXXXX)
trap 'rm -rf "$work"' EXIT
say "fetching a Linux for the guests of the tests (output: $log)"
if ! { fetch && unpack; } > "$log" 2>&1 < /dev/null; then
    tail --lines=20 "$log" >&2
    say "the kernel or busybox-static could not be fetched; all output is in $PWD/$log" \
        "check the network and run 'apt-get update' as root, then run the same again"
    exit 1
fi
rm -rf "$target"
mv "$work/guest" "$target"
