"""Synthetic sample data of the ship pilot: heat → plate → part → block → hull, with seams, papers and equipment.

A family is one hull: the mill's heats and plates for it, the plates cut into parts, the parts built into blocks, the
blocks erected. The first hull, H2588, is still on the slip and has no IMO number, and plate 24H0315-07 is still whole:
delivering the one and cutting the other are steps to be tried. Each heat is found in plates, and through them in
several blocks; one wire lot is found in the seams of two hulls.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from random import Random

from idis.proto.schemes import imo
from idis.registry.pilots.sample_row import Enterprise, SampleRow, day, family_start, file_of, made_uscc, moment, near

MILL = Enterprise(
    "88.118.21",
    "示例江海钢铁有限公司",
    "Example Jianghai Steel Co., Ltd.",
    made_uscc("320582", "MA1JH121"),
    False,
    "steelmaker",
    "江苏省张家港市示例路21号",
)
YARD = Enterprise(
    "88.118.8",
    "示例东方造船有限公司",
    "Example Orient Shipbuilding Co., Ltd.",
    made_uscc("310151", "MA1DF108"),
    False,
    "shipyard",
    "上海市崇明区示例路8号",
)
SOCIETY = Enterprise(
    "88.118.30",
    "示例船级社",
    "Example Classification Society",
    made_uscc("110101", "MA1CJ130"),
    True,
    "society",
    "北京市东城区示例路30号",
)
ENTERPRISES = (MILL, YARD, SOCIETY)

HULL_FIRST = 2588
HEAT_FIRST = 315
PLATE_LEFT_WHOLE = "24H0315-07"
IMO_BODY_FIRST = 950_000  # well above the numbers the stories use
HEATS_PER_HULL = 3
PLATES_PER_HEAT = 10
BLOCKS_PER_HULL = 6
SEAMS_PER_BLOCK = 5
STEEL_G_CM3 = 7.85

_WIRE_MAKER_USCC = made_uscc("120116", "MA1WX141")
_PUMP_MAKER_USCC = made_uscc("320213", "MA1PB142")
_ENGINE_MAKER_USCC = made_uscc("210211", "MA1FJ143")
_WIRE_MAKER = f"{YARD.prefix}/ORG.{_WIRE_MAKER_USCC}"
_PUMP_MAKER = f"{YARD.prefix}/ORG.{_PUMP_MAKER_USCC}"
_ENGINE_MAKER = f"{YARD.prefix}/ORG.{_ENGINE_MAKER_USCC}"

_WELDERS = ("W0172", "W0185", "W0203", "W0211", "W0226", "W0240")
_GRADES = ("AH36", "DH36", "EH36", "A", "B")
_PROCESSES = ("136", "121", "135")
_WPS = {process: f"WPS-{process}-{number:02d}" for number, process in enumerate(_PROCESSES, start=1)}
_THICKNESSES = (10, 12, 14, 16, 18, 20, 22, 25)
_TYPES = ("bulkCarrier", "container", "oilTanker", "chemicalTanker")
# What is bolted into each hull: code, name, maker, power in kW, place, form of certificate, whether it is in the IHM.
_EQUIPMENT = (
    ("ME", "主机", _ENGINE_MAKER, 9_960, "机舱", "C104", True),
    ("AE", "柴油发电机组", _ENGINE_MAKER, 880, "机舱平台", "C104", True),
    ("BP", "压载泵", _PUMP_MAKER, 75, "机舱底层", "C102", True),
    ("FP", "消防泵", _PUMP_MAKER, 37, "应急消防泵舱", "C102", False),
)


@dataclass(frozen=True, slots=True)
class _Plate:
    identifier: str
    number: str
    heat_no: str
    grade: str
    thickness: int


def foundation() -> Iterator[SampleRow]:
    """The enterprises and their partners, welders, welding procedures, the mill's approval and the first wire lot."""
    for enterprise in ENTERPRISES:
        yield enterprise.organisation()
    yield YARD.partner(
        "示例渤海焊材有限公司", "Example Bohai Welding Co., Ltd.", _WIRE_MAKER_USCC, "supplier", "天津市滨海新区示例路41号"
    )
    yield YARD.partner(
        "示例太湖泵业有限公司", "Example Taihu Pumps Co., Ltd.", _PUMP_MAKER_USCC, "supplier", "江苏省无锡市示例路42号"
    )
    yield YARD.partner(
        "示例辽东动力有限公司", "Example Liaodong Power Co., Ltd.", _ENGINE_MAKER_USCC, "supplier", "辽宁省大连市示例路43号"
    )
    for number, surname in zip(_WELDERS, "王李张刘赵孙", strict=True):
        yield YARD.person(number, surname, "焊工", list(_PROCESSES))
    approved = date(2023, 3, 1)
    for process, number in _WPS.items():
        pqr = YARD.document("pqr", number.replace("WPS", "PQR"), f"焊接工艺评定 {process}", approved)
        yield pqr
        wps = YARD.document(
            "wps", number, f"焊接工艺规程 {process}", approved, validUntil="2027-12-31", subjects=[pqr.identifier]
        )
        yield wps
    yield SOCIETY.row(
        "certificate",
        "CERT.W001-0021",
        "工厂认可证书 船用钢板",
        certificateNo="W001-0021",
        form="W001",
        issuer=SOCIETY.identifier,
        issueDate="2023-04-10",
        validUntil="2027-04-09",
        subjects=[MILL.identifier],
        **file_of("W001-0021"),
    )
    yield _wire_lot(0)


