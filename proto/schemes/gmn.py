"""Global model numbers (AI 8013): up to 25 characters, the last two a check pair; letter case matters."""

from __future__ import annotations

import re
from operator import mul

from idis.proto.schemes.spelling import tidy
from idis.proto.schemes.verdict import Verdict

SCHEME = "gmn"

# GS1 AI encodable character set 82, in the order that gives each character its value.
_CSET_82 = b"!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
_VALUES = bytes.maketrans(_CSET_82, bytes(range(len(_CSET_82))))
_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83)
_PAIR = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
# A company prefix has at least four digits and comes first.
_SHAPE = re.compile(r"[0-9]{4}[!\"%&'()*+,./0-9:;<=>?A-Z_a-z-]{1,19}[2-9A-HJ-NP-Z]{2}")


def check(text: str) -> Verdict:
    """Judge a GMN; canonical keeps the case."""
    plain, warnings = tidy(text, fold_case=False)
    if _SHAPE.fullmatch(plain) is None:
        message = "a GMN is a company prefix of digits, a model reference and a check pair, at most 25 characters without blanks"
        return Verdict(SCHEME, False, plain, message=message, warnings=warnings)
    expected = check_digit(plain[:-2])
    if plain[-2:] != expected:
        message = f"check pair is {expected} for the body {plain[:-2]}, not {plain[-2:]}"
        return Verdict(SCHEME, False, plain, expected, message, warnings)
    return Verdict(SCHEME, True, plain, warnings=warnings)


def check_digit(body: str) -> str:
    """The two check characters for up to 23 characters of set 82."""
    values = body.encode("ascii").translate(_VALUES)
    high, low = divmod(sum(map(mul, reversed(values), _PRIMES)) % 1021, 32)
    return _PAIR[high] + _PAIR[low]
