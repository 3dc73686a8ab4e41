"""Plays every dialogue of this folder: what is registered, what is asked, what must be answered.

A dialogue is a text file; a line is one of

    prefix P ARRANGEMENT [STATE] [strict] [exact] VALUE…    register a prefix; registering it again replaces it
    range START END VALUE…                                  delegate a range of numbers
    record IDENTIFIER VALUE…                                register a record; `delete IDENTIFIER` deletes it
    ask IDENTIFIER [type=T] [index=N] [open] [stay]         `open`: without public-only; `stay`: do not refer
    = OUTCOME                                               what the question above it gets

ARRANGEMENT is homed, hosted or delegated; STATE is active (default), suspended, revoked, rejected, applied or in_review.
VALUE is INDEX:TYPE=DATA, or INDEX:TYPE{PERMISSIONS}=DATA, or INDEX:TYPE{PERMISSIONS,TTL}=DATA, where `@` before the TTL
makes it absolute. OUTCOME is `answer [ttl=S] VALUE…`, `referral CODE PREFIX VALUE…`, `no values`, `not found` or
`refused CODE`. Lines take effect in order; `#` begins a comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from idis.proto.identifier import parse_identifier
from idis.proto.outcome import Answer, NotFound, NoValues, Outcome, Referral, Refused
from idis.proto.query import Query
from idis.proto.value import TTL_ABSOLUTE, TTL_RELATIVE, Value, decode_values, encode_values
from idis.registry.authority import answer
from idis.registry.prefix import Hosting, PrefixEntry, PrefixState, Privacy, RouteEntry
from idis.registry.record import Record, prepare
from idis.registry.store.base import WriteTxn
from idis.registry.store.keys import identifier_key
from idis.registry.store.memory import MemoryStore

FOLDER = Path(__file__).parent
NOW = 1_700_000_000  # what the clock reads in every dialogue
DEFAULT_TTL_S = 86_400

_VALUE = re.compile(r"(\d+):([^={]*)(?:\{(\d{4})(?:,(@?)(\d+))?\})?=(.*)")


@dataclass(frozen=True)
class Question:
    """One `ask` with all that was registered before it, and the outcome expected."""

    name: str
    registered: tuple[str, ...]
    ask: str
    expected: str


def _questions() -> Iterator[Question]:
    for path in sorted(FOLDER.glob("*.txt")):
        registered: list[str] = []
        ask = ""
        for number, raw in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            line = raw.partition("#")[0].strip()
            if line.startswith("ask "):
                ask = line
            elif line.startswith("="):
                yield Question(f"{path.stem}:{number}", tuple(registered), ask, line.removeprefix("=").strip())
            elif line:
                registered.append(line)


@pytest.mark.parametrize("question", list(_questions()), ids=lambda question: question.name)
def test_dialogue(question: Question) -> None:
    """The node answers as the dialogue says."""
    store = MemoryStore(clock=lambda: NOW)
    for line in question.registered:
        store.write(lambda txn, line=line: _register(txn, line), actor="test").result()  # type: ignore[misc]
    with store.read() as txn:
        outcome = answer(_query(question.ask), txn, NOW)

    assert _spoken(outcome, with_ttl="ttl=" in question.expected) == question.expected


def _register(txn: WriteTxn, line: str) -> None:
    verb, name, *words = line.split()
    match verb:
        case "prefix":
            values = [word for word in words if _VALUE.fullmatch(word)]
            txn.put_prefix(_entry(name, [word for word in words if word not in values], values))
        case "range":
            txn.put_route(RouteEntry(start=name, end=words[0], values=encode_values(map(_value, words[1:]))))
        case "record":
            txn.put_record(prepare(Record(name, tuple(map(_value, words))), NOW))
        case "delete":
            entry = txn.prefix(name.partition("/")[0])
            assert entry is not None
            txn.delete_record(identifier_key(name, entry.fold_suffix)[1])
        case _:
            raise AssertionError(f"no such line in a dialogue: {line}")


def _entry(name: str, words: list[str], values: list[str]) -> PrefixEntry:
    states = [state for state in PrefixState if state.name.lower() in words]
    return PrefixEntry(
        prefix=name,
        state=states[0] if states else PrefixState.ACTIVE,
        homed="homed" in words,
        hosting=Hosting.HOSTED if "hosted" in words else Hosting.NOT_HOSTED,
        privacy=Privacy.STRICT if "strict" in words else Privacy.HANDLE,
        fold_suffix="exact" not in words,
        values=encode_values(map(_value, values)),
    )


def _value(text: str) -> Value:
    parts = _VALUE.fullmatch(text)
    assert parts is not None, text
    index, type_name, permissions, absolute, ttl, data = parts.groups()
    return Value(
        index=int(index),
        type=type_name,
        data=data.encode(),
        ttl=int(ttl) if ttl else DEFAULT_TTL_S,
        ttl_type=TTL_ABSOLUTE if absolute else TTL_RELATIVE,
        permissions=int(permissions or "1110", 2),
        timestamp=0,
    )


def _query(ask: str) -> Query:
    _, name, *words = ask.split()
    return Query(
        spelling=name,
        identifier=parse_identifier(name),
        indexes=tuple(int(word[6:]) for word in words if word.startswith("index=")),
        types=tuple(word[5:] for word in words if word.startswith("type=")),
        public_only="open" not in words,
        do_not_refer="stay" in words,
    )


def _spoken(outcome: Outcome, *, with_ttl: bool) -> str:
    match outcome:
        case Answer(values, ttl_s):
            return " ".join(("answer", *([f"ttl={ttl_s}"] if with_ttl else []), *_spoken_values(values)))
        case Referral(code=code, prefix=prefix, values=values):
            return " ".join(("referral", str(int(code)), prefix, *_spoken_values(values)))
        case NoValues():
            return "no values"
        case NotFound():
            return "not found"
        case Refused(code=code):
            return f"refused {int(code)}"


def _spoken_values(values: bytes) -> list[str]:
    return [f"{value.index}:{value.type}={value.text}" for value in decode_values(values)]
