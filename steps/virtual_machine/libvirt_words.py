"""What libvirt answers when a frozen field differs from the memory state: measured with 9.0.0.

A dry run on the real hypervisor overrules this; the words are for explaining before that.
"""

from __future__ import annotations

from steps.virtual_machine.normalise import number

_WORDS = {
    "memory": "Target domain max memory {now} does not match source {backup}",
    "vcpu": "Target domain vCPU max {now} does not match source {backup}",
    "cpu": "Target CPU model {now} does not match source {backup}",
    "features": "State of feature {difference} differs",
    "machine-type": "Target domain machine type {now} does not match source {backup}",
    "type": "Target domain virt type {now} does not match source {backup}",
    "name": "Target domain name '{now}' does not match source '{backup}'",
    "uuid": "Target domain uuid {now} does not match source {backup}",
    "mac": "Target network card mac {now} does not match source {backup}",
    "model": "Target network card model {now} does not match source {backup}",
    "bus": "Target disk bus {now} does not match source {backup}",
    "serial": "Target disk serial {now} does not match source {backup}",
    "readonly": "Target disk access mode does not match source",
    "memballoon": "Target balloon model {now} does not match source {backup}",
    "video": "Target video card model {now} does not match source {backup}",
    "disk": "Target domain disk count {now} does not match source {backup}",
    "card": "Target domain net card count {now} does not match source {backup}",
    "devices.serial": "Target domain serial port count {now} does not match source {backup}",
}


def libvirt_words(row_id: str, backup: str | None, now: str | None) -> str:
    """Why libvirt refuses today's value with a memory state, in its words where they are known."""
    template = _WORDS.get(row_id)
    if template is None:
        return (
            f"libvirt refuses it with a memory state: the guest was saved with "
            f"{backup if backup is not None else 'none'}, today's value is "
            f"{now if now is not None else 'none'}."
        )
    words = template.format(
        backup=_spelled(row_id, backup),
        now=_spelled(row_id, now),
        difference=_difference(backup, now),
    )
    return f'libvirt refuses it with a memory state: "unsupported configuration: {words}"'


def _spelled(row_id: str, value: str | None) -> str:
    if value is None:
        return "<null>"
    size = number(value) if row_id == "memory" else None
    return value if size is None else str(size // 1024)


def _difference(backup: str | None, now: str | None) -> str:
    one, other = set((backup or "").split(",")), set((now or "").split(","))
    names = sorted(part for part in one ^ other if part)
    return ", ".join(f"'{name}'" for name in names)
