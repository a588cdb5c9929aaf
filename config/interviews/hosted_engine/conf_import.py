"""An otopi answer file as answers of ours. Pure.

Nothing is lost but what is said: passwords and generated identities are left out, everything that
no answer says exactly is kept as a line among the answers (`other_keys`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from config.answers import check_value, settled, unanswered
from config.errors import InvalidInput
from config.interviews.hosted_engine.builds import ANSIBLE, BUILDS, CLASSIC, NEWEST
from config.interviews.hosted_engine.conf_export import export_conf, reads, saved_of, strength
from config.interviews.hosted_engine.interview import DEPLOY
from config.interviews.hosted_engine.merged import rows_of
from config.interviews.hosted_engine.wording import WORDINGS
from config.otopi.conf import DEFAULT, SECTIONS, ConfFile, Entry
from config.otopi.keys import is_generated, is_secret
from config.otopi.lines import text_of
from config.otopi.typed import ASK_ME
from config.questions import Kind, Value
from config.secret_sources import PROMPT

_QUESTION = "QUESTION/"


@dataclass(frozen=True, slots=True)
class Imported:
    """The answers, and what an operator should know about them."""

    era: str
    answers: dict[str, Value]
    notices: tuple[str, ...]


@dataclass(slots=True)
class _Sorted:
    """The entries of a file by what becomes of them."""

    passwords: list[Entry] = field(default_factory=list)
    generated: list[Entry] = field(default_factory=list)
    rest: list[Entry] = field(default_factory=list)


def import_conf(conf: ConfFile, era: str = "", build: str = "") -> Imported:
    """The answers of a file; the generation is told by its keys where none is given."""
    found = _sorted(conf.entries)
    told = era or era_of_entries(conf.entries)
    answers: dict[str, Value] = {"era": told}
    if build:
        _check_build(told, build)
        answers["build"] = build
    answers.update(_secrets(found.passwords, told))
    notices = [] if era else [f"The keys are those of the generation {told}; --era says otherwise."]
    notices += _decode(found.rest, told, answers)
    notices += _refused(answers)
    if not build:
        notices += _assume_build(answers, told)
    if told == ANSIBLE and _has_storage(found.rest):
        answers["storage_in_file"] = True
        notices.append(
            "The file answers storage in advance: a storage mistake then ends the whole"
            " deployment. storage_in_file: false leaves it open."
        )
    notices += _still_missing(answers)
    kept = _kept(found.rest, answers, told)
    if kept:
        answers["other_keys"] = tuple(text_of(entry) for entry in kept)
    return Imported(told, answers, (*notices, *_said(found, kept)))


def era_of_entries(entries: Iterable[Entry]) -> str:
    """The generation whose own keys are more; the ansible one where nothing tells."""
    keys = {era: {saved.key for _row, saved in saved_of(era)} for era in (CLASSIC, ANSIBLE)}
    entries = tuple(entries)
    classic = sum(e.key in keys[CLASSIC] - keys[ANSIBLE] and e.value != ASK_ME for e in entries)
    ansible = sum(e.key in keys[ANSIBLE] - keys[CLASSIC] and e.value != ASK_ME for e in entries)
    types = {e.value.text for e in entries if e.key.endswith("/domainType")}
    classic += bool(types & {"nfs3", "nfs4"})
    ansible += "nfs" in types
    return CLASSIC if classic > ansible else ANSIBLE


def _check_build(era: str, build: str) -> None:
    if build not in BUILDS[era]:
        raise InvalidInput(
            f"{build!r} is not a version of the generation {era}.",
            f"Choose from: {', '.join(BUILDS[era])}.",
        )


def _assume_build(answers: dict[str, Value], era: str) -> Iterator[str]:
    """The newest build that asks for the most of these answers; put down where it matters."""
    rows = [row for row in rows_of(era) if row.name in answers]

    def asked(build: str) -> int:
        return len({row.name for row in rows if row.in_build(build)})

    best = max(reversed(BUILDS[era]), key=asked)
    if asked(best) > asked(NEWEST[era]):
        answers["build"] = best
        yield f"Some of it only hosted-engine-setup {best} and before asks: --build says otherwise."


def _sorted(entries: Iterable[Entry]) -> _Sorted:
    found = _Sorted()
    for entry in sorted(entries, key=strength, reverse=True):
        if is_secret(entry.key):
            found.passwords.append(entry)
        elif is_generated(entry.key):
            found.generated.append(entry)
        else:
            found.rest.append(entry)
    return found


def _secrets(entries: Iterable[Entry], era: str) -> Iterator[tuple[str, Value]]:
    """A prompt for every password that an answer stands for."""
    names = {saved.key: row.name for row, saved in saved_of(era) if saved.secret}
    ids = {id_: row.name for row in rows_of(era) for id_ in row.ids if is_secret(id_)}
    for entry in entries:
        # QUESTION/1/ENGINE_ADMIN_PASSWORD is the recorded answer of that question.
        id_ = entry.key.split("/", 2)[-1] if entry.key.startswith(_QUESTION) else ""
        name = names.get(entry.key) or ids.get(id_)
        if name and entry.value.text and entry.value != ASK_ME:
            yield name, PROMPT


def _decode(entries: Iterable[Entry], era: str, answers: dict[str, Value]) -> Iterator[str]:
    """Put into `answers` what the entries say; the more forceful section first."""
    decoded: set[str] = set()
    for entry in entries:
        if entry.section not in SECTIONS or entry.key in decoded:
            continue
        decoded.add(entry.key)
        read = reads(era, entry.key, entry.value) or {}
        if any(answers.get(name, value) != value for name, value in read.items()):
            yield f"Line {entry.line}: {entry.key} contradicts another key; it is kept as it is."
            continue
        answers.update(read)
        if entry.value.type == "bool" and entry.value.text.lower() in ("no", "n", "off") and read:
            yield f"Line {entry.line}: {entry.key}={entry.value} means yes to the tool."
        if entry.lone_percent:
            yield f"Line {entry.line}: a single % ends the tool; it is read as the sign itself."


def _refused(answers: dict[str, Value]) -> Iterator[str]:
    """Take out what the questions refuse, as loading the answers would."""
    before: dict[str, Value] = {}
    for name in DEPLOY.names:
        question = DEPLOY.question(name)
        if question is None or name not in answers:
            continue
        try:
            check_value(question, answers[name], before)
            before[name] = answers[name]
        except InvalidInput as error:
            del answers[name]
            yield f"Not taken: {WORDINGS[name].title} ({name}): {error.message}"


def _still_missing(answers: dict[str, Value]) -> Iterator[str]:
    """A prompt for every password that a run needs; what else it needs is said."""
    missing = unanswered(DEPLOY, settled(DEPLOY, answers))
    passwords = [question.name for question in missing if question.kind is Kind.SECRET]
    answers.update(dict.fromkeys(passwords, PROMPT))
    if passwords:
        yield f"Asked for when a run starts: {', '.join(passwords)}."
    rest = [question.name for question in missing if question.kind is not Kind.SECRET]
    if rest:
        yield f"Still to be answered before a run: {', '.join(rest)}."


def _has_storage(entries: Iterable[Entry]) -> bool:
    keys = {saved.key for _row, saved in saved_of(ANSIBLE) if saved.storage}
    return any(entry.key in keys and entry.value != ASK_ME for entry in entries)


def _kept(entries: Iterable[Entry], answers: dict[str, Value], era: str) -> list[Entry]:
    """The entries that the answers alone would not give back to the letter."""
    exported = {(e.section, e.key): e.value for e in export_conf(answers, era).entries}
    return [
        entry
        for entry in sorted(entries, key=lambda entry: entry.line)
        if entry.section != DEFAULT or exported.get((entry.section, entry.key)) != entry.value
    ]


def _said(found: _Sorted, kept: list[Entry]) -> Iterator[str]:
    if found.passwords:
        names = ", ".join(entry.key for entry in found.passwords)
        yield f"Passwords are not taken over, they are asked for when needed: {names}."
    if found.generated:
        names = ", ".join(entry.key for entry in found.generated)
        yield f"Identities of the old deployment are left out, they harm a new one: {names}."
    if kept:
        yield f"Kept as they are under other_keys ({len(kept)}):"
        yield from (f"  line {entry.line}: {text_of(entry)}" for entry in kept)
