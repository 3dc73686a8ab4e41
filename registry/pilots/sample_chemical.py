"""Synthetic sample data of the chemical pilot: feedstock lot → batch → drum → shipment → receipt → blend → drum.

A family is one campaign: cumene lots become acetone and phenol, acetone is filled into drums and carried to the
blender, whose cleaning solvent is mixed from this campaign's acetone and the one before. So an impure cumene lot is found
in the drums of two blends.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from idis.proto.schemes import sscc
from idis.registry.pilots.sample_row import Enterprise, SampleRow, day, family_start, file_of, made_uscc, moment, near

PRODUCER = Enterprise(
    "88.130.4",
    "示例金湾石化有限公司",
    "Example Jinwan Petrochemical Co., Ltd.",
    made_uscc("310116", "MA1JW304"),
    False,
    "manufacturer",
    "上海市金山区示例路4号",
)
BLENDER = Enterprise(
    "88.130.9",
    "示例清源精细化工有限公司",
    "Example Qingyuan Fine Chemicals Co., Ltd.",
    made_uscc("320508", "MA1QY309"),
    False,
    "manufacturer",
    "江苏省苏州市示例路9号",
)
CARRIER = Enterprise(
    "88.130.15",
    "示例顺达化工物流有限公司",
    "Example Shunda Chemical Logistics Co., Ltd.",
    made_uscc("310115", "MA1WL315"),
    True,
    "carrier",
    "上海市浦东新区示例路15号",
)
ENTERPRISES = (PRODUCER, BLENDER, CARRIER)

CUMENE_KG = 26_000
ACETONE_KG = 8_200
PHENOL_KG = 13_300
DRUMS_PER_BATCH = 20
DRUM_KG = 158
DRUM_TARE_KG = 18
DRUMS_PER_PALLET = 4
PALLET_TARE_KG = 22
BLEND_OLD_KG = 1_100
BLEND_NEW_KG = 1_460
BLEND_ISOPROPANOL_KG = 1_240

_COMPANY_PREFIXES = {PRODUCER.prefix: "6901234", BLENDER.prefix: "6905678"}
_DRIVERS = ("D2201", "D2202", "D2203")
_ESCORTS = ("Y3301", "Y3302")
_EMERGENCY_PHONE = "+86-21-0000-0119"


@dataclass(frozen=True, slots=True)
class _Substance:
    """A product by its facts in the hazard lists."""

    code: str
    chinese: str
    english: str
    components: tuple[tuple[str, str, float, float], ...]  # CAS, EC, least and most mass %
    un: str
    shipping_name: str
    hazard_class: str
    packing_group: str
    ghs_classes: tuple[str, ...]
    pictograms: tuple[str, ...]
    statements: tuple[str, ...]
    precautions: tuple[str, ...]


CUMENE = _Substance(
    "CUM",
    "异丙苯",
    "cumene",
    (("98-82-8", "202-704-5", 99.5, 100.0),),
    "UN1918",
    "ISOPROPYLBENZENE",
    "3",
    "III",
    ("Flam. Liq. 3", "Asp. Tox. 1", "STOT SE 3", "Aquatic Chronic 2"),
    ("GHS02", "GHS07", "GHS08", "GHS09"),
    ("H226", "H304", "H335", "H411"),
    ("P210", "P273", "P301+P310", "P331"),
)
ACETONE = _Substance(
    "ACE",
    "丙酮",
    "acetone",
    (("67-64-1", "200-662-2", 99.5, 100.0),),
    "UN1090",
    "ACETONE",
    "3",
    "II",
    ("Flam. Liq. 2", "Eye Irrit. 2", "STOT SE 3"),
    ("GHS02", "GHS07"),
    ("H225", "H319", "H336"),
    ("P210", "P261", "P305+P351+P338"),
)
PHENOL = _Substance(
    "PHE",
    "苯酚（熔融）",
    "phenol, molten",
    (("108-95-2", "203-632-7", 99.8, 100.0),),
    "UN2312",
    "PHENOL, MOLTEN",
    "6.1",
    "II",
    ("Acute Tox. 3", "Skin Corr. 1B", "Muta. 2", "STOT RE 2"),
    ("GHS05", "GHS06", "GHS08"),
    ("H301", "H311", "H331", "H314", "H341", "H373"),
    ("P260", "P280", "P301+P310", "P303+P361+P353"),
)
ISOPROPANOL = _Substance(
    "IPA",
    "异丙醇",
    "isopropanol",
    (("67-63-0", "200-661-7", 99.7, 100.0),),
    "UN1219",
    "ISOPROPANOL",
    "3",
    "II",
    ("Flam. Liq. 2", "Eye Irrit. 2", "STOT SE 3"),
    ("GHS02", "GHS07"),
    ("H225", "H319", "H336"),
    ("P210", "P261", "P305+P351+P338"),
)
SOLVENT = _Substance(
    "SOL",
    "清洗溶剂 S-65",
    "cleaning solvent S-65",
    (("67-64-1", "200-662-2", 60.0, 70.0), ("67-63-0", "200-661-7", 30.0, 40.0)),
    "UN1993",
    "FLAMMABLE LIQUID, N.O.S.",
    "3",
    "II",
    ("Flam. Liq. 2", "Eye Irrit. 2", "STOT SE 3"),
    ("GHS02", "GHS07"),
    ("H225", "H319", "H336"),
    ("P210", "P261", "P305+P351+P338"),
)
_PRODUCTS = ((PRODUCER, CUMENE), (PRODUCER, ACETONE), (PRODUCER, PHENOL), (BLENDER, ISOPROPANOL), (BLENDER, SOLVENT))


def foundation() -> Iterator[SampleRow]:
    """The enterprises, places, drivers, products with their sheets and labels, and the acetone of the campaign before."""
    for enterprise in ENTERPRISES:
        yield enterprise.organisation()
    yield PRODUCER.site("JW-W2", "金湾二号成品库", "warehouse", PRODUCER.address)
    yield BLENDER.site("QY-G1", "清源收货区", "warehouse", BLENDER.address)
    yield BLENDER.site("CUST-07", "客户 07 卸货点", "customer", "浙江省嘉兴市示例路7号")
    for number, surname in zip(_DRIVERS, "吴周徐", strict=True):
        yield CARRIER.person(number, surname, "危险货物运输驾驶", [])
    for number, surname in zip(_ESCORTS, "马朱", strict=True):
        yield CARRIER.person(number, surname, "危险货物运输押运", [])
    for maker, substance in _PRODUCTS:
        yield from _product(maker, substance)
    yield from _campaign(0, family_start(0), Random("before the first campaign"))


def family(number: int, draw: Random) -> Iterator[SampleRow]:
    """One campaign: feedstock, acetone and phenol, drums on pallets, the journey, the blend and its own journey."""
    start = family_start(number)
    campaign = number + 1
    yield from _campaign(campaign, start, draw)
    acetone = _batch_of(PRODUCER, ACETONE, campaign)
    pallets = yield from _drums(PRODUCER, ACETONE, acetone, campaign, start, 6)
    yield from _journey(f"{campaign:06d}-1", pallets, ("JW-W2", "QY-G1"), start, 8, draw)
    yield _receipt(campaign, acetone, start, draw)
    blend = yield from _blend(campaign, start, draw)
    filled = yield from _drums(BLENDER, SOLVENT, blend, campaign, start, 16)
    yield from _journey(f"{campaign:06d}-2", filled, ("QY-G1", "CUST-07"), start, 20, draw)


def _product(maker: Enterprise, substance: _Substance) -> Iterator[SampleRow]:
    issued = date(2023, 9, 1)
    number = f"{substance.code}-zh-4"
    common = {"version": "4", "language": "zh-CN", "country": "CHN"}
    sheet = maker.document("sds", f"SDS-{number}", f"{substance.chinese} 安全技术说明书", issued, sections=16, **common)
    label = maker.document("label", f"LABEL-{number}", f"{substance.chinese} 安全标签", issued, **common)
    yield sheet
    yield label
    registration = f"31{maker.prefix.rsplit('.', 1)[1].zfill(4)}{substance.components[0][0].replace('-', '').zfill(9)}"
    yield maker.row(
        "product",
        f"PRODUCT.{substance.code}",
        substance.chinese,
        nameEn=substance.english,
        registrationNo=registration,
        safetyCode=f"https://chem.example/{registration}",
        nameCn=substance.chinese,
        components=[{"casNo": cas, "ecNo": ec, "min": least, "max": most} for cas, ec, least, most in substance.components],
        unNumber=substance.un,
        properShippingName=substance.shipping_name,
        hazardClass=substance.hazard_class,
        packingGroup=substance.packing_group,
        ghsClasses=list(substance.ghs_classes),
        pictograms=list(substance.pictograms),
        signalWord="危险",
        hStatements=list(substance.statements),
        pStatements=list(substance.precautions),
        sds=[sheet.identifier],
        label=label.identifier,
        emergencyPhone=_EMERGENCY_PHONE,
        storageClass="3" if substance.hazard_class == "3" else "6.1A",
    )


def _batch_of(maker: Enterprise, substance: _Substance, campaign: int) -> str:
    return f"{maker.prefix}/BATCH.{substance.code}-{campaign:06d}"


def _campaign(campaign: int, start: date, draw: Random) -> Iterator[SampleRow]:
    """Two lots of cumene, and the acetone and phenol made from both."""
    lots = []
    for half in "AB":
        row = _batch(PRODUCER, CUMENE, f"CUM-{campaign:06d}{half}", start, -6, CUMENE_KG // 2, draw)
        lots.append(row.identifier)
        yield row
    # Both products come from the same cumene; each input is what that product's share took.
    for substance, quantity in ((ACETONE, ACETONE_KG), (PHENOL, PHENOL_KG)):
        number = f"{substance.code}-{campaign:06d}"
        certificate = f"{PRODUCER.prefix}/COA.{number}"
        share = quantity // 2 + 60
        inputs = [{"R": lot, "qty": share, "uom": "KGM"} for lot in lots]
        yield _batch(PRODUCER, substance, number, start, 0, quantity, draw, inputs=inputs, coa=certificate)
        yield _analysis(PRODUCER, substance, number, start, 1, draw)


def _batch(
    maker: Enterprise,
    substance: _Substance,
    number: str,
    start: date,
    made: int,
    quantity: int,
    draw: Random,
    **fields: object,
) -> SampleRow:
    return maker.row(
        "batch",
        f"BATCH.{number}",
        f"{substance.chinese} 批 {number}",
        batchNo=number,
        product=f"{maker.prefix}/PRODUCT.{substance.code}",
        productionDate=day(start, made),
        expiryDate=day(start, made + 730),
        retestDate=day(start, made + 365),
        quantity=quantity,
        uom="KGM",
        purity=near(draw, 99.85, 0.1),
        mixing="homogeneous",
        batchRecord=f"BR-{number}",
        storageMin=0,
        storageMax=30,
        releaseStatus="released" if "coa" in fields else "quarantine",
        **fields,
    )


def _analysis(maker: Enterprise, substance: _Substance, number: str, start: date, issued: int, draw: Random) -> SampleRow:
    return maker.row(
        "coa",
        f"COA.{number}",
        f"{substance.chinese} 质检单 {number}",
        visibility="partners",
        coaNo=f"COA-{number}",
        batch=f"{maker.prefix}/BATCH.{number}",
        tests=[
            _test("纯度", "GB/T 6026", "≥ 99.5", near(draw, 99.85, 0.1), "%"),
            _test("水分", "GB/T 6283", "≤ 0.30", near(draw, 0.15, 0.05), "%"),
            _test("色度", "GB/T 3143", "≤ 10", draw.randrange(3, 8), "Hazen"),
        ],
        version="1",
        language="zh-CN",
        issueDate=day(start, issued),
        approver="质检主管",
        **file_of(f"COA-{number}"),
    )


def _test(name: str, method: str, spec: str, result: float, unit: str) -> dict[str, object]:
    return {"name": name, "method": method, "spec": spec, "result": str(result), "unit": unit, "pass": True}


def _container_code(maker: Enterprise, serial: int, extension: str) -> str:
    body = f"{extension}{_COMPANY_PREFIXES[maker.prefix]}{serial:09d}"
    return body + sscc.check_digit(body)


def _drums(
    maker: Enterprise, substance: _Substance, batch: str, campaign: int, start: date, filled: int
) -> Generator[SampleRow, None, list[str]]:
    """Drums of one batch on pallets; returns the pallets."""
    pallets = []
    for place in range(DRUMS_PER_BATCH):
        if place % DRUMS_PER_PALLET == 0:
            pallet = _container_code(maker, campaign * (DRUMS_PER_BATCH // DRUMS_PER_PALLET) + place // DRUMS_PER_PALLET, "3")
            pallets.append(f"{maker.prefix}/SSCC.{pallet}")
            yield _package(maker, "SSCC", pallet, f"托盘 {pallet}", batch, start, filled, (2, None, DRUMS_PER_PALLET), None)
        drum = f"{substance.code}-{campaign:06d}-{place + 1:03d}"
        yield _package(maker, "DRUM", drum, f"{substance.chinese} 桶 {drum}", batch, start, filled, (1, "1A1", 1), pallets[-1])
    return pallets


def _package(
    maker: Enterprise,
    word: str,
    number: str,
    name: str,
    batch: str,
    start: date,
    filled: int,
    kind: tuple[int, str | None, int],
    parent: str | None,
) -> SampleRow:
    level, packaging, drums = kind
    net = DRUM_KG * drums
    gross = net + DRUM_TARE_KG * drums + (PALLET_TARE_KG if parent is None else 0)
    times = {} if parent is None else {"from": moment(start, filled, 900)}
    return maker.row(
        "package",
        f"{word}.{number}",
        name,
        packageNo=number,
        level=level,
        batch=batch,
        packagingType=packaging,
        netMass=net,
        grossMass=gross,
        parentPackage=parent,
        fillDate=day(start, filled),
        seal=f"S{number[-7:]}" if parent else None,
        **times,
    )


def _journey(number: str, items: list[str], way: tuple[str, str], start: date, leaves: int, draw: Random) -> Iterator[SampleRow]:
    """A way bill with its temperature log."""
    log = CARRIER.document("temperatureLog", f"TL-{number}", f"温度记录 {number}", start + timedelta(days=leaves))
    yield log
    origin, goal = (f"{BLENDER.prefix if site.startswith(('QY', 'CUST')) else PRODUCER.prefix}/SITE.{site}" for site in way)
    yield CARRIER.row(
        "shipment",
        f"WAYBILL.{number}",
        f"电子运单 {number}",
        visibility="partners",
        waybillNo=f"WB{number}",
        items=items,
        carrier=CARRIER.identifier,
        vehicleNo=f"沪A{draw.randrange(10_000, 99_999)}",
        driver=f"{CARRIER.prefix}/STAFF.{draw.choice(_DRIVERS)}",
        escort=f"{CARRIER.prefix}/STAFF.{draw.choice(_ESCORTS)}",
        departTime=moment(start, leaves, 420),
        arriveTime=moment(start, leaves, 645),
        temperatureLog=log.identifier,
        **{"from": origin, "to": goal},
    )


def _receipt(campaign: int, batch: str, start: date, draw: Random) -> SampleRow:
    number = f"RC-{campaign:06d}"
    return BLENDER.row(
        "receipt",
        f"RECEIPT.{number}",
        f"丙酮进货验收 {number}",
        visibility="partners",
        receiptNo=number,
        shipment=f"{CARRIER.prefix}/WAYBILL.{campaign:06d}-1",
        supplierBatchNo=batch.rsplit("BATCH.", 1)[1],
        materialCode="RM-ACE-01",
        spec="工业级优等品",
        quantity=DRUM_KG * DRUMS_PER_BATCH,
        mainContent=f"{near(draw, 99.8, 0.1)} %",
        factoryReport=f"{PRODUCER.prefix}/COA.ACE-{campaign:06d}",
        sdsAndLabel=True,
        threeCertsOneMark=True,
        conclusion="accept",
    )


def _blend(campaign: int, start: date, draw: Random) -> Generator[SampleRow, None, str]:
    """Isopropanol and the solvent mixed from it and from two campaigns' acetone; returns the solvent's batch."""
    isopropanol = _batch(BLENDER, ISOPROPANOL, f"IPA-{campaign:06d}", start, 5, 5_000, draw)
    yield isopropanol
    number = f"SOL-{campaign:06d}"
    inputs = [
        {"R": _batch_of(PRODUCER, ACETONE, campaign - 1), "qty": BLEND_OLD_KG, "uom": "KGM"},
        {"R": _batch_of(PRODUCER, ACETONE, campaign), "qty": BLEND_NEW_KG, "uom": "KGM"},
        {"R": isopropanol.identifier, "qty": BLEND_ISOPROPANOL_KG, "uom": "KGM"},
    ]
    total = BLEND_OLD_KG + BLEND_NEW_KG + BLEND_ISOPROPANOL_KG
    solvent = _batch(BLENDER, SOLVENT, number, start, 14, total, draw, inputs=inputs, coa=f"{BLENDER.prefix}/COA.{number}")
    yield solvent
    yield _analysis(BLENDER, SOLVENT, number, start, 15, draw)
    return solvent.identifier
