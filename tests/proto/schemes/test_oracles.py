"""Check digits against an independent library, on numbers drawn at random: right, wrong by chance and right by making."""

from __future__ import annotations

import importlib
import random
import string
from collections.abc import Callable

import pytest

from idis.proto.schemes import ec
from idis.proto.schemes.table import SCHEMES
from idis.proto.schemes.uscc import organisation_check_digit

pytest.importorskip("stdnum")

DRAWS = 300
ALPHANUMERIC = string.digits + string.ascii_uppercase
USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def _digits(draw: random.Random, count: int) -> str:
    return "".join(draw.choices(string.digits, k=count))


def _uscc_body(draw: random.Random) -> str:
    organisation = "".join(draw.choices(USCC_ALPHABET, k=8))
    return _digits(draw, 8) + organisation + organisation_check_digit(organisation)


def _container_body(draw: random.Random) -> str:
    return "".join(draw.choices(string.ascii_uppercase, k=3)) + draw.choice("UJZR") + _digits(draw, 6)


BODIES: dict[str, tuple[str, Callable[[random.Random], str]]] = {
    "imo": ("stdnum.imo", lambda draw: _digits(draw, 6)),
    "gtin": ("stdnum.ean", lambda draw: _digits(draw, draw.choice((7, 11, 12, 13)))),
    "gln": ("stdnum.ean", lambda draw: _digits(draw, 12)),
    "iso6346": ("stdnum.iso6346", _container_body),
    "lei": ("stdnum.lei", lambda draw: "".join(draw.choices(ALPHANUMERIC, k=18))),
    "uscc": ("stdnum.cn.uscc", _uscc_body),
}


@pytest.mark.parametrize("scheme", BODIES)
def test_made_numbers_are_right_for_the_oracle(scheme: str) -> None:
    """A body with our check digit passes the independent library."""
    oracle, body_of = BODIES[scheme]
    is_valid = importlib.import_module(oracle).is_valid
    make = SCHEMES[scheme].check_digit
    assert make is not None
    draw = random.Random(scheme)
    bodies = [body_of(draw) for _ in range(DRAWS)]

    refused = [body for body in bodies if not is_valid(body + make(body))]

    assert refused == []


@pytest.mark.parametrize("scheme", BODIES)
def test_numbers_with_any_last_character_are_judged_as_by_the_oracle(scheme: str) -> None:
    """With every possible digit at the end, our verdict is the independent library's."""
    oracle, body_of = BODIES[scheme]
    is_valid = importlib.import_module(oracle).is_valid
    width = 2 if scheme == "lei" else 1
    draw = random.Random(scheme + " judged")
    numbers = [body_of(draw) + _digits(draw, width) for _ in range(DRAWS)]

    differing = [number for number in numbers if SCHEMES[scheme].check(number).ok != is_valid(number)]

    assert differing == []


def test_cas_numbers_are_judged_as_by_the_oracle() -> None:
    """CAS numbers of every length get the independent library's verdict, whatever their last digit."""
    is_valid = importlib.import_module("stdnum.casrn").is_valid
    draw = random.Random("cas")
    heads = [draw.choice("123456789") + _digits(draw, draw.randint(1, 6)) for _ in range(2 * DRAWS)]
    numbers = [f"{head}-{_digits(draw, 2)}-{_digits(draw, 1)}" for head in heads]

    differing = [number for number in numbers if SCHEMES["cas"].check(number).ok != is_valid(number)]

    assert differing == []


def test_ec_numbers_are_judged_as_by_the_oracle() -> None:
    """EC numbers get the independent library's verdict, whatever their last digit.

    Bodies with remainder 10, which are never issued, are left out: the library writes the first digit of "10" there.
    """
    is_valid = importlib.import_module("stdnum.eu.ecnumber").is_valid
    draw = random.Random("ec")
    bodies = [body for body in (_digits(draw, 6) for _ in range(2 * DRAWS)) if ec.check_digit(body)]
    numbers = [f"{body[:3]}-{body[3:]}-{_digits(draw, 1)}" for body in bodies]

    differing = [number for number in numbers if SCHEMES["ec"].check(number).ok != is_valid(number)]

    assert differing == []


def test_sscc_check_digit_follows_the_rule_of_the_standard() -> None:
    """The 18-digit check digit equals the one worked out digit by digit from the rule of the standard."""
    draw = random.Random("sscc")
    make = SCHEMES["sscc"].check_digit
    assert make is not None
    bodies = [_digits(draw, 17) for _ in range(DRAWS)]

    by_rule = [str((10 - sum(int(d) * (3, 1)[i % 2] for i, d in enumerate(body[::-1])) % 10) % 10) for body in bodies]

    assert [make(body) for body in bodies] == by_rule
