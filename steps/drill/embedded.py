"""An embedded hypervisor root: libvirt's QEMU driver inside our process, no daemon, own folder.

One process at a time can have a root open, and a process can open one root in its life. Guests
survive the process and are found again by the next one.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

from config.errors import InvalidInput, StepFailed
from config.paths import private_folder
from steps.drill.processes import command_line, end_process

_CONFIGURATION = """\
# Written by Rekindle for its practice hypervisor.
security_driver = "none"
cgroup_controllers = []
namespaces = []
remember_owner = 0
# No virtlogd serves this root.
stdio_handler = "file"
"""
_AS_ROOT = """\
# Without these the driver probes QEMU again for every definition where /dev/kvm is unreadable.
user = "root"
group = "root"
"""
_OWNS_NOTHING = """\
# The images belong to somebody else: their owner and mode stay as they are.
dynamic_ownership = 0
"""
_EMULATORS = ("qemu-system-x86_64", "/usr/libexec/qemu-kvm", "qemu-kvm")
_LONGEST_ROOT = 48
"""libvirt puts Unix sockets 56 characters deeper, and their paths end at 107."""
_SHORT_LINKS = "/var/tmp/rekindle-{user}"  # noqa: S108 - made and checked by private_folder
_END_SECONDS = 20.0
_PROBE_PORT = 0xF4
_PROBE_CODE = 0x10
_PROBE_EXIT = _PROBE_CODE << 1 | 1


def prepare_root(folder: Path, cache: Path | None = None, *, owns_images: bool = True) -> str:
    """Make `folder` an embedded hypervisor's root and return its URI. Doing it again is fine.

    Works as root and as a plain user, who can have no bridges. `cache` is a folder filled by
    `keep_capabilities`: with it the first opening takes a fraction of a second instead of 4 to 9.
    libvirt itself checks whether what is kept there still holds. Without `owns_images` it leaves
    the owner of every image that it opens alone, also of those behind them.
    """
    private_folder(folder)
    private_folder(folder / "etc")
    text = _CONFIGURATION + (_AS_ROOT if os.geteuid() == 0 else "")
    text += "" if owns_images else _OWNS_NOTHING
    _replace(folder / "etc" / "qemu.conf", text)
    if cache is not None and not (folder / "cache").exists():
        _take_over(cache, folder / "cache")
    return f"qemu:///embed?root={quote(str(_linked(folder)))}"


def _take_over(cache: Path, own: Path) -> None:
    """What is kept, or nothing: another practice site may replace it while it is copied."""
    with tempfile.TemporaryDirectory(dir=own.parent) as temporary, contextlib.suppress(OSError):
        shutil.copytree(cache, Path(temporary) / "new").rename(own)


def keep_capabilities(folder: Path, cache: Path) -> None:
    """Keep what libvirt found out about this host's QEMU in that root, for the next one."""
    if not (folder / "cache").is_dir():
        return
    private_folder(cache.parent)
    with tempfile.TemporaryDirectory(dir=cache.parent) as temporary:
        shutil.copytree(folder / "cache", Path(temporary) / "new")
        # Another practice site may do the same right now: whoever comes last finds it done.
        with contextlib.suppress(OSError):
            cache.rename(Path(temporary) / "old")
        with contextlib.suppress(OSError):
            (Path(temporary) / "new").rename(cache)


def emulator() -> Path:
    """Path of this host's QEMU for x86_64; raises InvalidInput where there is none."""
    found = next((path for name in _EMULATORS if (path := shutil.which(name))), None)
    if found is None:
        raise InvalidInput(
            "QEMU for x86_64 is not installed.",
            "Install it: `apt-get install qemu-system-x86`, or `dnf install qemu-kvm`.",
        )
    return Path(found)


