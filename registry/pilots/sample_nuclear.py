"""Synthetic sample data of the nuclear pilot: forging heat → body → valve → functional position, with its papers.

A family is one forging heat and the valves made from it: bodies forged, valves built, welded, inspected, released and
installed at KKS positions. In every family the first valve is replaced by the last one, so that its position has a
history; in every third an open non-conformance keeps a valve back.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

from idis.registry.pilots.sample_row import Enterprise, SampleRow, day, family_start, made_uscc, near

FORGE = Enterprise(
    "88.140.3",
    "示例北方重型锻造有限公司",
    "Example Northern Heavy Forging Co., Ltd.",
    made_uscc("230206", "MA1DN403"),
    False,
    "supplier",
    "黑龙江省齐齐哈尔市示例路3号",
)
VALVE_WORKS = Enterprise(
    "88.140.6",
    "示例江南核阀有限公司",
    "Example Jiangnan Nuclear Valve Co., Ltd.",
    made_uscc("320583", "MA1HF406"),
    True,
    "manufacturer",
    "江苏省昆山市示例路6号",
)
PLANT = Enterprise(
    "88.140.1",
    "示例东海核电有限公司",
    "Example Donghai Nuclear Power Co., Ltd.",
    made_uscc("330424", "MA1HD401"),
    False,
    "operator",
    "浙江省海盐县示例路1号",
)
ENTERPRISES = (FORGE, VALVE_WORKS, PLANT)

VALVES_PER_HEAT = 6
KEPT_BACK_EVERY = 3  # families
INSTALLED_DAY = 150
REPLACED_DAY = 240

DESIGN_CODE = "RCC-M"
_SYSTEMS = ("JNA", "JNB", "JND", "JNG", "JNK", "KBA", "KBB", "KBC", "LAB", "LAC", "LAR", "LBA")
_SYSTEM_COUNTERS = 9  # 10, 20 … 90
_VALVES_COUNTED = 999  # AA001 … AA999
_CLASSES = {"safetyClass": "2", "qaLevel": "QA1", "seismic": "1A"}
_WELDERS = ("H0611", "H0612", "H0627")
_UNITS = 2
_SITE = f"{PLANT.prefix}/SITE.DH"
_FILLER_MAKER_USCC = made_uscc("510107", "MA1HC461")
_FILLER_MAKER = f"{VALVE_WORKS.prefix}/ORG.{_FILLER_MAKER_USCC}"
_WPS = f"{VALVE_WORKS.prefix}/DOC.WPS-N-141-01"
_PQR = f"{VALVE_WORKS.prefix}/DOC.PQR-N-141-01"


def foundation() -> Iterator[SampleRow]:
    """The enterprises, the plant, welders, welding procedures and the first lot of filler wire."""
    for enterprise in ENTERPRISES:
        yield enterprise.organisation()
    yield VALVE_WORKS.partner(
        "示例西川焊材有限公司", "Example Xichuan Filler Co., Ltd.", _FILLER_MAKER_USCC, "supplier", "四川省成都市示例路61号"
    )
    yield PLANT.site("DH", "示例东海核电厂", "powerPlant", PLANT.address)
    for number, surname in zip(_WELDERS, "胡郭何", strict=True):
        yield VALVE_WORKS.person(number, surname, "民用核安全设备焊工", ["141"])
    approved = date(2023, 5, 8)
    yield VALVE_WORKS.document("pqr", "PQR-N-141-01", "焊接工艺评定 141", approved)
    yield VALVE_WORKS.document("wps", "WPS-N-141-01", "焊接工艺规程 141", approved, validUntil="2028-05-07", subjects=[_PQR])
    yield _filler_lot(0)


def family(number: int, draw: Random) -> Iterator[SampleRow]:
    """One heat, its valves, and the positions they are installed at."""
    start = family_start(number)
    yield _filler_lot(number + 1)
    heat, certificate = _heat(number, start)
    yield certificate
    yield heat
    positions = [_position(number * (VALVES_PER_HEAT - 1) + place) for place in range(VALVES_PER_HEAT - 1)]
    yield from positions
    for place in range(VALVES_PER_HEAT):
        # The last valve takes the place of the first; one is kept back by its open non-conformance.
        kept_back = number % KEPT_BACK_EVERY == 0 and place == VALVES_PER_HEAT - 2
        position = None if kept_back else positions[place % len(positions)].identifier
        yield from _valve(number, place, heat.identifier, position, start, draw)


def kks_code(serial: int) -> tuple[str, str, str]:
    """The unit, the system and the KKS code of the plant's valve position of that serial number."""
    rest, system = divmod(serial, len(_SYSTEMS))
    rest, unit = divmod(rest, _UNITS)
    rest, counter = divmod(rest, _SYSTEM_COUNTERS)
    letter, valve = divmod(rest, _VALVES_COUNTED)
    key = f"{_SYSTEMS[system]}{(counter + 1) * 10}"
    return str(unit + 1), _SYSTEMS[system], f"{unit + 1} 0{key} AA{valve + 1:03d}{chr(64 + letter) if letter else ''}"


