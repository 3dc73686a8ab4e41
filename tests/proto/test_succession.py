"""Identifiers that ended: told, and followed to what stands in their place."""

from __future__ import annotations

import json

from idis.proto.succession import FOLLOW_MAX, Following, succession_of
from idis.proto.types.successor import SuccessionKind
from idis.proto.value import Value


def ended(kind: str, *successors: str) -> list[Value]:
    """The values of an identifier that ended."""
    form = {"kind": kind, "successors": successors, "date": "2026-11-26"}
    return [Value(1, "URL", b"https://x"), Value(2, "IDIS.SUCCESSOR", json.dumps(form).encode())]


def test_what_became_of_it_is_one_of_its_values() -> None:
    """The first that says so; octets that say nothing are passed over."""
    values = [Value(1, "IDIS.SUCCESSOR", b"{"), *ended("merged", "88.1/B")]
    found = succession_of(values)

    assert found is not None
    assert (found.kind, found.sole) == (SuccessionKind.MERGED, "88.1/B")
    assert succession_of([Value(1, "URL", b"https://x")]) is None


def test_the_way_leads_to_what_is_in_use() -> None:
    """One successor after the other."""
    way = Following()

    assert way.next("88.1/A", ended("superseded", "88.1/B")) == "88.1/B"
    assert way.next("88.1/B", ended("transferred", "88.2/B")) == "88.2/B"
    assert way.next("88.2/B", [Value(1, "URL", b"https://x")]) == ""
    assert [step for step, _ in way.steps] == ["88.1/A", "88.1/B"]
    assert way.ended == ""


def test_a_circle_ends() -> None:
    """Also when it is spelled otherwise."""
    way = Following()
    way.next("88.1/A", ended("superseded", "88.1/B"))

    assert way.next("88.1/B", ended("superseded", "88.1/a")) == ""
    assert way.ended == "88.1/a leads back to itself"


def test_a_long_way_ends() -> None:
    """After FOLLOW_MAX steps, with the name to go on from."""
    way = Following()
    at = 0
    while way.next(f"88.1/{at}", ended("superseded", f"88.1/{at + 1}")):
        at += 1

    assert len(way.steps) == FOLLOW_MAX
    assert way.ended.endswith(f"go on from 88.1/{FOLLOW_MAX}")


def test_where_there_is_a_choice_nobody_is_led_on() -> None:
    """Split, or withdrawn."""
    split, withdrawn = Following(), Following()

    assert split.next("88.1/A", ended("split", "88.1/B", "88.1/C")) == ""
    assert split.ended == "it was split: choose one of its successors"
    assert withdrawn.next("88.1/A", ended("withdrawn")) == ""
    assert withdrawn.ended == "it was withdrawn"
