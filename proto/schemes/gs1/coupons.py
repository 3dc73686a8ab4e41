"""North American coupons: the data of AI 8110 (coupon code) and AI 8112 (positive offer file).

Both are digits in fields whose length stands before them, or follows from a leading digit that names the field.
"""

from __future__ import annotations

_SAVE_CODES = "01256"
_PURCHASE_CODES = "012349"
_SAME_COMPANY = "9"  # the second and third purchase may repeat the first company


class _Malformed(ValueError):
    """A coupon ends within a field, or a digit stands where it may not."""


def coupon_code(text: str) -> str:
    """What is wrong with the coupon code of AI 8110, or nothing."""
    try:
        _read_coupon(_Digits(text))
    except _Malformed as problem:
        return str(problem)
    return ""


def positive_offer(text: str) -> str:
    """What is wrong with the coupon of AI 8112, or nothing."""
    try:
        digits = _Digits(text)
        digits.choose("01", "format code")
        digits.counted("0123456", 6, "funder")
        digits.take(6, "offer code")
        digits.counted("0123456789", 6, "serial number")
        digits.end()
    except _Malformed as problem:
        return str(problem)
    return ""


class _Digits:
    """The digits of a coupon, taken field by field."""

    def __init__(self, text: str) -> None:
        if not text.isdigit():
            raise _Malformed("a coupon has digits only")
        self._text = text
        self._at = 0

    def take(self, count: int, name: str) -> str:
        field = self._text[self._at : self._at + count]
        if len(field) < count:
            raise _Malformed(f"ends within the {name}")
        self._at += count
        return field

    def choose(self, allowed: str, name: str) -> str:
        digit = self.take(1, name)
        if digit not in allowed:
            raise _Malformed(f"{digit} is no {name}")
        return digit

    def counted(self, allowed: str, more: int, name: str) -> str:
        return self.take(int(self.choose(allowed, f"length of the {name}")) + more, name)

    def option(self, digit: str) -> bool:
        if not self._text.startswith(digit, self._at):
            return False
        self._at += 1
        return True

    def end(self) -> None:
        if self._at < len(self._text):
            raise _Malformed("goes on after its last field")


def _read_coupon(digits: _Digits) -> None:
    digits.counted("0123456", 6, "company prefix")
    digits.take(6, "offer code")
    digits.counted("12345", 0, "save value")
    _purchase(digits, "first")
    if digits.option("1"):
        digits.choose("0123", "additional purchase rule")
        _purchase(digits, "second")
        _company(digits, "second")
    if digits.option("2"):
        _purchase(digits, "third")
        _company(digits, "third")
    expires = _coupon_date(digits, "expiration date") if digits.option("3") else ""
    starts = _coupon_date(digits, "start date") if digits.option("4") else ""
    if expires and starts and expires < starts:
        raise _Malformed("expires before it starts")
    if digits.option("5"):
        digits.counted("0123456789", 6, "serial number")
    if digits.option("6"):
        digits.counted("1234567", 6, "retailer")
    if digits.option("9"):
        digits.choose(_SAVE_CODES, "save value code")
        digits.choose("012", "item the save value applies to")
        digits.take(1, "store coupon flag")
        digits.choose("01", "flag against multiplying")
    digits.end()


def _purchase(digits: _Digits, which: str) -> None:
    digits.counted("12345", 0, f"{which} purchase requirement")
    digits.choose(_PURCHASE_CODES, f"{which} purchase requirement code")
    digits.take(3, f"{which} purchase family code")


def _company(digits: _Digits, which: str) -> None:
    length = digits.choose("0123456" + _SAME_COMPANY, f"length of the {which} company prefix")
    if length != _SAME_COMPANY:
        digits.take(int(length) + 6, f"{which} company prefix")


def _coupon_date(digits: _Digits, name: str) -> str:
    date = digits.take(6, name)
    month, day = int(date[2:4]), int(date[4:])
    days = (31, 28 if int(date[:2]) % 4 else 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    if not 1 <= month <= 12 or not 1 <= day <= days[month - 1]:
        raise _Malformed(f"the {name} does not exist")
    return date