def why_no_guest_runs(qemu: Path, accelerator: str, timeout: float = 30.0) -> str:
    """Empty where that QEMU runs a guest with that accelerator (tcg, kvm), else what happened.

    A device file that opens proves nothing: this boots a sector that ends QEMU from inside.
    """
    with tempfile.NamedTemporaryFile(suffix=".img") as image:
        image.write(_probe_sector())
        image.flush()
        command = [
            *(str(qemu), "-accel", accelerator, "-machine", "pc", "-m", "16"),
            *("-nodefaults", "-no-user-config", "-display", "none"),
            *("-device", f"isa-debug-exit,iobase={_PROBE_PORT:#x},iosize=1"),
            *("-drive", f"file={image.name},format=raw,if=ide"),
        ]
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"a guest with {accelerator} did nothing for {timeout:.0f} seconds"
        except OSError as error:
            return f"{qemu} does not start: {error.strerror}"
    told = done.stderr.decode("utf-8", "replace").strip()
    return "" if done.returncode == _PROBE_EXIT else told or f"exit code {done.returncode}"


def guest_processes(folder: Path) -> tuple[int, ...]:
    """Process ids of the QEMU processes that this root runs, also of one just being started."""
    belongs = _belongs_to(folder)
    return tuple(sorted(pid for pid in _all_processes() if belongs(pid)))


def end_guests(folder: Path) -> None:
    """End the QEMU processes of this root and nothing else; for clearing a practice site away.

    Where a process has the root open, destroy them through it instead: it would wonder.
    """
    for pid in guest_processes(folder):
        ended = any(
            end_process(pid, _belongs_to(folder), number, _END_SECONDS)
            for number in (signal.SIGTERM, signal.SIGKILL)
        )
        if not ended:
            raise StepFailed(
                f"The QEMU process {pid} of {folder} does not end.",
                "Look what holds it, for instance a disk that does not answer.",
            )


def forget_root(folder: Path) -> None:
    """Remove the short link to a root that is about to be removed; none there is fine."""
    short = _short(folder)
    if short != folder.absolute():
        _clear(short)


def _all_processes() -> Iterator[int]:
    # Not from the files that libvirt keeps: it writes them only once QEMU has begun.
    return (int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit())


def _belongs_to(folder: Path) -> Callable[[int], bool]:
    """Whether a process is a QEMU of this root: a pid alone may be somebody else's by now."""
    roots = [f"{root}/lib/qemu/".encode() for root in (folder.absolute(), _short(folder))]
    return lambda pid: any(root in word for word in command_line(pid) for root in roots)


def _short(folder: Path) -> Path:
    """The folder itself, or where a short link to it is, if its path is too long for sockets."""
    folder = folder.absolute()
    if len(str(folder).encode()) <= _LONGEST_ROOT:
        return folder
    links = Path(_SHORT_LINKS.format(user=os.geteuid()))
    return links / hashlib.sha256(str(folder).encode()).hexdigest()[:8]


def _linked(folder: Path) -> Path:
    """That path, with the link made where it is one."""
    folder, link = folder.absolute(), _short(folder)
    if link == folder:
        return folder
    private_folder(link.parent)
    if not link.is_symlink() or link.readlink() != folder:
        _clear(link)
        link.symlink_to(folder)
    return link


def _clear(link: Path) -> None:
    """Whoever asks libvirt for a root whose link is gone has it make a folder in its place."""
    if link.is_dir() and not link.is_symlink():
        shutil.rmtree(link)
    link.unlink(missing_ok=True)


def _probe_sector() -> bytes:
    """A boot sector: mov al,CODE; out PORT,al; and halt for ever where that does not end it."""
    code = bytes([0xB0, _PROBE_CODE, 0xE6, _PROBE_PORT, 0xF4, 0xEB, 0xFD])
    return code.ljust(510, b"\0") + b"\x55\xaa"


def _replace(file: Path, text: str) -> None:
    temporary = file.with_name(f".{file.name}.new")
    temporary.write_text(text)
    temporary.replace(file)
