"""The Linux guest's first and only file system: busybox, a few modules and one script, as cpio.

The script counts. Each tick it reads back, past every cache, what it wrote to both disks the tick
before; writes the new tick to both; and says on the serial port what it read and wrote. A memory
that was put together with the wrong disks, or disks that were put together wrongly, read otherwise.
"""

from __future__ import annotations

import stat
from pathlib import Path

TICK_OFFSET = 1 << 20
"""Where each disk holds the last tick, in bytes."""
MARK_OFFSET = 2 << 20
"""Where each disk holds a text that was there before the guest first ran."""
SECTOR = 512

INIT = f"""#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
while read module; do insmod /modules/$module; done < /modules/modules
exec > /dev/ttyS0 2>&1
boot=$(cat /proc/sys/kernel/random/boot_id)
mac=$(cat /sys/class/net/eth0/address)
sector() {{
    dd if=/dev/$1 iflag=direct bs={SECTOR} skip=$2 count=1 2> /dev/null | tr -d '\\000'
}}
last() {{
    set -- $(sector $1 {TICK_OFFSET // SECTOR})
    if [ "$3" = "$boot" ]; then echo $2; else echo none; fi
}}
mark() {{
    set -- $(sector $1 {MARK_OFFSET // SECTOR})
    echo ${{1:-none}}
}}
write() {{
    printf 'TICK %d %s\\n' $n $boot |
        dd of=/dev/$1 oflag=direct conv=sync,notrunc bs={SECTOR} seek={TICK_OFFSET // SECTOR} \\
            2> /dev/null || echo "WRITE-ERROR $1"
}}
n=0
while :; do
    seen="$(last vda) $(last vdb) $(mark vda) $(mark vdb)"
    n=$((n + 1))
    write vda
    write vdb
    echo "TICK $n $boot $mac $seen"
    sleep 0.2
done
"""


def initramfs(guest: Path) -> bytes:
    """The archive, from the files that scripts/test-guest.sh has fetched."""
    modules = (guest / "modules").read_text().split()
    files = [
        ("init", stat.S_IFREG | 0o755, INIT.encode()),
        ("bin", stat.S_IFDIR | 0o755, b""),
        ("bin/busybox", stat.S_IFREG | 0o755, (guest / "busybox").read_bytes()),
        ("modules", stat.S_IFDIR | 0o755, b""),
        ("modules/modules", stat.S_IFREG | 0o644, (guest / "modules").read_bytes()),
        *(
            (f"modules/{name}", stat.S_IFREG | 0o644, (guest / name).read_bytes())
            for name in modules
        ),
    ]
    members = [_member(name, mode, data, 1 + at) for at, (name, mode, data) in enumerate(files)]
    return b"".join((*members, _member("TRAILER!!!", 0, b"", 0)))


def _member(name: str, mode: int, data: bytes, inode: int) -> bytes:
    """One file in cpio's "newc" format: 13 hexadecimal numbers, the name, the content."""
    links, name_size = 1, len(name) + 1
    numbers = (inode, mode, 0, 0, links, 0, len(data), 0, 0, 0, 0, name_size, 0)
    header = b"070701" + b"".join(b"%08X" % number for number in numbers)
    return _padded(header + name.encode() + b"\0") + _padded(data)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