def family(number: int, draw: Random) -> Iterator[SampleRow]:
    """One hull with everything in it."""
    start = family_start(number)
    hull = f"H{HULL_FIRST + number}"
    yield _ship(number, hull, start)
    yield _wire_lot(number + 1)
    coating = YARD.document("coating", f"COAT-{hull}", f"涂装记录 {hull}", start + timedelta(days=110))
    yield coating
    blocks = [f"B{101 + index}" for index in range(BLOCKS_PER_HULL)]
    for index, block in enumerate(blocks):
        erected = 92 + 2 * index if number > 0 or index < 3 else None
        yield _block(hull, block, start, draw, erected=erected, coating=coating.identifier)
        yield _sub_block(hull, block, start, draw)
    plates: list[_Plate] = []
    for heat in range(HEATS_PER_HULL):
        for row in _heat(number * HEATS_PER_HULL + heat, hull, start, draw):
            if row.object_code == "plate":
                plates.append(_plate_of(row))
            yield row
    parts: dict[str, list[str]] = {block: [] for block in blocks}
    for row in _cutting(hull, plates, blocks, start):
        if row.object_code == "part":
            parts[str(row.fields["block"]).rsplit("-", 1)[1]].append(row.identifier)
        yield row
    for block in blocks:
        yield from _seams(number, hull, block, parts[block], start, draw)
    for item in _EQUIPMENT:
        yield from _equipment(hull, item, start)


def _ship(number: int, hull: str, start: date) -> SampleRow:
    delivered = number > 0
    body = str(IMO_BODY_FIRST + number)
    return YARD.row(
        "ship",
        f"SHIP.{hull}",
        f"示例轮 {hull}",
        status="in_use" if delivered else "active",
        imoNumber=f"IMO{body}{imo.check_digit(body)}" if delivered else None,
        hullNo=hull,
        shipyard=YARD.identifier,
        shipType=_TYPES[number % len(_TYPES)],
        flag="CHN" if delivered else None,
        classSociety="CCS",
        classNotation="★CSA 5/5",
        keelLayDate=day(start, 75),
        launchDate=day(start, 190) if delivered else None,
        deliveryDate=day(start, 260) if delivered else None,
        drawingVersion="C",
        grossTonnage=43_500 + number % 100 * 10,
    )


def _wire_lot(number: int) -> SampleRow:
    """A lot of flux-cored wire; lot n comes with hull n − 1 and is used up in hull n."""
    text = f"FCW24-{number:05d}"
    return YARD.row(
        "lot",
        f"LOT.{text}",
        f"药芯焊丝 {text}",
        producer=_WIRE_MAKER,
        lotNo=text,
        material="E501T-1 φ1.2",
        productionDate=day(family_start(max(number - 1, 0)), -10),
        quantity=2_000,
        uom="KGM",
    )


def _heat(number: int, hull: str, start: date, draw: Random) -> Iterator[SampleRow]:
    """A heat, its inspection certificate and its plates."""
    heat_no = f"{start:%y}H{HEAT_FIRST + number:04d}"
    grade = draw.choice(_GRADES)
    yield MILL.row(
        "heat",
        f"HEAT.{heat_no}",
        f"炉批 {heat_no}",
        heatNo=heat_no,
        steelmaker=MILL.identifier,
        castDate=day(start, 0),
        steelGrade=grade,
    )
    certificate = _mill_certificate(heat_no, hull, start, draw)
    yield certificate
    for place in range(1, PLATES_PER_HEAT + 1):
        thickness, width, length = draw.choice(_THICKNESSES), draw.randrange(2_000, 3_300, 50), draw.randrange(6_000, 12_500, 100)
        mass = round(thickness * width * length * STEEL_G_CM3 / 1_000_000 * draw.uniform(0.99, 1.01))
        yield MILL.row(
            "plate",
            f"PLATE.{heat_no}-{place:02d}",
            f"船板 {heat_no}-{place:02d}",
            plateNo=f"{heat_no}-{place:02d}",
            heatNo=heat_no,
            batchNo=f"{heat_no}-R1",
            steelGrade=grade,
            thickness=thickness,
            width=width,
            length=length,
            mass=mass,
            deliveryCondition="TM" if "H" in grade else "AR",
            supplier=MILL.identifier,
            certificate=certificate.identifier,
        )


