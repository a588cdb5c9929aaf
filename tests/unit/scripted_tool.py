"""A scripted tool that speaks otopi's dialects as otopi does; it deploys nothing.

`scripted_tool.py SCRIPT RECEIVED [--deploy ...]`: SCRIPT is a JSON list of acts; what it is
answered goes to RECEIVED, a JSON line each. The dialect is human unless the options ask for the
machine's; SCRIPT's first act may be {"generation": "old"} for otopi before 1.5, or
{"only": "human"} for a tool that knows no other.
"""

from __future__ import annotations

import getpass
import json
import os
import signal
import sys
import time

BOUNDARY = "--=451b80dc-996f-432e-9e4f-2b29ef6d1141=--"
ABORT = "--=451b80dc-996f-ABORT-9e4f-2b29ef6d1141=--"
GREEN, YELLOW, RED, PLAIN = "\033[92m", "\033[93m", "\033[0;31m", "\033[0m"


class Ended(Exception):
    """The dialog is over: end of file, a signal, or an answer outside the valid ones."""


class Tool:
    def __init__(self, acts, received, options):
        self.acts = acts
        self.received = open(received, "a", encoding="utf-8")  # noqa: SIM115
        self.old = {"generation": "old"} in acts
        machine = any("DIALOG/dialect=str:machine" in option for option in options)
        self.machine = machine and {"only": "human"} not in acts
        self.stage = "Initializing"
        self.refused = set()

    def run(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self.signalled)
        try:
            for act in self.acts:
                self.act(act)
        except Ended as ended:
            self.log("ERROR", f"Failed to execute stage '{self.stage}': {ended}")
            changed = self.stage in ("Misc configuration", "Closing up")
            self.stages("Clean up", "Pre-termination", "Termination")
            scratch = ": please check the logs for the issue, fix accordingly or re-deploy from"
            tail = f"{scratch} scratch." if changed else ""
            self.log("ERROR", f"Hosted Engine deployment failed{tail}")
            return 1
        finally:
            if self.machine:
                self.write("***TERMINATE\n")
        return 0

    def signalled(self, number, _frame):
        raise Ended(f"SIG{number}")

    def act(self, act):
        for name, value in act.items():
            if name in (
                "log",
                "note",
                "ask",
                "stages",
                "sleep",
                "until_gone",
                "exit",
                "raw",
                "mark",
            ):
                getattr(self, f"do_{name}")(value, act)

    def do_log(self, value, _act):
        self.log(*value)

    def do_note(self, value, _act):
        self.note(value)

    def do_stages(self, value, _act):
        self.stages(*value)

    def do_sleep(self, value, _act):
        time.sleep(value)

    def do_until_gone(self, value, _act):
        while os.path.exists(value):
            time.sleep(0.02)

    def do_mark(self, value, _act):
        with open(value, "a", encoding="utf-8") as mark:
            mark.write("mark\n")

    def do_raw(self, value, _act):
        self.write(value)

    def do_exit(self, value, _act):
        self.write("***TERMINATE\n" if self.machine else "")
        sys.exit(value)

    def stages(self, *names):
        for name in names:
            self.stage = name
            self.log("INFO", f"Stage: {name}")

    def write(self, text):
        sys.stdout.write(text)
        sys.stdout.flush()

    def log(self, level, text):
        if self.machine:
            self.write(f"***L:{level} {text}\n")
            return
        colour = {"INFO": GREEN, "WARNING": YELLOW}.get(level, RED)
        tty = sys.stdout.isatty()
        before, after = (colour, PLAIN) if tty else ("", "")
        self.write(f"{before}[{level:^7}]{after} {text}\n")

    def note(self, text, *, prompt=False):
        lines = text.splitlines() or [""]
        for number, line in enumerate(lines):
            if self.machine:
                self.write(f"###{' ' + line if line else ''}\n")
            else:
                end = "" if prompt and number == len(lines) - 1 else "\n"
                self.write(f"         {' ' + line.rstrip() if line else ''}{end}")

    def do_ask(self, name, act):
        default, valid = act.get("default"), act.get("valid")
        hidden, kind = act.get("hidden", False), act.get("kind", "STRING")
        while True:
            self.request(name, act, kind)
            if kind != "STRING":
                self.keep(name, self.other(name, kind))
                return
            value = self.answer(hidden)
            self.keep(name, value)
            value = value or default or ""
            fold = not act.get("case_sensitive", False)
            allowed = [v.lower() for v in valid] if valid and fold else valid
            if fold:
                value = value.lower()
            if (allowed and value not in allowed) or (not value and value != default):
                if self.machine:
                    raise Ended(f"Invalid value provided to '{name}'")
                self.log("ERROR", "Invalid value" if value else "Please specify value")
                continue
            if act.get("again") and (name, value) not in self.refused and act["again"] != value:
                self.refused.add((name, value))
                self.log("ERROR", act.get("complaint", "That is not it"))
                continue
            return

    def request(self, name, act, kind):
        default, valid, text = act.get("default"), act.get("valid"), act["text"]
        if not self.machine:
            self.note(text, prompt=True)
        elif kind == "CONFIRM":
            self.write(f"***CONFIRM {name} {text}\n")
            self.note(text)
            self.note(f"Response is CONFIRM {name}=yes|no or ABORT {name}")
        else:
            tail = f" {BOUNDARY} {ABORT}" if kind == "MULTI-STRING" else ""
            line = f"***Q:{kind} {name}{tail}\n"
            if self.old:
                self.write(line)
                self.note(text)
                return
            self.write(f"**%QStart: {name}\n")
            self.note(text)
            if kind == "STRING":
                if default:
                    self.write(f"**%QDefault: {default}\n")
                if valid:
                    escaped = [v.replace("\\", "\\\\").replace("|", "\\|") for v in valid]
                    self.write(f"**%QValidValues: {'|'.join(escaped)}\n")
                self.write(f"**%QHidden: {'TRUE' if act.get('hidden') else 'FALSE'}\n")
            self.write(f"{line}**%QEnd: {name}\n")

    def answer(self, hidden):
        if hidden and sys.stdin.isatty():
            with open(os.devnull, "w+", encoding="utf-8") as null:
                value = getpass.getpass(prompt="", stream=null)
            self.write("\n")
            return value
        line = sys.stdin.readline()
        if not line:
            raise Ended("End of file")
        return line.rstrip("\n")

    def other(self, name, kind):
        if kind != "MULTI-STRING":
            return self.answer(False)
        lines = []
        while (line := self.answer(False)) != BOUNDARY:
            lines.append(line)
        return "\n".join(lines)

    def keep(self, name, value):
        self.received.write(json.dumps([name, value]) + "\n")
        self.received.flush()


def say_status(script):
    """What `--vm-status` says: the file status beside the script, or nothing much."""
    path = os.path.join(os.path.dirname(script), "status")
    if os.path.exists(path):
        with open(path, encoding="utf-8") as status:
            sys.stdout.write(status.read())
    else:
        sys.stdout.write("You must run deploy first\n")
    return 0 if os.path.exists(path) else 1


if __name__ == "__main__":
    script, received, *options = sys.argv[1:]
    if "--vm-status" in options:
        sys.exit(say_status(script))
    with open(script, encoding="utf-8") as stream:
        acts = json.load(stream)
    sys.exit(Tool(acts, received, options).run())