def _position(serial: int) -> SampleRow:
    unit, system, code = kks_code(serial)
    return PLANT.row(
        "position",
        f"POS.{code.replace(' ', '')}",
        f"功能位置 {code}",
        code=code,
        codeSystem="KKS",
        plant=_SITE,
        unit=unit,
        system=system,
        room=f"{unit}R{serial % 400 + 100}",
        requiredClass=[_CLASSES],
    )


def _filler_lot(number: int) -> SampleRow:
    text = f"ER316L-{number:05d}"
    return VALVE_WORKS.row(
        "lot",
        f"LOT.{text}",
        f"焊丝 {text}",
        producer=_FILLER_MAKER,
        lotNo=text,
        material="ER316L φ1.6",
        productionDate=day(family_start(max(number - 1, 0)), -15),
        quantity=300,
        uom="KGM",
    )


def _heat(number: int, start: date) -> tuple[SampleRow, SampleRow]:
    """A forging heat and its mill certificate."""
    heat_no = f"F{start:%y}-{number + 101:05d}"
    identifier = f"{FORGE.prefix}/HEAT.{heat_no}"
    certificate = FORGE.document("factoryReport", f"MC-{heat_no}", f"锻件质量证明书 {heat_no}", start, subjects=[identifier])
    heat = FORGE.row(
        "material",
        f"HEAT.{heat_no}",
        f"锻件炉批 {heat_no}",
        heatNo=heat_no,
        ingotNo=f"{heat_no}-I1",
        grade="Z2CND17-12",
        standard="RCC-M M3301",
        spec="φ320 锻件",
        qaLevel=_CLASSES["qaLevel"],
        supplier=FORGE.identifier,
        millCertificate=certificate.identifier,
        heatTreatment="固溶 1080 °C 水冷",
    )
    return heat, certificate


def _valve(number: int, place: int, heat: str, position: str | None, start: date, draw: Random) -> Iterator[SampleRow]:
    """A body and the valve built on it, with seams, inspections and, unless kept back, its release."""
    serial = f"{number + 1:05d}-{place + 1}"
    valve = f"{VALVE_WORKS.prefix}/VALVE.{serial}"
    yield _item(place, serial, heat, position, start)
    yield FORGE.row(
        "item",
        f"BODY.{serial}",
        f"阀体锻件 {serial}",
        status="in_use",
        serialNo=f"B-{serial}",
        itemType="forging",
        licence="国核安证字S(23)03号",
        parentItem=valve,
        **_design(heat),
    )
    for seam in (1, 2):
        yield _seam(number, serial, seam, valve, start, draw)
    reports = list(_inspections(serial, valve, start, draw))
    yield from reports
    if position is None or place == 1:
        yield _non_conformance(serial, valve, start, closed=position is not None)
    if position is not None:
        yield from _release(serial, valve, [report.identifier for report in reports], start)


def _design(heat: str) -> dict[str, object]:
    """What the items of a valve have in common."""
    return {
        "safetyClass": _CLASSES["safetyClass"],
        "qaLevel": _CLASSES["qaLevel"],
        "seismicCategory": _CLASSES["seismic"],
        "designCode": DESIGN_CODE,
        "designPressure": 17.2,
        "designTemperature": 343,
        "materials": [heat],
    }