def _mill_certificate(heat_no: str, hull: str, start: date, draw: Random) -> SampleRow:
    impact = [draw.randrange(80, 160) for _ in range(3)]
    strength = draw.randrange(365, 420)
    return MILL.row(
        "certificate",
        f"CERT.{heat_no}-32",
        f"质保书 {heat_no}",
        certificateNo=f"{heat_no}-32",
        form="EN10204-3.2",
        issuer=MILL.identifier,
        issueDate=day(start, 4),
        subjects=[f"{MILL.prefix}/HEAT.{heat_no}"],
        statementOfCompliance=True,
        orderNos=[f"PO-{hull}-01"],
        steelmakingProcess="BOF+LF+RH",
        chemical={
            "C": near(draw, 0.15, 0.02),
            "Mn": near(draw, 1.35, 0.1),
            "Si": near(draw, 0.28, 0.05),
            "P": near(draw, 0.014, 0.004, 3),
            "S": near(draw, 0.006, 0.003, 3),
            "Al": near(draw, 0.032, 0.006, 3),
            "Nb": near(draw, 0.02, 0.005, 3),
        },
        tensile={"yield": strength, "tensile": strength + draw.randrange(120, 170), "elongation": near(draw, 24.0, 2.0, 1)},
        impact={"values": impact, "mean": round(sum(impact) / 3, 1), "specimen": "KV2", "width": 10, "temperature": -20},
        **file_of(f"{heat_no}-32"),
    )


def _block(hull: str, block: str, start: date, draw: Random, *, erected: int | None, coating: str) -> SampleRow:
    return YARD.row(
        "block",
        f"BLOCK.{hull}-{block}",
        f"{hull} 分段 {block}",
        blockNo=block,
        hull=f"{YARD.prefix}/SHIP.{hull}",
        stage="coating" if erected else "grandAssembly",
        weight=near(draw, 96.0, 30.0, 1),
        drawingNo=f"{hull}-{block}-110",
        drawingVersion="C",
        inspectionResult="pass" if erected else None,
        inspectionDate=day(start, 88) if erected else None,
        inspector="陈检" if erected else None,
        erectionDate=day(start, erected) if erected else None,
        coatingRecord=coating if erected else None,
    )


def _sub_block(hull: str, block: str, start: date, draw: Random) -> SampleRow:
    return YARD.row(
        "block",
        f"BLOCK.{hull}-{block}A",
        f"{hull} 中组立 {block}A",
        blockNo=f"{block}A",
        hull=f"{YARD.prefix}/SHIP.{hull}",
        parentBlock=f"{YARD.prefix}/BLOCK.{hull}-{block}",
        stage="midAssembly",
        weight=near(draw, 31.0, 8.0, 1),
        drawingNo=f"{hull}-{block}A-110",
        drawingVersion="B",
        inspectionResult="pass",
        inspectionDate=day(start, 60),
        inspector="陈检",
    )


def _cutting(hull: str, plates: list[_Plate], blocks: list[str], start: date) -> Iterator[SampleRow]:
    """Every plate but the one left whole gives two parts, for two different blocks; the last also gives a remnant."""
    serial = 0
    for place, plate in enumerate(plates):
        if plate.number == PLATE_LEFT_WHOLE:
            continue
        job = f"CJ-{hull}-{place + 1:03d}"
        for half in (0, 1):
            serial += 1
            block = blocks[(place + half) % len(blocks)]
            yield YARD.row(
                "part",
                f"PART.{hull}-{block}-P{serial:03d}",
                f"零件 P{serial:03d}",
                status="in_use",
                partNo=f"P{serial:03d}",
                plate=plate.identifier,
                cuttingJob=job,
                cutTime=moment(start, 25, 480 + place),
                nestingNo=f"N-{place + 1:03d}",
                block=f"{YARD.prefix}/BLOCK.{hull}-{block}",
                fitUpTime=moment(start, 40, 480 + serial),
            )
    yield _remnant(plates[-1])


