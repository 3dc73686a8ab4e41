"""Sector numbers inside fields: which check a field's `scheme` names, and the finding a bad number gives.

Most are the schemes of `proto/schemes`; a few here are local grammars (business partner numbers, digests, telephones) or
a number with a way out ("an SSCC or an own number").
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from idis.proto.schemes import battery, ghs, kks, sscc
from idis.proto.schemes.table import SCHEMES
from idis.proto.schemes.verdict import Verdict

SSCC_DIGITS = 18
TELEPHONE_DIGITS_MIN = 3  # 119 is one

_BPNL = re.compile(r"BPNL[0-9A-Z]{12}")
_BPNS = re.compile(r"BPNS[0-9A-Z]{12}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_TELEPHONE = re.compile(r"\+?[0-9][0-9 ()/-]*[0-9](?: ?(?:ext|转)\.? ?[0-9]+)?")

NumberCheck = Callable[[str, date], Verdict]


def number_check(scheme: str) -> NumberCheck:
    """The check a field's scheme names.

    Raises:
        KeyError: no such scheme.
    """
    own = _OWN.get(scheme)
    if own is not None:
        return own
    judge = SCHEMES[scheme].check
    return lambda text, _today: judge(text)


def _battery(text: str, today: date) -> Verdict:
    return battery.check(text, reference_year=today.year)


def _bpnl(text: str, _today: date) -> Verdict:
    return _pattern("bpnl", _BPNL, text.strip().upper(), "a business partner number is BPNL and 12 letters or digits")


def _bpns(text: str, _today: date) -> Verdict:
    return _pattern("bpns", _BPNS, text.strip().upper(), "a site number is BPNS and 12 letters or digits")


def _sha256(text: str, _today: date) -> Verdict:
    return _pattern("sha256", _SHA256, text.strip().lower(), "a SHA-256 digest has 64 hexadecimal digits")


def _telephone(text: str, _today: date) -> Verdict:
    verdict = _pattern(
        "phone", _TELEPHONE, text.strip(), "a telephone number has digits, blanks, brackets, hyphens and a leading +"
    )
    if verdict.ok and sum(character.isdigit() for character in text) < TELEPHONE_DIGITS_MIN:
        return Verdict(
            "phone", False, verdict.canonical, message=f"a telephone number has at least {TELEPHONE_DIGITS_MIN} digits"
        )
    return verdict


def _package(text: str, _today: date) -> Verdict:
    # Eighteen digits are meant as an SSCC; anything else is the filler's own number.
    plain = text.strip().removeprefix("(00)")
    if len(plain) == SSCC_DIGITS and plain.isascii() and plain.isdigit():
        return sscc.check(plain)
    return Verdict("packageNo", True, text.strip())


def _position(text: str, _today: date) -> Verdict:
    # The project chooses the grammar (field codeSystem); a KKS code is brought to its one spelling, others are kept.
    verdict = kks.check(text)
    return verdict if verdict.ok else Verdict("position", True, text.strip())


def _pictogram(text: str, _today: date) -> Verdict:
    return _ghs(text, "G", "a pictogram is GHS01 to GHS09")


def _hazard(text: str, _today: date) -> Verdict:
    return _ghs(text, "HE", "a hazard statement begins with H or EUH, as H225")


def _precaution(text: str, _today: date) -> Verdict:
    return _ghs(text, "P", "a precautionary statement begins with P, as P210")


def _ghs(text: str, initials: str, rule: str) -> Verdict:
    if text.strip()[:1].upper() not in tuple(initials):
        return Verdict(ghs.SCHEME, False, text.strip(), message=rule)
    return ghs.check(text)


def _pattern(scheme: str, shape: re.Pattern[str], plain: str, rule: str) -> Verdict:
    return Verdict(scheme, True, plain) if shape.fullmatch(plain) else Verdict(scheme, False, plain, message=rule)


_OWN: dict[str, NumberCheck] = {
    "battery": _battery,
    "bpnl": _bpnl,
    "bpns": _bpns,
    "sha256": _sha256,
    "phone": _telephone,
    "package": _package,
    "position": _position,
    "pictogram": _pictogram,
    "hStatement": _hazard,
    "pStatement": _precaution,
}
