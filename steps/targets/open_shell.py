"""The shell that a site file describes."""

from __future__ import annotations

from config.errors import InvalidInput
from config.secrets import Secret
from config.site import ShellAccess
from steps.targets.shell import Shell


def open_shell(access: ShellAccess, name: str, secret: Secret | None = None) -> Shell:
    """The shell on the node called `name`; nothing is connected before its first use.

    `secret` is the password of the user, or the passphrase of the key file.
    """
    if access.kind == "local":
        from steps.targets.local import LocalShell

        return LocalShell(name)
    if access.kind == "ssh":
        if not access.host:
            raise InvalidInput(f"The node {name} has an SSH shell without a host.")
        from steps.targets.ssh import SshShell

        return SshShell(access, name, secret)
    raise InvalidInput(
        f"The node {name} has a shell of the unknown kind {access.kind!r}.",
        "Known kinds are 'local' and 'ssh'.",
    )
