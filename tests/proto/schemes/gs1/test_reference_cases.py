"""The accept and reject decisions of the GS1 Barcode Syntax Engine, on the cases it is published with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from idis.proto.schemes.gs1 import digital_link, element_string
from idis.proto.schemes.gs1.application_identifiers import KEYS, TABLE, find, matches
from idis.proto.schemes.gs1.elements import (
    Elements,
    Gs1Error,
    exclusion_problem,
    merge,
    require_value,
    requirement_problem,
    signature_problem,
)
from idis.proto.schemes.gs1.linters import LINTERS

CASES = Path(__file__).with_name("reference_cases.tsv")
OPTIONS_NOT_OFFERED = ("words", "unknown")
# Padded base64 has a length that four divides (RFC 4648); the reference wants one that three divides, padding included.
EXPLAINED = {"(8030)123="}
SEQUENCE_VALUES = dict.fromkeys(("253", "255", "414", "417"), "1231231231232") | {
    "00": "006141411234567890",
    "01": "12312312312333",
    "402": "12345678901234560",
    "7040": "1ABC",
    "8003": "01231231231232",
    "8006": "123456789012310102",
    "8013": "1987654Ad4X4bL5ttr2310c2K",
    "8017": "123456789012345675",
    "8018": "123456789012345675",
}


@dataclass(frozen=True)
class Case:
    """One published decision."""

    kind: str
    accept: bool
    option: str
    text: str
    expected: str


def _cases() -> list[Case]:
    lines = [line for line in CASES.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    rows = [line.split("\t") for line in lines]
    return [Case(kind, decision == "accept", option, text, expected) for kind, decision, option, text, expected in rows]


def _fnc1(elements: Elements) -> str:
    return "^" + element_string.write_raw(elements).replace("\x1d", "^")


def _link(case: Case) -> str:
    link = digital_link.parse(case.text, short_gtin=case.option == "short_gtin")
    return _fnc1(link.elements)


def _sequence(case: Case) -> str:
    digital_link.parse(digital_link.uri(tuple((code, SEQUENCE_VALUES.get(code, "12345")) for code in case.text.split())))
    return case.expected


def _write(case: Case) -> str:
    stem, _, brackets = case.text.partition(" ")
    return digital_link.write(element_string.split_bracketed(brackets), stem=stem)


def _lookup(case: Case) -> str:
    text, length = case.text.split()
    ai = find(text) if length == "0" else TABLE.get(text[: int(length)])
    if ai is None:
        raise Gs1Error("unknown")
    return ai.code


def _pattern(case: Case) -> str:
    codes, pattern, *ignored = case.text.split()
    if not any(matches(code, pattern) for code in codes.split(",") if code not in ignored):
        raise Gs1Error("no match")
    return case.expected


def _bracketed(case: Case) -> str:
    return _fnc1(element_string.parse_bracketed(case.text))


def _raw(case: Case) -> str:
    if not case.text.startswith("^"):
        raise Gs1Error("no FNC1 in first place")
    return _fnc1(element_string.parse_raw(case.text[1:].replace("^", "\x1d")))


def _judged(judge: Callable[[Elements], str]) -> Callable[[Case], str]:
    def run(case: Case) -> str:
        elements = element_string.split_bracketed(case.text)
        for element in elements:
            require_value(*element)
        if problem := judge(elements):
            raise Gs1Error(problem)
        return case.expected

    return run


def _repeats(case: Case) -> str:
    merge(element_string.split_bracketed(case.text))
    return case.expected


def _linter(case: Case) -> str:
    name, _, value = case.text.partition(" ")
    # A linter sees what its component may hold: characters of set 82.
    if " " in value or LINTERS[name](value):
        raise Gs1Error(name)
    return case.expected


def _scan(case: Case) -> str:
    scan = element_string.parse_scan(case.text.replace("␝", "\x1d"))
    return _fnc1(scan.elements) if scan.elements else case.expected


RUNS: dict[str, Callable[[Case], str]] = {
    "link": _link,
    "sequence": _sequence,
    "write": _write,
    "lookup": _lookup,
    "pattern": _pattern,
    "bracketed": _bracketed,
    "raw": _raw,
    "repeats": _repeats,
    "exclusions": _judged(exclusion_problem),
    "requirements": _judged(requirement_problem),
    "signatures": _judged(signature_problem),
    "scan": _scan,
    "linter": _linter,
}

OFFERED = [case for case in _cases() if case.option not in OPTIONS_NOT_OFFERED]


def _decide(case: Case) -> tuple[bool, str]:
    try:
        return True, RUNS[case.kind](case)
    except Gs1Error as problem:
        return False, str(problem)


@pytest.mark.parametrize("kind", sorted(RUNS))
def test_decisions_of_the_reference_engine(kind: str) -> None:
    """What the reference accepts we accept, what it rejects we reject."""
    disagreements = {case.text for case in OFFERED if case.kind == kind and _decide(case)[0] != case.accept}

    assert disagreements - EXPLAINED == set()


def _pieces(uri: str) -> list[str]:
    path, _, query = uri.partition("?")
    return [path, *sorted(query.split("&"))]


def test_results_of_the_reference_engine() -> None:
    """What both accept is read as the same elements; the reference writes attributes of pre-defined length first, we as given."""
    results = [(case, _decide(case)[1]) for case in OFFERED if case.accept and case.expected]
    different = [(case.text, result) for case, result in results if result != case.expected and case.kind != "write"]
    written = [(result, case.expected) for case, result in results if case.kind == "write"]

    assert different == []
    assert [result for result, expected in written if _pieces(result) != _pieces(expected)] == []


def test_the_published_cases_are_all_there() -> None:
    """None of the 709 decisions without an option of its own, and none of the 24 with one that is not offered, got lost."""
    assert (len(OFFERED), len(_cases()) - len(OFFERED)) == (709, 24)


def test_all_keys_are_covered() -> None:
    """Every primary key stands in a sequence of the reference, but for 415, whose qualifier it requires beside."""
    covered = {case.text.split()[0] for case in OFFERED if case.kind == "sequence"}

    assert set(KEYS) - covered == {"415"}