def _plate_of(row: SampleRow) -> _Plate:
    fields = row.fields
    thickness = fields["thickness"]
    assert isinstance(thickness, int)
    return _Plate(row.identifier, str(fields["plateNo"]), str(fields["heatNo"]), str(fields["steelGrade"]), thickness)


def _remnant(plate: _Plate) -> SampleRow:
    width, length = 900, 2_400
    return YARD.row(
        "plate",
        f"PLATE.{plate.number}-R1",
        f"余料 {plate.number}-R1",
        plateNo=f"{plate.number}-R1",
        heatNo=plate.heat_no,
        steelGrade=plate.grade,
        thickness=plate.thickness,
        width=width,
        length=length,
        mass=round(plate.thickness * width * length * STEEL_G_CM3 / 1_000_000),
        supplier=MILL.identifier,
        certificate=f"{MILL.prefix}/CERT.{plate.heat_no}-32",
        cutFrom=plate.identifier,
    )


def _seams(number: int, hull: str, block: str, parts: list[str], start: date, draw: Random) -> Iterator[SampleRow]:
    home = f"{YARD.prefix}/BLOCK.{hull}-{block}"
    report = f"UT-{hull}-{block}"
    for place, joined in enumerate(list(pairwise(parts))[:SEAMS_PER_BLOCK], start=1):
        process = draw.choice(_PROCESSES)
        preheat = draw.randrange(20, 90, 5)
        yield YARD.row(
            "weld",
            f"WELD.{hull}-{block}-W{place:03d}",
            f"焊缝 {block}-W{place:03d}",
            weldNo=f"W{place:03d}",
            block=home,
            joins=list(joined),
            jointType=draw.choice(("butt", "fillet", "T")),
            position=draw.choice(("PA", "PB", "PF")),
            process=process,
            wps=f"{YARD.prefix}/DOC.{_WPS[process]}",
            pqr=f"{YARD.prefix}/DOC.{_WPS[process].replace('WPS', 'PQR')}",
            welder=f"{YARD.prefix}/STAFF.{draw.choice(_WELDERS)}",
            consumables=[f"{YARD.prefix}/LOT.FCW24-{number + draw.randrange(2):05d}"],
            preheat=preheat,
            interpass=preheat + draw.randrange(40, 90, 5),
            weldTime=moment(start, 55, 500 + place * 20),
            nde=[{"method": "UT", "reportNo": report, "result": "pass", "date": day(start, 58)}],
            ndeResult="pass",
            repairCount=1 if draw.random() < 0.1 else 0,
        )


def _equipment(hull: str, item: tuple[str, str, str, int, str, str, bool], start: date) -> Iterator[SampleRow]:
    """A machine with the society's certificate and, where the inventory covers it, a material declaration."""
    code, name, maker, power, place, form, declared = item
    serial = f"{code}-{hull}-1"
    identifier, certificate = f"{YARD.prefix}/EQUIP.{serial}", f"{SOCIETY.prefix}/CERT.{form}-{serial}"
    declaration = f"{YARD.prefix}/MD.{serial}"
    yield YARD.row(
        "equipment",
        f"EQUIP.{serial}",
        f"{hull} {name}",
        producer=maker,
        status="in_use",
        equipmentCode=f"CSN-{code}-{power}",
        serialNo=serial,
        model=f"{code}{power}",
        productionDate=day(start, 20),
        ratedPower=power,
        location=place,
        installedOn=f"{YARD.prefix}/SHIP.{hull}",
        installDate=day(start, 120),
        certificates=[certificate],
        materialDeclarations=[declaration] if declared else None,
        ihmScope=declared,
    )
    yield SOCIETY.row(
        "certificate",
        f"CERT.{form}-{serial}",
        f"{name} 产品证书",
        certificateNo=f"{form}-{serial}",
        form=form,
        issuer=SOCIETY.identifier,
        issueDate=day(start, 30),
        subjects=[identifier],
        **file_of(f"{form}-{serial}"),
    )
    if declared:
        yield YARD.row(
            "materialDeclaration",
            f"MD.{serial}",
            f"{name} 材料声明",
            producer=maker,
            mdNo=f"MD-{serial}",
            sdocNo=f"SDOC-{serial}",
            supplier=maker,
            subject=identifier,
            lines=[
                {"table": "A", "substance": "asbestos", "aboveThreshold": False},
                {"table": "B", "substance": "Pb", "aboveThreshold": True, "mass": 1.2, "use": "轴承合金"},
            ],
            ihmPart="I",
            location=place,
            date=day(start, 100),
        )
