"""A real sshd of our own on 127.0.0.1, and a wire to it that can be cut."""

import os
import pwd
import socket
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

from config.site import ShellAccess
from steps.drill.ports import free_port

CONFIG = """
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_ed25519
HostKey {folder}/host_rsa
PidFile none
AuthorizedKeysFile {folder}/authorized_keys
PasswordAuthentication no
KbdInteractiveAuthentication no
PubkeyAuthentication yes
UsePAM no
StrictModes no
PermitRootLogin yes
MaxStartups 200
MaxSessions 200
LogLevel ERROR
Subsystem sftp internal-sftp
{more}
"""


def make_key(path, kind="ed25519", phrase=""):
    subprocess.run(
        ["ssh-keygen", "-q", "-t", kind, "-N", phrase, "-C", "test", "-f", str(path)], check=True
    )
    return Path(path)


class SshServer:
    """sshd with its own host keys; the user's key is in `user_key`, the host's in known_hosts."""

    def __init__(self, folder, more=""):
        self.folder = Path(folder)
        self.port = free_port()
        self.user = pwd.getpwuid(os.geteuid()).pw_name
        self.user_key = make_key(self.folder / "user_key")
        for kind in ("ed25519", "rsa"):
            make_key(self.folder / f"host_{kind}", kind)
        (self.folder / "authorized_keys").write_text((self.folder / "user_key.pub").read_text())
        self.known_hosts = self.folder / "known_hosts"
        self.known_hosts.write_text(self.host_line("ed25519"))
        self._config = self.folder / "sshd_config"
        self._config.write_text(CONFIG.format(port=self.port, folder=self.folder, more=more))
        self.process = None

    def host_line(self, kind, port=None):
        key_type, blob, *_ = (self.folder / f"host_{kind}.pub").read_text().split()
        return f"[127.0.0.1]:{port or self.port} {key_type} {blob}\n"

    def fingerprint(self, kind):
        command = ["ssh-keygen", "-lf", str(self.folder / f"host_{kind}.pub")]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[1]

    def start(self):
        if os.geteuid() == 0:
            os.makedirs("/run/sshd", 0o755, exist_ok=True)
        self.process = subprocess.Popen(
            ["/usr/sbin/sshd", "-D", "-e", "-f", str(self._config)],
            stdin=subprocess.DEVNULL,
            stderr=(self.folder / "sshd.log").open("wb"),
        )
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 10) as wire:
                if wire.recv(4) == b"SSH-":
                    return self
            assert self.process.poll() is None, (self.folder / "sshd.log").read_text()
            time.sleep(0.02)
        raise AssertionError("sshd did not answer within two minutes")

    def stop(self):
        for pid in self.sessions():
            with suppress(ProcessLookupError):
                os.kill(pid, 9)
        self.process.terminate()
        self.process.wait()

    def sessions(self):
        """Process numbers of the sshd children that serve a connection."""
        found = []
        for entry in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                fields = entry.read_text().rpartition(")")[2].split()
                if int(fields[1]) == self.process.pid:
                    found.append(int(entry.parent.name))
        return found

    def access(self, **changes):
        values = {
            "kind": "ssh",
            "host": "127.0.0.1",
            "port": self.port,
            "user": self.user,
            "key_file": self.user_key,
            "known_hosts": self.known_hosts,
        }
        return ShellAccess(**{**values, **changes})


@contextmanager
def running_sshd(more=""):
    with tempfile.TemporaryDirectory(prefix="rekindle-sshd-") as folder:
        server = SshServer(folder, more).start()
        try:
            yield server
        finally:
            server.stop()


class Wire:
    """A TCP relay on 127.0.0.1 that forwards to `port` until it is cut."""

    def __init__(self, port):
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._ends = []
        self._left = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._target))
            self._ends += [near, far]
            for ends in ((near, far), (far, near)):
                threading.Thread(target=self._relay, args=ends, daemon=True).start()

    def cut_after(self, count):
        """Cut the connections once so many more bytes went through; 0: not any more."""
        self._left = count

    def _relay(self, source, sink):
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
                if self._left:
                    self._left = max(0, self._left - len(data))
                    if not self._left:
                        self.cut()
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def cut(self):
        """Cut every connection that is open now; new ones are relayed again."""
        ends, self._ends = self._ends, []
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.cut()
        self._listener.close()
