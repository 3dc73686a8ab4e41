"""The check digit of GS1 keys (GTIN, SSCC, GLN, …): weights 3, 1, 3, 1 … from the right, modulo 10."""

from __future__ import annotations

from idis.proto.schemes.spelling import digit_hint, tidy_compact
from idis.proto.schemes.verdict import Verdict


def check_digit(body: str) -> str:
    """The check digit for the digits 0 to 9 before it, whatever their number."""
    octets = body.encode()
    threes, ones = octets[-1::-2], octets[-2::-2]
    # Octets are summed as they are, a third of the time that numbers take; what '0' adds to each goes off at the end.
    return str(-(3 * sum(threes) + sum(ones) - ord("0") * (3 * len(threes) + len(ones))) % 10)


def check_key(text: str, scheme: str, title: str, lengths: tuple[int, ...], width: int) -> Verdict:
    """Judge a GS1 key of digits; blanks and hyphens between groups do not count.

    Args:
        text: what was entered.
        scheme: short name for the verdict.
        title: what a person calls it, with its article: 'a GTIN'.
        lengths: legal numbers of digits.
        width: digits of the canonical form, padded with zeros on the left.
    """
    digits, warnings = tidy_compact(text)
    if len(digits) not in lengths or not (digits.isascii() and digits.isdigit()):
        count = " or ".join(", ".join(map(str, lengths)).rsplit(", ", 1))
        return Verdict(scheme, False, digits, message=f"{title} has {count} digits{digit_hint(digits)}", warnings=warnings)
    expected = check_digit(digits[:-1])
    canonical = digits.zfill(width)
    if digits[-1] != expected:
        message = f"check digit is {expected} for the body {digits[:-1]}, not {digits[-1]}"
        return Verdict(scheme, False, canonical, expected, message, warnings)
    return Verdict(scheme, True, canonical, warnings=warnings)
