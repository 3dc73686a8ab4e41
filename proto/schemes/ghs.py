"""Codes of the Globally Harmonized System: pictograms `GHS02`, statements `H300+H310`, `EUH066`, `P305+P351+P338`.

Small letters after an H number mean something else than capitals (H360Fd is not H360FD), so only the leading letters
of a code are folded. A statement that is well formed but not on the list is accepted with a warning.
"""

from __future__ import annotations

import re

from idis.proto.schemes.spelling import digit_hint, tidy
from idis.proto.schemes.verdict import Verdict

SCHEME = "ghs"

PICTOGRAMS = {
    "GHS01": "exploding bomb",
    "GHS02": "flame",
    "GHS03": "flame over circle",
    "GHS04": "gas cylinder",
    "GHS05": "corrosion",
    "GHS06": "skull and crossbones",
    "GHS07": "exclamation mark",
    "GHS08": "health hazard",
    "GHS09": "environment",
}
SIGNAL_WORDS = {"危险": "Danger", "警告": "Warning"}

_PICTOGRAM = re.compile(r"[Gg][Hh][Ss]0[1-9]")
_HAZARD = re.compile(r"[Hh][2-4][0-9]{2}[A-Za-z]{0,3}")
_SUPPLEMENT = re.compile(r"[Ee][Uu][Hh][0-9]{3}[A-Za-z]?")
_PRECAUTION = re.compile(r"[Pp][1-5][0-9]{2}")


def _numbers(*spans: tuple[int, int]) -> frozenset[int]:
    return frozenset(number for first, last in spans for number in range(first, last + 1))


# The numbers on the list of the GHS (10th edition), annex 3.
_H_LISTED = _numbers(
    (200, 211), (220, 223), (224, 232), (240, 242), (250, 252), (260, 261), (270, 272), (280, 284), (290, 290), (300, 305),
    (310, 320), (330, 336), (340, 341), (350, 351), (360, 362), (370, 373), (400, 402), (410, 413), (420, 420),
)  # fmt: skip
_EUH_LISTED = _numbers((14, 14), (18, 19), (29, 29), (31, 32), (44, 44), (66, 66), (70, 71), (201, 212), (380, 381), (401, 401),
                       (430, 431), (440, 441), (450, 451))  # fmt: skip
_P_LISTED = _numbers(
    (101, 103), (201, 203), (210, 212), (220, 223), (230, 236), (240, 244), (250, 251), (260, 265), (270, 273), (280, 284),
    (301, 321), (330, 338), (340, 342), (351, 354), (360, 364), (370, 378), (380, 381), (390, 391), (401, 407), (410, 413),
    (420, 420), (422, 422), (501, 503),
)  # fmt: skip


def check(text: str) -> Verdict:
    """Judge a pictogram or a statement; statements may be combined with `+`."""
    plain, warnings = tidy(text, fold_case=False)
    match plain[:1].upper():
        case "G":
            return _pictogram(plain, warnings)
        case "H":
            return _statement(plain, warnings, _HAZARD, 1, _H_LISTED, "a hazard statement is H2nn, H3nn or H4nn, as H225")
        case "E":
            return _statement(plain, warnings, _SUPPLEMENT, 3, _EUH_LISTED, "a supplemental statement is EUHnnn, as EUH066")
        case "P":
            return _statement(plain, warnings, _PRECAUTION, 1, _P_LISTED, "a precautionary statement is P1nn to P5nn, as P210")
    message = "a GHS code is a pictogram GHS01 to GHS09 or a statement H…, EUH… or P…"
    return Verdict(SCHEME, False, plain, message=message, warnings=warnings)


def _pictogram(plain: str, warnings: tuple[str, ...]) -> Verdict:
    if _PICTOGRAM.fullmatch(plain) is None:
        message = f"the pictograms are GHS01 to GHS09{digit_hint(plain[3:])}"
        return Verdict(SCHEME, False, plain, message=message, warnings=warnings)
    return Verdict(SCHEME, True, plain.upper(), warnings=warnings)


def _statement(
    plain: str, warnings: tuple[str, ...], shape: re.Pattern[str], head: int, listed: frozenset[int], rule: str
) -> Verdict:
    codes = []
    for code in plain.replace(" ", "").split("+"):
        if shape.fullmatch(code) is None:
            message = f"{rule}; {code or 'nothing'} is none{digit_hint(code)}"
            return Verdict(SCHEME, False, plain, message=message, warnings=warnings)
        if int(code[head : head + 3]) not in listed:
            warnings = (*warnings, f"{code} is not on the list of the GHS")
        codes.append(code[:head].upper() + code[head:])
    return Verdict(SCHEME, True, "+".join(codes), warnings=warnings)
