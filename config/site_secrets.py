"""The secrets of a site: their names, as runner and probe process know them, and getting them."""

from __future__ import annotations

from collections.abc import Callable

from config.secret_sources import resolve
from config.secrets import Secret, SecretReference
from config.site import Site

DIRECTORY_PASSWORD = "directory password"  # noqa: S105  (the name of a secret, not one)

ENGINE_PASSWORD = "engine password"  # noqa: S105  (the name of a secret, not one)


def ssh_password(node: str) -> str:
    """Name of the secret that opens the shell of that node."""
    return f"ssh password {node}"


def site_references(site: Site) -> dict[str, SecretReference]:
    """Where each secret of the site comes from, by name. A site may have none."""
    found = {ssh_password(name): shell.password for name, shell in site.shells.items()}
    if site.directory is not None:
        found[DIRECTORY_PASSWORD] = site.directory.password
    if site.engine is not None:
        found[ENGINE_PASSWORD] = site.engine.password
    return {name: reference for name, reference in found.items() if reference is not None}


def resolve_site_secrets(site: Site, ask: Callable[[str], Secret]) -> dict[str, Secret]:
    """Every secret of the site by name; `ask` gets the title of one that must be typed.

    Raises what secret_sources.resolve raises, for the first that cannot be had.
    """
    references = site_references(site).items()
    return {name: resolve(reference, ask, _title(name, site)) for name, reference in references}


def _title(name: str, site: Site) -> str:
    if name == DIRECTORY_PASSWORD and site.directory is not None:
        return f"Password of {site.directory.bind_dn} at the directory"
    if name == ENGINE_PASSWORD and site.engine is not None:
        return f"Password of {site.engine.user} at the engine {site.engine.url}"
    return f"Password for SSH to {name.removeprefix(ssh_password(''))}"