def _item(place: int, serial: str, heat: str, position: str | None, start: date) -> SampleRow:
    """The valve itself: installed, replaced after a while, or stopped."""
    replaced, successor = place == 0, place == VALVES_PER_HEAT - 1
    installed = REPLACED_DAY if successor else INSTALLED_DAY
    return VALVE_WORKS.row(
        "item",
        f"VALVE.{serial}",
        f"核级截止阀 {serial}",
        status="on_hold" if position is None else "superseded" if replaced else "in_use",
        recallFlag="none" if position else "stop",
        serialNo=f"V-{serial}",
        itemType="valve",
        licence="国核安证字S(24)06号",
        installedAt=position,
        installedDate=day(start, installed) if position else None,
        removedDate=day(start, REPLACED_DAY) if replaced else None,
        release=f"{VALVE_WORKS.prefix}/RELEASE.{serial}" if position else None,
        **_design(heat),
    )


def _release(serial: str, valve: str, reports: list[str], start: date) -> Iterator[SampleRow]:
    """The completion report and the release that rests on it."""
    reported = start + timedelta(days=105)
    completion = VALVE_WORKS.document("completion", f"EOMR-{serial}", f"制造完工报告 {serial}", reported, subjects=[valve])
    yield completion
    yield VALVE_WORKS.row(
        "release",
        f"RELEASE.{serial}",
        f"出厂放行单 {serial}",
        releaseNo=f"RL-{serial}",
        items=[valve],
        documents=[completion.identifier, *reports],
        date=day(start, 110),
    )


def _seam(number: int, serial: str, seam: int, valve: str, start: date, draw: Random) -> SampleRow:
    report = f"NDE-{serial}-{seam}"
    return VALVE_WORKS.row(
        "weld",
        f"WELD.{serial}-W{seam}",
        f"焊缝 {serial}-W{seam}",
        visibility="partners",
        weldNo=f"W{seam}",
        item=valve,
        jointType="butt",
        wpsNo=_WPS,
        pqrNo=_PQR,
        welder=f"{VALVE_WORKS.prefix}/STAFF.{draw.choice(_WELDERS)}",
        fillerLot=[f"{VALVE_WORKS.prefix}/LOT.ER316L-{number + draw.randrange(2):05d}"],
        weldDate=day(start, 70),
        preheat=20,
        interpass=draw.randrange(90, 150, 5),
        nde=[{"method": method, "reportNo": report, "result": "pass", "date": day(start, 75)} for method in ("PT", "RT")],
        ndeResult="pass",
        ndeReport=f"{VALVE_WORKS.prefix}/INSP.{serial}-NDE",
        repairCount=1 if draw.random() < 0.1 else 0,
    )


def _inspections(serial: str, valve: str, start: date, draw: Random) -> Iterator[SampleRow]:
    tested: dict[str, object] = {
        "pressure": near(draw, 25.8, 0.2, 1),
        "holdTime": 30,
        "witness": [PLANT.identifier],
        "witnessPoint": "H",
    }
    for kind, days, own in (("dimension", 78, {}), ("NDE", 80, {}), ("hydrostatic", 95, tested)):
        code = {"dimension": "DIM", "NDE": "NDE", "hydrostatic": "HYD"}[kind]
        yield VALVE_WORKS.row(
            "inspection",
            f"INSP.{serial}-{code}",
            f"检验报告 {serial} {code}",
            visibility="partners",
            reportNo=f"IR-{serial}-{code}",
            item=valve,
            kind=kind,
            result="pass",
            date=day(start, days),
            **own,
        )


def _non_conformance(serial: str, valve: str, start: date, *, closed: bool) -> SampleRow:
    return VALVE_WORKS.row(
        "ncr",
        f"NCR.{serial}-1",
        f"不符合项 {serial}-1",
        visibility="partners",
        ncrNo=f"NCR-{serial}-1",
        item=valve,
        recallFlag="none" if closed else "stop",
        category="minor",
        description="阀座堆焊层硬度低于技术条件下限",
        disposition="repair" if closed else None,
        approvedBy=PLANT.identifier if closed else None,
        openedDate=day(start, 82),
        closedDate=day(start, 90) if closed else None,
    )
