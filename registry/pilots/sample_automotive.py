"""Synthetic sample data of the automotive pilot: cathode lot → cell lot → cell → module → pack → vehicle.

A family is one run of two packs and the two vehicles they are fitted to. Its first pack takes cells of the lot made
one family earlier, its second mixes that lot with the family's own in one of its modules; so a suspect cell lot is found in
several packs, in some of them beside cells that are not suspect. Every third family exchanges a pack; the removed
one begins a second life.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from idis.proto.schemes import battery, vin
from idis.proto.schemes.battery import BatteryCode
from idis.registry.pilots.sample_row import Enterprise, SampleRow, day, family_start, made_uscc, moment, near

CELL_MAKER = Enterprise(
    "88.120.5",
    "示例星河电芯有限公司",
    "Example Xinghe Cell Co., Ltd.",
    made_uscc("320412", "MA1XH205"),
    False,
    "supplier",
    "江苏省常州市武进区示例路5号",
)
PACK_MAKER = Enterprise(
    "88.120.6",
    "示例远山电池系统有限公司",
    "Example Yuanshan Battery Systems Co., Ltd.",
    made_uscc("310120", "MA1YA206"),
    False,
    "manufacturer",
    "上海市奉贤区示例路6号",
)
VEHICLE_MAKER = Enterprise(
    "88.120.7",
    "示例海岸汽车有限公司",
    "Example Coast Motor Co., Ltd.",
    made_uscc("310114", "MA1HA207"),
    True,
    "manufacturer",
    "上海市嘉定区示例路7号",
)
ENTERPRISES = (CELL_MAKER, PACK_MAKER, VEHICLE_MAKER)

MODULES_PER_PACK = 8
CELLS_PER_MODULE = 12
PACKS_PER_RUN = 2
LOT_QUANTITY = 9_600  # cells
EXCHANGE_EVERY = 3  # families

CELL_AH = 150
CELL_V = 3.2
CELL_KG = 2.9
MODULE_KG = 40.0
PACK_KG = 382.0

VEHICLE_OF_THE_STORIES = "LSVAA49J132047371"  # made, but without a pack: fitting one is a step to be tried

_INVERTER_MAKER_USCC = made_uscc("330106", "MA1NB211")
_INVERTER_MAKER = f"{VEHICLE_MAKER.prefix}/ORG.{_INVERTER_MAKER_USCC}"
_PLANT = f"{VEHICLE_MAKER.prefix}/SITE.JD1"
_OPERATORS = ("A0411", "A0412", "A0437", "A0502")
_YEAR_LETTERS = {2024: "R", 2025: "S", 2026: "T"}


@dataclass(frozen=True, slots=True)
class _Lot:
    """A cell lot by its number: the same facts wherever it is used."""

    number: int

    @property
    def start(self) -> date:
        return family_start(max(self.number - 1, 0))

    @property
    def batch_id(self) -> str:
        return f"C{self.start:%y%m%d}-{self.number:05d}"

    @property
    def identifier(self) -> str:
        return f"{CELL_MAKER.prefix}/LOT.{self.batch_id}"


def foundation() -> Iterator[SampleRow]:
    """The enterprises, places and persons, the first cell lot, and the vehicle that waits for its pack."""
    for enterprise in ENTERPRISES:
        yield enterprise.organisation()
    yield VEHICLE_MAKER.partner(
        "示例南北电驱有限公司", "Example North-South Drives Co., Ltd.", _INVERTER_MAKER_USCC, "supplier", "浙江省杭州市示例路11号"
    )
    yield CELL_MAKER.site("WJ1", "武进电芯工厂", "plant", CELL_MAKER.address)
    yield PACK_MAKER.site("FX1", "奉贤电池包工厂", "plant", PACK_MAKER.address)
    yield VEHICLE_MAKER.site("JD1", "嘉定总装工厂", "plant", VEHICLE_MAKER.address)
    for number, surname in zip(_OPERATORS, "陈林黄郑", strict=True):
        yield VEHICLE_MAKER.person(number, surname, "总装操作", [])
    yield from _cell_lot(_Lot(0), flagged=False)
    yield _vehicle(VEHICLE_OF_THE_STORIES, "planned", family_start(0), "O-STORY-1")


def family(number: int, draw: Random) -> Iterator[SampleRow]:
    """One run: a new cell lot, two packs with all their modules and cells, and two vehicles."""
    start = family_start(number)
    older, newer = _Lot(number), _Lot(number + 1)
    notified = number % 4 == 0
    yield from _cell_lot(newer, flagged=notified)
    if notified:
        yield _notice(number, newer, start)
    yield _inverter_lot(number, start)
    for index in range(PACKS_PER_RUN):
        serial = number * PACKS_PER_RUN + index
        frame = _vin(start + timedelta(days=30), serial)
        yield _vehicle(frame, "in_use", start, f"O-{start:%y}-{serial:07d}")
        exchanged = number % EXCHANGE_EVERY == EXCHANGE_EVERY - 1 and index == 0
        pack = _pack_code(number, start, index)
        yield _pack(pack, frame, start, draw, removed=exchanged)
        yield from _modules(number, index, pack, start, (older, newer))
        yield _assembly(f"{serial:07d}-P", f"{PACK_MAKER.prefix}/PACK.{pack}", frame, start, 30, draw)
        yield _inverter(number, serial, frame, start)
        inverter = f"{VEHICLE_MAKER.prefix}/PART.INV-{serial:07d}"
        yield _assembly(f"{serial:07d}-I", inverter, frame, start, 30, draw)
        if exchanged:
            yield from _exchange(number, pack, frame, start, draw)


def _cell_lot(lot: _Lot, *, flagged: bool) -> Iterator[SampleRow]:
    start = lot.start
    cathode = f"CAM-{lot.number:05d}"
    yield CELL_MAKER.row(
        "lot",
        f"LOT.{cathode}",
        f"磷酸铁锂正极材料批 {cathode}",
        batchId=cathode,
        partNo="LFP-CAM-02",
        supplier=CELL_MAKER.identifier,
        productionDate=moment(start, -20, 600),
        quantity=2_400,
        uom="KGM",
    )
    certificate = CELL_MAKER.document("coa", f"COA-{lot.batch_id}", f"电芯批质检单 {lot.batch_id}", start)
    yield certificate
    yield CELL_MAKER.row(
        "lot",
        f"LOT.{lot.batch_id}",
        f"电芯批 {lot.batch_id}",
        recallFlag="check" if flagged else "none",
        batchId=lot.batch_id,
        partNo="CELL-LFP-150",
        supplier=CELL_MAKER.identifier,
        productionDate=moment(start, 0, 480),
        quantity=LOT_QUANTITY,
        uom="H87",
        inputs=[{"R": f"{CELL_MAKER.prefix}/LOT.{cathode}", "qty": 2_310, "uom": "KGM"}],
        coa=certificate.identifier,
        lineShift=f"L{lot.number % 3 + 1}-早班",
    )


def _notice(number: int, lot: _Lot, start: date) -> SampleRow:
    return CELL_MAKER.row(
        "qualityNotice",
        f"QN.{start:%Y}-{number:05d}",
        f"电芯批 {lot.batch_id} 排查通知",
        visibility="partners",
        noticeNo=f"QN-{start:%Y}-{number:05d}",
        kind="investigation",
        severity="major",
        affected=[lot.identifier],
        description="出厂后复核发现同批电芯自放电率偏高，请核查装用情况",
        cause="注液工序环境湿度超限",
        noticeStatus="sent",
        sentTo=[PACK_MAKER.identifier],
        targetDate=day(start, 150),
    )


def _modules(number: int, index: int, pack: str, start: date, lots: tuple[_Lot, _Lot]) -> Iterator[SampleRow]:
    older, newer = lots
    made = start + timedelta(days=10)
    for place in range(MODULES_PER_PACK):
        serial = (number * PACKS_PER_RUN + index) * MODULES_PER_PACK + place
        code = battery.encode(
            BatteryCode("001", "M", "B", "12", f"{number % 10_000_000:07d}", made, f"{serial % 10_000_000:07d}")
        )
        yield PACK_MAKER.row(
            "battery",
            f"MODULE.{code}",
            f"电池模块 {code}",
            batteryCode=code,
            productType="M",
            chemistry="B",
            modelId="MOD-12S-150",
            parent=f"{PACK_MAKER.prefix}/PACK.{pack}",
            ratedCapacity=CELL_AH,
            ratedVoltage=round(CELL_V * CELLS_PER_MODULE, 1),
            ratedEnergy=round(CELL_AH * CELL_V * CELLS_PER_MODULE / 1000, 2),
            mass=MODULE_KG,
            productionDate=made.isoformat(),
            **{"from": moment(start, 12, 540)},
        )
        for cell in range(CELLS_PER_MODULE):
            # The second pack's modules come from the newer lot, but for the first, where both meet.
            mixed = index == 1 and (place > 0 or cell >= CELLS_PER_MODULE // 2)
            yield _cell(serial * CELLS_PER_MODULE + cell, code, start, newer if mixed else older)


def _cell(serial: int, module: str, start: date, lot: _Lot) -> SampleRow:
    made = lot.start
    code = battery.encode(
        BatteryCode("04Q", "C", "B", "15", f"{lot.number % 10_000_000:07d}", made, f"{serial % 10_000_000:07d}")
    )
    return CELL_MAKER.row(
        "battery",
        f"CELL.{code}",
        f"电芯 {code}",
        batteryCode=code,
        productType="C",
        chemistry="B",
        modelId="CELL-LFP-150",
        parent=f"{PACK_MAKER.prefix}/MODULE.{module}",
        cellLot=lot.identifier,
        ratedCapacity=CELL_AH,
        ratedVoltage=CELL_V,
        ratedEnergy=round(CELL_AH * CELL_V / 1000, 2),
        mass=CELL_KG,
        productionDate=made.isoformat(),
        **{"from": moment(start, 10, 540)},
    )


def _pack_code(number: int, start: date, index: int, days: int = 14) -> str:
    made = start + timedelta(days=days)
    serial = number * (PACKS_PER_RUN + 1) + index
    return battery.encode(BatteryCode("001", "P", "B", "21", f"K{number % 1_000_000:06d}", made, f"{serial % 10_000_000:07d}"))


def _pack(
    code: str, frame: str, start: date, draw: Random, *, removed: bool = False, made: int = 14, fitted: int = 30
) -> SampleRow:
    removal = moment(start, 120, 660) if removed else None
    return PACK_MAKER.row(
        "battery",
        f"PACK.{code}",
        f"动力电池包 {code}",
        status="superseded" if removed else "in_use",
        batteryCode=code,
        productType="P",
        chemistry="B",
        modelId="PACK-96S-150",
        parent=f"{VEHICLE_MAKER.prefix}/VIN.{frame}",
        ratedCapacity=CELL_AH,
        ratedVoltage=307.2,
        ratedEnergy=46.08,
        mass=PACK_KG,
        productionDate=day(start, made),
        stateOfHealth=near(draw, 88.0, 4.0, 1) if removed else 100,
        **{"from": moment(start, fitted, 610), "to": removal},
    )


def _exchange(number: int, old: str, frame: str, start: date, draw: Random) -> Iterator[SampleRow]:
    """The pack removed from a vehicle, its successor in the vehicle, and its own second life."""
    successor = _pack_code(number, start, PACKS_PER_RUN, days=100)
    yield _pack(successor, frame, start, draw, made=100, fitted=121)
    yield _assembly(f"{number:07d}-X", f"{PACK_MAKER.prefix}/PACK.{successor}", frame, start, 121, draw)
    made = start + timedelta(days=160)
    again = battery.encode(BatteryCode("001", "P", "B", "21", "", made, f"{number % 10_000_000:07d}", second_life=True))
    yield PACK_MAKER.row(
        "battery",
        f"PACK.{again}",
        f"梯次利用电池包 {again}",
        batteryCode=again,
        productType="P",
        chemistry="B",
        modelId="STORAGE-96S-130",
        ratedCapacity=130,
        ratedVoltage=307.2,
        ratedEnergy=39.94,
        mass=PACK_KG,
        productionDate=made.isoformat(),
        stateOfHealth=near(draw, 86.0, 2.0, 1),
        secondLifeOf=f"{PACK_MAKER.prefix}/PACK.{old}",
    )


def _vin(made: date, serial: int) -> str:
    # WMI LEX, vehicle AA49J, one assembly plant per million vehicles
    plant = "23456789ABCDEFGH"[serial // 1_000_000 % 16]
    return vin.with_check_digit(f"LEXAA49J0{_YEAR_LETTERS[made.year]}{plant}{serial % 1_000_000:06d}")


def _vehicle(frame: str, status: str, start: date, order: str) -> SampleRow:
    return VEHICLE_MAKER.row(
        "vehicle",
        f"VIN.{frame}",
        f"示例海岸 E5 {frame}",
        status=status,
        localIds=[order],
        vin=frame,
        brand="示例海岸",
        model="E5",
        modelYear=2024,
        productionDate=day(start, 30),
        plant=_PLANT,
        motorNo=[f"M-{frame[-8:]}"],
        orderNo=order,
    )


def _inverter_lot(number: int, start: date) -> SampleRow:
    return VEHICLE_MAKER.row(
        "lot",
        f"LOT.INV-{number:06d}",
        f"逆变器批 INV-{number:06d}",
        producer=_INVERTER_MAKER,
        batchId=f"INV-{number:06d}",
        partNo="INV-400-180",
        supplier=_INVERTER_MAKER,
        productionDate=moment(start, 5, 500),
        quantity=PACKS_PER_RUN,
        uom="H87",
    )


def _inverter(number: int, serial: int, frame: str, start: date) -> SampleRow:
    return VEHICLE_MAKER.row(
        "part",
        f"PART.INV-{serial:07d}",
        f"逆变器 INV-{serial:07d}",
        producer=_INVERTER_MAKER,
        status="in_use",
        partNo="INV-400-180",
        nameAtManufacturer="180 kW 逆变器",
        supplier=_INVERTER_MAKER,
        serialNo=f"NB{serial:08d}",
        batch=f"{VEHICLE_MAKER.prefix}/LOT.INV-{number:06d}",
        customerPartId="5GE 907 425",
        productionDate=moment(start, 5, 500),
        country="CHN",
        inspectionResult="pass",
        installedOn=f"{VEHICLE_MAKER.prefix}/VIN.{frame}",
        installTime=moment(start, 30, 640),
        station="ST-210",
        torque=48,
        hasAlternatives=False,
    )


def _assembly(number: str, part: str, frame: str, start: date, days: int, draw: Random) -> SampleRow:
    return VEHICLE_MAKER.row(
        "assemblyRecord",
        f"ASSY.{number}",
        f"装机档案 {number}",
        visibility="partners",
        vehicle=f"{VEHICLE_MAKER.prefix}/VIN.{frame}",
        part=part,
        station="ST-180" if "/PACK." in part else "ST-210",
        time=moment(start, days, 610),
        orderMatch=True,
        productMatch=True,
        operator=f"{VEHICLE_MAKER.prefix}/STAFF.{draw.choice(_OPERATORS)}",
        tool="TQ-0187",
    )
