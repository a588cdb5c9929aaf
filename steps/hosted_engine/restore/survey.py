"""What a restore is planned from, looked at once and frozen: the archive and the new host."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from config.errors import InvalidInput
from config.interviews.hosted_engine.variants import MACHINE
from config.questions import Given
from steps.hosted_engine.archive.engine_model import EngineModel
from steps.hosted_engine.archive.inspection import Inspection
from steps.hosted_engine.archive.name_lookup import Lookup, resolve_names
from steps.hosted_engine.archive.newcomer import conflicts, names_to_look_up
from steps.hosted_engine.restore.archive_look import look_into
from steps.hosted_engine.restore.archive_place import ArchivePlace
from steps.hosted_engine.restore.newcomer_look import HostLook, look_at_host, look_at_machine
from steps.procedure import ProbeInput, Survey


@dataclass(frozen=True, slots=True)
class RestoreSurvey:
    """The survey as its readers see it. It holds no secret of the archive."""

    place: ArchivePlace
    size: int
    sha256: str
    inspection: Inspection
    """Compared with the new host."""
    host: HostLook
    looked_at: str
    """When, in ISO format."""

    def to_json(self) -> Survey:
        """Plain data."""
        return {
            "archive": {"server": self.place.server, "path": self.place.path},
            "size": self.size,
            "sha256": self.sha256,
            "inspection": self.inspection.to_data(),
            "host": self.host.to_data(),
            "looked_at": self.looked_at,
        }

    @classmethod
    def from_json(cls, survey: Survey) -> RestoreSurvey:
        """What `to_json` wrote; raises InvalidInput for anything else."""
        try:
            return cls(
                ArchivePlace(**survey["archive"]),  # type: ignore[arg-type]
                int(survey["size"]),  # type: ignore[call-overload]
                str(survey["sha256"]),
                Inspection.from_data(survey["inspection"]),  # type: ignore[arg-type]
                HostLook.from_data(survey["host"]),  # type: ignore[arg-type]
                str(survey["looked_at"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InvalidInput(
                f"The survey of this restore is damaged: {type(error).__name__}: {error}.",
                "Start the restore anew; a run made from it cannot go on.",
            ) from error


def survey(probe: ProbeInput) -> Survey:
    """Look at the archive and at the host. Raises InvalidInput where there is no archive."""
    look = look_into(probe)
    if probe.given.get("variant") == MACHINE:
        host = look_at_machine(probe, look.inspection.engine_fqdn or "")
    else:
        host = look_at_host(probe, look.inspection.engine_fqdn or "")
    inspection = compared(look.inspection, host, probe.given, resolve_names)
    when = datetime.now(UTC).isoformat(timespec="seconds")
    return RestoreSurvey(look.place, look.size, look.sha256, inspection, host, when).to_json()


def compared(
    inspection: Inspection, host: HostLook, given: Given, lookup: Lookup | None = None
) -> Inspection:
    """The inspection with every clash of the new host; `lookup` tells the addresses of old hosts
    that were added by name.
    """
    if given.get("variant") == MACHINE:
        return inspection
    newcomer, model = host.newcomer(""), EngineModel(hosts=inspection.hosts)
    names = lookup(names_to_look_up(model, newcomer)) if lookup is not None else {}
    unresolved = tuple(name for name, found in names.items() if found is None)
    clashes = conflicts(model, newcomer, names)
    return replace(inspection, conflicts=clashes, unresolved_names=unresolved)
