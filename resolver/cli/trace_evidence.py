"""Answers that nodes signed, as a file, and whether such a file proves what it says: without any network."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from idis.resolver.cli.json_read import read_json
from idis.resolver.cli.output import CommandError
from idis.resolver.cli.shown import printable
from idis.resolver.cli.terminal import Style, Terminal

EVIDENCE_BYTES_MAX = 16 * 1_048_576
_FORM = "idis-trace-evidence-1"
_FIELDS = ("key", "request", "response")
_FINGERPRINT_DIGITS = 16


def write_evidence(name: str, evidence: Any) -> int:
    """Write what nodes signed; how many answers they are."""
    try:
        Path(name).write_text(json.dumps({"form": _FORM, "answers": evidence}, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{name} cannot be written: {error.strerror or error}") from None
    return len(evidence)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one signed answer proves, or why it proves nothing."""

    prefix: str
    server: str
    fingerprint: str
    told: str
    good: bool


@dataclass(frozen=True, slots=True)
class Pointing:
    """A node that was pointed to by another one, and what it signed about the thing itself."""

    thing: str
    said_by: str
    holder: str
    told: str
    standing: str


def judge_evidence(name: str, anchors: str | None) -> tuple[list[Verdict], list[Pointing]]:
    """Judge every signed answer of a file, and set those that point to others beside what these have signed.

    Args:
        name: of the file.
        anchors: of a PEM file with the keys to believe; None takes those of the file at their word.
    """
    known = None if anchors is None else _fingerprints(anchors)
    judged = [_judge(one, known) for one in _read(name)]
    return [verdict for verdict, _ in judged], _pointings([said for verdict, said in judged if verdict.good and said])


def verdict_lines(verdicts: list[Verdict], pointings: list[Pointing], terminal: Terminal) -> list[str]:
    """The same for people."""
    by_signer: dict[str, list[Verdict]] = {}
    for one in verdicts:
        signer = f"{one.prefix} at {one.server}, key {one.fingerprint}" if one.prefix else "nobody"
        by_signer.setdefault(signer, []).append(one)
    lines: list[str] = []
    for signer, said in by_signer.items():
        lines += terminal.text(printable(signer), Style.NAME, indent="  ")
        for one in said:
            told, style = ("  ", Style.PLAIN) if one.good else ("  ✗ ", Style.BAD)
            lines += terminal.text(printable(told + one.told), style, indent="    ")
    lines += terminal.text("who points to whom", Style.NAME) if pointings else []
    for hop in pointings:
        told = f", told {hop.told}" if hop.told else ""
        style = Style.BAD if hop.standing.startswith("DENIED") else Style.PLAIN
        text = f"  {hop.said_by} says that {hop.holder} has more of {hop.thing}{told}: {hop.standing}"
        lines += terminal.text(printable(text), style, indent="    ")
    wrong = sum(not one.good for one in verdicts)
    told = f"answers that prove nothing: {wrong} of {len(verdicts)}" if wrong else f"answers as signed: all {len(verdicts)}"
    return [*lines, "", *terminal.text(told, Style.BAD if wrong else Style.GOOD)]


def _pointings(said: list[Any]) -> list[Pointing]:
    if not said:
        return []
    from idis.resolver.trace.evidence import hops

    return [
        Pointing(hop.thing, hop.said_by, hop.holder, _minute(hop.told_ms / 1_000) if hop.told_ms else "", hop.standing.value)
        for hop in hops(said)
    ]


def _judge(one: Any, known: frozenset[str] | None) -> tuple[Verdict, Any]:
    """The verdict, and what the answer says where it is as signed."""
    try:
        from idis.resolver.trace.evidence import Evidence, EvidenceError, read_evidence
    except ModuleNotFoundError as missing:
        raise CommandError(f"verifying needs a library ({missing.name} is missing): pip install 'idis[node]'") from None
    try:
        octets = [base64.b64decode(one[field], validate=True) for field in _FIELDS]
        evidence = Evidence(str(one["prefix"]), str(one["server"]), *octets)
    except (KeyError, TypeError, ValueError, binascii.Error):
        return Verdict("", "", "", "this is no signed answer", False), None
    fingerprint = sha256(evidence.key).hexdigest()[:_FINGERPRINT_DIGITS]

    def verdict(told: str, *, good: bool) -> Verdict:
        return Verdict(evidence.prefix, evidence.server, fingerprint, told, good)

    try:
        said = read_evidence(evidence)
    except EvidenceError as error:
        return verdict(str(error), good=False), None
    if known is not None and said.key.kid.hex() not in known:
        return verdict("it is signed with a key that is not among the anchors", good=False), None
    asked, answered = said.asked, said.answered
    # What was believed at a moment is what was asked for; the time of the answer itself is not signed, only until when it holds.
    moment = said.until if asked.known_ms is None else asked.known_ms / 1_000
    known_at = _minute(moment)
    more = f" and {len(asked.asks) - 1:,} more" if len(asked.asks) > 1 else ""
    direction = "forward" if asked.forward else "back"
    edges = f"{len(answered.edges):,} edge{'s' * (len(answered.edges) != 1)}"
    return verdict(f"{known_at}, {direction} from {asked.asks[0].thing}{more}: {edges}", good=True), said


def _minute(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%MZ")


def _read(name: str) -> list[Any]:
    try:
        with open(name, "rb") as file:
            octets = file.read(EVIDENCE_BYTES_MAX + 1)
        found = read_json(octets) if len(octets) <= EVIDENCE_BYTES_MAX else None
    except OSError as error:
        raise CommandError(f"{name} cannot be read: {error.strerror or error}") from None
    except ValueError:
        found = None
    answers = found.get("answers") if isinstance(found, dict) and found.get("form") == _FORM else None
    if not isinstance(answers, list) or not answers:
        raise CommandError(f"{name} holds no signed answers: 'idis trace … --evidence FILE' writes them")
    return answers


def _fingerprints(name: str) -> frozenset[str]:
    from idis.resolver.cli.key_file import read_public_keys

    return frozenset(key.kid.hex() for key in read_public_keys(Path(name)))
