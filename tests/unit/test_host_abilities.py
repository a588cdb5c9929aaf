"""What libvirt's capabilities documents say, taken apart."""

from __future__ import annotations

import pytest

from config.errors import StepFailed
from steps.targets.host_abilities import guest_kinds, host_abilities

CAPABILITIES = """\
<capabilities>
  <host><uuid>1</uuid></host>
  <guest>
    <os_type>hvm</os_type>
    <arch name='x86_64'>
      <emulator>/usr/bin/qemu-system-x86_64</emulator>
      <machine maxCpus='255'>pc-i440fx-7.2</machine>
      <machine canonical='pc-i440fx-7.2' maxCpus='255'>pc</machine>
      <machine canonical='pc-q35-7.2' maxCpus='288'>q35</machine>
      <domain type='qemu'/>
      <domain type='kvm'>
        <emulator>/usr/libexec/qemu-kvm</emulator>
        <machine maxCpus='1'>microvm</machine>
      </domain>
    </arch>
  </guest>
</capabilities>
"""
MORE = "<domainCapabilities><path>/opt/qemu</path><domain>kvm</domain></domainCapabilities>"


def test_emulators_types_and_aliases_come_from_every_place_that_has_them() -> None:
    abilities = host_abilities(CAPABILITIES, [MORE])
    assert abilities.emulators == (
        "/opt/qemu",
        "/usr/bin/qemu-system-x86_64",
        "/usr/libexec/qemu-kvm",
    )
    assert abilities.machine_aliases == (("pc", "pc-i440fx-7.2"), ("q35", "pc-q35-7.2"))
    assert abilities.machine_types == ("microvm", "pc", "pc-i440fx-7.2", "pc-q35-7.2", "q35")
    assert guest_kinds(CAPABILITIES) == (("x86_64", "qemu"), ("x86_64", "kvm"))


def test_a_host_that_runs_nothing_is_told_as_such() -> None:
    abilities = host_abilities("<capabilities/>")
    assert (abilities.emulators, abilities.machine_types, abilities.machine_aliases) == ((), (), ())


@pytest.mark.parametrize("text", ["", "no xml", "<capabilities>", "<a>&undefined;</a>"])
def test_an_answer_that_is_no_xml_is_an_error(text: str) -> None:
    with pytest.raises(StepFailed, match="no XML"):
        host_abilities(text)


def test_entities_are_not_expanded() -> None:
    bomb = '<!DOCTYPE a [<!ENTITY x "/etc/passwd">]>' + CAPABILITIES.replace("microvm", "&x;")
    assert "/etc/passwd" not in host_abilities(bomb).machine_types
