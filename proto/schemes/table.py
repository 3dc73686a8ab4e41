"""The sector numbers by name: what each is called, who judges it, and what makes its check digit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from idis.proto.schemes import battery, cas, ec, ghs, gln, gmn, gtin, imo, iso6346, kks, lei, sscc, un, uscc, vin
from idis.proto.schemes.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Scheme:
    """One sector number.

    Attributes:
        name: short name, the `scheme` of its verdicts and of aliases.
        title: what a person calls it, in English and Chinese.
        check: judges a text; pure, and never raises.
        check_digit: the check characters for a body; None where there are none.
    """

    name: str
    title: str
    check: Callable[[str], Verdict]
    check_digit: Callable[[str], str] | None = None


_ALL = (
    Scheme(imo.SCHEME, "IMO ship number IMO编号", imo.check, imo.check_digit),
    Scheme(vin.SCHEME, "vehicle identification number 车架号", vin.check, vin.check_digit),
    Scheme(cas.SCHEME, "CAS number CAS号", cas.check, cas.check_digit),
    Scheme(ec.SCHEME, "EC number EC号", ec.check, ec.check_digit),
    Scheme(gtin.SCHEME, "trade item number GTIN 商品条码", gtin.check, gtin.check_digit),
    Scheme(sscc.SCHEME, "shipping container code SSCC 物流单元代码", sscc.check, sscc.check_digit),
    Scheme(gln.SCHEME, "location number GLN 位置码", gln.check, gln.check_digit),
    Scheme(gmn.SCHEME, "model number GMN 型号代码", gmn.check, gmn.check_digit),
    Scheme(iso6346.SCHEME, "container number 集装箱号", iso6346.check, iso6346.check_digit),
    Scheme(uscc.SCHEME, "unified social credit code 统一社会信用代码", uscc.check, uscc.check_digit),
    Scheme(lei.SCHEME, "legal entity identifier LEI 法人机构识别编码", lei.check, lei.check_digit),
    Scheme(battery.SCHEME, "traction battery code 动力电池编码", battery.check),
    Scheme(kks.SCHEME, "power-plant code KKS 电厂标识", kks.check),
    Scheme(kks.SCHEME_FRENCH, "power-plant code, French style 电厂标识（法式）", kks.check_french),
    Scheme(un.SCHEME, "UN number 联合国编号", un.check),
    Scheme(ghs.SCHEME, "GHS code GHS代码", ghs.check),
)

SCHEMES: dict[str, Scheme] = {scheme.name: scheme for scheme in _ALL}
