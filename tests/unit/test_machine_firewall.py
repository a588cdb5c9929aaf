"""A database server's firewall, by scripted programs that keep the rules they are given."""

from __future__ import annotations

import shlex

import pytest

from steps.hosted_engine.machine_restore.databases import manual
from steps.hosted_engine.machine_restore.restore_command import RestoreChoice
from steps.hosted_engine.machine_restore.step_firewall import FirewallOpen
from steps.run.events import Finish
from tests.unit.machine_support import SERVER, Machine

FIREWALL_CMD = """
store=@FOLDER@/runtime
[ "$1" = --permanent ] && { store=@FOLDER@/permanent; shift; }
rule=${1#*=}; touch "$store"
case $1 in
  --query-*) grep -qxF -- "$rule" "$store";;
  --add-*) echo "$rule" >> "$store";;
  --remove-*) grep -vxF -- "$rule" "$store" > "$store.new"; mv "$store.new" "$store";;
esac
"""
IPTABLES = """
store=@FOLDER@/rules.${0##*/}; touch "$store"; [ "$1" = -w ] && shift
what=$1; shift 2
case $what in
  -C) grep -qxF -- "$*" "$store";;
  -I) shift; echo "$*" >> "$store";;
  -D) grep -vxF -- "$*" "$store" > "$store.new"; mv "$store.new" "$store";;
esac
"""


@pytest.fixture
def machine(tmp_path, monkeypatch):
    made = Machine(tmp_path / "m", monkeypatch)
    made.program("firewall-cmd", FIREWALL_CMD)
    for name in ("iptables", "ip6tables"):
        made.program(name, IPTABLES)
    made.program("service", 'echo "$@" >> @FOLDER@/saved\n')
    return made


def lines(machine, name) -> list[str]:
    path = machine.folder / name
    return path.read_text().splitlines() if path.exists() else []


def opening(machine, port=5432):
    place = manual("db", host="db.example.com", port=port, server=SERVER)
    return FirewallOpen(machine.job(choice=RestoreChoice((place,))), SERVER)


def test_without_a_firewall_there_is_nothing_to_open(machine):
    running = machine.run(opening(machine)).start()
    assert running.end().finish is Finish.DONE
    evidence = running.view.steps[f"database.firewall.{SERVER}"].evidence
    assert evidence == f"neither firewalld nor iptables runs on {SERVER}"


def test_firewalld_lets_the_engine_s_addresses_through_now_and_later_and_can_be_closed(machine):
    machine.unit("firewalld")
    running = machine.run(opening(machine, 5433)).start()
    assert running.end().finish is Finish.DONE
    expected = [
        f'rule family="{family}" source address="{source}" port port="5433" protocol="tcp" accept'
        for family, source in (("ipv4", "10.0.0.7/32"), ("ipv6", "fd00::7/128"))
    ]
    assert lines(machine, "permanent") == lines(machine, "runtime") == expected
    undone = machine.run(opening(machine, 5433), folder=running.session.run).start(undo=True)
    assert undone.end().finish is Finish.UNDONE
    assert lines(machine, "permanent") == lines(machine, "runtime") == []


def test_iptables_is_told_once_and_saved_and_a_rule_of_somebody_stays(machine):
    machine.unit("iptables")
    rule = "-p tcp -s 10.0.0.7/32 --dport 5432 -j ACCEPT"
    machine.write("rules.iptables", f"{rule}\n")
    running = machine.run(opening(machine)).start()
    assert running.end().finish is Finish.DONE
    assert lines(machine, "rules.iptables") == [rule]
    assert lines(machine, "rules.ip6tables") == [rule.replace("10.0.0.7/32", "fd00::7/128")]
    assert lines(machine, "saved") == ["ip6tables save"]
    undone = machine.run(opening(machine), folder=running.session.run).start(undo=True)
    assert undone.end().finish is Finish.UNDONE
    assert lines(machine, "rules.iptables") == [rule]
    assert lines(machine, "rules.ip6tables") == []


def test_what_an_operator_would_type_is_one_command_each(machine):
    shown = opening(machine).commands()
    assert shlex.split(shown[0])[0] == "firewall-cmd"


def test_an_engine_whose_name_does_not_resolve_there_is_let_in_from_nowhere(machine):
    machine.unit("firewalld")
    machine.write("hosts", "")
    running = machine.run(opening(machine)).start()
    assert "does not resolve" in running.question("step-failed").text
    running.answer("step-failed", "stop")
    running.end()
    assert lines(machine, "permanent") == []
