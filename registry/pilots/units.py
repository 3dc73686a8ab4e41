"""Units of quantity: UN/ECE Recommendation 20 codes and how they convert inside one dimension.

The recommendation has some two thousand codes; listed are those trade in the four pilots' goods uses.
"""

from __future__ import annotations

from decimal import Decimal

from idis.registry.pilots.schema import Vocabulary

UNITS = Vocabulary(
    "uom",
    {
        "C62": "个",
        "H87": "件",
        "PR": "对",
        "SET": "套",
        "DZN": "打",
        "MIL": "千件",
        "GRM": "克",
        "KGM": "千克",
        "TNE": "吨",
        "MGM": "毫克",
        "LBR": "磅",
        "MLT": "毫升",
        "LTR": "升",
        "HLT": "百升",
        "MTQ": "立方米",
        "MMT": "毫米",
        "CMT": "厘米",
        "MTR": "米",
        "KMT": "千米",
        "MTK": "平方米",
        "CMK": "平方厘米",
        "KWH": "千瓦时",
        "MWH": "兆瓦时",
        "AMH": "安时",
        "MOL": "摩尔",
        "E48": "服务单位",
        "ROL": "卷",
        "RO": "卷筒",
        "NMP": "包",
        "XDR": "桶",
        "XBG": "袋",
        "XPX": "托盘",
    },
    synonyms={
        "kg": "KGM",
        "g": "GRM",
        "t": "TNE",
        "L": "LTR",
        "l": "LTR",
        "mL": "MLT",
        "ml": "MLT",
        "m3": "MTQ",
        "m": "MTR",
        "mm": "MMT",
    },
    configurable=True,
)

# Mass in kilograms, volume in litres, pieces in pieces: only what stands in one table can be summed.
_MASS = {
    "GRM": Decimal("0.001"),
    "KGM": Decimal(1),
    "TNE": Decimal(1000),
    "MGM": Decimal("0.000001"),
    "LBR": Decimal("0.45359237"),
}
_VOLUME = {"MLT": Decimal("0.001"), "LTR": Decimal(1), "HLT": Decimal(100), "MTQ": Decimal(1000)}
_PIECES = {"C62": Decimal(1), "H87": Decimal(1), "PR": Decimal(2), "DZN": Decimal(12), "MIL": Decimal(1000)}
_DIMENSIONS = (_MASS, _VOLUME, _PIECES)


def factor(unit: str, base: str) -> Decimal | None:
    """How many `base` units one `unit` is; None when they measure different things."""
    if unit == base:
        return Decimal(1)
    for dimension in _DIMENSIONS:
        if unit in dimension and base in dimension:
            return dimension[unit] / dimension[base]
    return None


def total(quantities: list[tuple[Decimal, str]], base: str) -> Decimal | None:
    """The sum in `base` units; None when one of them does not convert, because mixed units are never multiplied through."""
    factors = [factor(unit, base) for _, unit in quantities]
    if None in factors:
        return None
    return sum((quantity * each for (quantity, _), each in zip(quantities, factors, strict=True) if each is not None), Decimal(0))
