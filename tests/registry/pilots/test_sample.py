"""The sample data of the four pilots: linked, valid, repeatable, and rich enough for the tracing questions."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date
from functools import cache
from itertools import islice

import pytest

from idis.proto.schemes.table import SCHEMES
from idis.registry.pilots.finding import Invalid, Valid
from idis.registry.pilots.sample import ENTERPRISES, SECONDARIES, SampleRow, generate
from idis.registry.pilots.table import PILOTS
from idis.registry.pilots.validation import validate

PILOT_NAMES = ("ship", "automotive", "chemical", "nuclear")
TODAY = date(2026, 1, 15)


@cache
def _rows(pilot: str) -> tuple[SampleRow, ...]:
    return tuple(generate(pilot))


def _of(pilot: str, code: str) -> list[SampleRow]:
    return [row for row in _rows(pilot) if row.object_code == code]


def _references(cell: object) -> Iterator[str]:
    match cell:
        case str() if cell.startswith("88.") and "/" in cell:
            yield cell
        case list():
            for item in cell:
                yield from _references(item)
        case dict():
            for item in cell.values():
                yield from _references(item)


def _octets(rows: Iterator[SampleRow]) -> list[str]:
    return [json.dumps([row.prefix, row.object_code, row.identifier, row.fields], ensure_ascii=False) for row in rows]


@pytest.mark.parametrize("pilot", PILOT_NAMES)
def test_every_row_is_accepted(pilot: str) -> None:
    """No generated row breaks a rule of its pilot."""
    schema = PILOTS[pilot]
    results = [validate(schema, row.object_code, row.fields, identifier=row.identifier, today=TODAY) for row in _rows(pilot)]

    refused = [str(finding) for result in results if isinstance(result, Invalid) for finding in result.findings]

    assert refused == []


@pytest.mark.parametrize("pilot", PILOT_NAMES)
def test_warnings_are_only_about_second_life_codes(pilot: str) -> None:
    """Believable data raise no doubts, but for the code lengths the sources do not agree on."""
    schema = PILOTS[pilot]
    results = [validate(schema, row.object_code, row.fields, identifier=row.identifier, today=TODAY) for row in _rows(pilot)]

    warnings = [str(finding) for result in results if isinstance(result, Valid) for finding in result.warnings]

    assert [warning for warning in warnings if "second-life" not in warning] == []


@pytest.mark.parametrize("pilot", PILOT_NAMES)
def test_default_size_is_at_least_500_records(pilot: str) -> None:
    """A pilot has data enough to make tracing worth trying, and not many more than asked for."""
    assert 600 <= len(_rows(pilot)) < 900


@pytest.mark.parametrize("pilot", PILOT_NAMES)
def test_identifiers_are_unique(pilot: str) -> None:
    """No two rows share an identifier, compared as identifiers are."""
    counted = Counter(row.identifier.upper() for row in _rows(pilot))

    assert [identifier for identifier, count in counted.items() if count > 1] == []


@pytest.mark.parametrize("pilot", PILOT_NAMES)
def test_exclusive_names_are_unique(pilot: str) -> None:
    """No two records claim the same exclusive alias: a VIN, a plate number of one mill, a way bill of one carrier."""
    schema = PILOTS[pilot]
    exclusive = {
        (code, field.alias.scheme)
        for code, object_type in schema.objects.items()
        for field in object_type.fields
        if field.alias is not None and field.unique
    }
    claimed: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for row in _rows(pilot):
        result = validate(schema, row.object_code, row.fields, identifier=row.identifier, today=TODAY)
        for alias in result.record.aliases if isinstance(result, Valid) else ():
            if (row.object_code, alias.scheme) in exclusive:
                claimed[row.object_code, alias.scheme, alias.local_id].add(row.identifier)

    assert [name for name, claimants in claimed.items() if len(claimants) > 1] == []


@pytest.mark.parametrize("pilot", PILOT_NAMES)
def test_every_reference_resolves(pilot: str) -> None:
    """Whatever a row points to is a generated record, of whichever enterprise."""
    known = {row.identifier for row in _rows(pilot)}
    named = {reference for row in _rows(pilot) for cell in row.fields.values() for reference in _references(cell)}

    assert named - known == set()


@pytest.mark.parametrize("pilot", PILOT_NAMES)
def test_references_point_to_the_kind_of_thing_the_schema_wants(pilot: str) -> None:
    """A plate's certificate is a certificate, a vehicle's plant a site."""
    kinds = {row.identifier: row.object_code for row in _rows(pilot)}
    wrong = [
        (row.identifier, field.name, reference)
        for row in _rows(pilot)
        for field in PILOTS[pilot].objects[row.object_code].fields
        if field.references and field.name in row.fields
        for reference in _references(row.fields[field.name])
        if kinds[reference] not in field.references
    ]

    assert wrong == []


@pytest.mark.parametrize("pilot", PILOT_NAMES)
def test_chain_runs_across_two_nodes_and_a_hosted_enterprise(pilot: str) -> None:
    """Every enterprise of the pilot owns records that point into another enterprise or are pointed to from one."""
    across = {
        prefix
        for row in _rows(pilot)
        for cell in row.fields.values()
        for reference in _references(cell)
        if (other := reference.partition("/")[0]) != row.prefix
        for prefix in (row.prefix, other)
    }
    enterprises = ENTERPRISES[pilot]

    assert across == {enterprise.prefix for enterprise in enterprises}
    assert sorted(enterprise.hosted for enterprise in enterprises) == [False, False, True]


@pytest.mark.parametrize("pilot", PILOT_NAMES)
def test_enterprises_are_below_their_secondary_node_and_have_right_codes(pilot: str) -> None:
    """Prefixes are one label below the pilot's secondary prefix; social credit codes pass their check."""
    for enterprise in ENTERPRISES[pilot]:
        assert enterprise.prefix.rpartition(".")[0] == SECONDARIES[pilot]
        assert SCHEMES["uscc"].check(enterprise.uscc).ok


@pytest.mark.parametrize("pilot", PILOT_NAMES)
def test_rows_belong_to_the_prefix_they_name(pilot: str) -> None:
    """The identifier begins with the row's prefix."""
    assert [row.identifier for row in _rows(pilot) if not row.identifier.startswith(f"{row.prefix}/")] == []


@pytest.mark.parametrize("pilot", PILOT_NAMES)
def test_same_seed_same_octets(pilot: str) -> None:
    """Two runs with one seed agree to the octet."""
    assert _octets(generate(pilot, seed=7)) == _octets(generate(pilot, seed=7))


@pytest.mark.parametrize("pilot", PILOT_NAMES)
def test_other_seed_gives_other_values_under_the_same_identifiers(pilot: str) -> None:
    """A seed changes what was measured, not what there is."""
    one, other = list(generate(pilot, seed=1)), list(generate(pilot, seed=2))

    assert [row.identifier for row in one] == [row.identifier for row in other]
    assert one != other


@pytest.mark.parametrize("pilot", PILOT_NAMES)
def test_a_larger_size_begins_with_the_smaller(pilot: str) -> None:
    """Growing the sample adds to it and changes nothing."""
    small = list(generate(pilot, size=500))

    assert list(islice(generate(pilot, size=5_000), len(small))) == small


@pytest.mark.parametrize("pilot", PILOT_NAMES)
def test_some_fields_are_for_few_eyes(pilot: str) -> None:
    """Each pilot has records or fields that are not public, so that hiding can be tried."""
    schema = PILOTS[pilot]
    hidden = [
        row.identifier
        for row in _rows(pilot)
        if row.fields["visibility"] != "public"
        or any(field.private and field.name in row.fields for field in schema.objects[row.object_code].fields)
    ]

    assert hidden


def test_unknown_pilot_is_refused_at_once() -> None:
    """The name is looked up when the rows are asked for, not when the first is taken."""
    with pytest.raises(KeyError):
        generate("aerospace")


def test_story_of_the_ship_can_begin() -> None:
    """The block and the whole plate of the user stories are there, and the first hull waits for its IMO number."""
    rows = {row.identifier: row for row in _rows("ship")}
    cut = {row.fields["plate"] for row in _of("ship", "part")}

    assert rows["88.118.8/BLOCK.H2588-B102"].fields["hull"] == "88.118.8/SHIP.H2588"
    assert "imoNumber" not in rows["88.118.8/SHIP.H2588"].fields
    assert "88.118.21/PLATE.24H0315-07" in rows
    assert "88.118.21/PLATE.24H0315-07" not in cut


def test_one_heat_reaches_several_blocks() -> None:
    """A suspect heat is found in many plates and in every block of its hull."""
    plates = {row.identifier for row in _of("ship", "plate") if row.fields["heatNo"] == "24H0318"}
    blocks = {row.fields["block"] for row in _of("ship", "part") if row.fields["plate"] in plates}

    assert len(plates) == 10
    assert len(blocks) == 6


def test_plates_name_a_heat_of_their_mill() -> None:
    """The heat number of every plate is that of a heat cast by its supplier."""
    heats = {(row.fields["heatNo"], row.fields["steelmaker"]) for row in _of("ship", "heat")}

    assert {(row.fields["heatNo"], row.fields["supplier"]) for row in _of("ship", "plate")} <= heats


def test_one_wire_lot_reaches_two_hulls() -> None:
    """A suspect wire lot is found in the seams of more than one hull."""
    hulls = defaultdict(set)
    for row in _of("ship", "weld"):
        for lot in _references(row.fields["consumables"]):
            hulls[lot].add(str(row.fields["block"]).rsplit("-", 1)[0])

    assert max(map(len, hulls.values())) == 2


def test_one_cell_lot_reaches_several_packs_and_is_mixed_in_one() -> None:
    """A suspect cell lot is found in more than two packs, in one of them beside another lot."""
    parent = {row.identifier: str(row.fields.get("parent", "")) for row in _of("automotive", "battery")}
    packs: dict[str, set[str]] = defaultdict(set)  # by lot
    lots: dict[str, set[str]] = defaultdict(set)  # by pack
    for row in _of("automotive", "battery"):
        if lot := row.fields.get("cellLot"):
            pack = parent[parent[row.identifier]]
            packs[str(lot)].add(pack)
            lots[pack].add(str(lot))

    assert max(map(len, packs.values())) > 2
    assert {len(found) for found in lots.values()} == {1, 2}


def test_pack_holds_96_cells_in_8_modules() -> None:
    """The genealogy of a pack is complete, and no module of it is overfull."""
    modules = Counter(row.fields["parent"] for row in _of("automotive", "battery") if row.fields["productType"] == "M")
    cells = Counter(row.fields["parent"] for row in _of("automotive", "battery") if row.fields["productType"] == "C")

    assert set(modules.values()) == {8}
    assert set(cells.values()) == {12}


def test_exchanged_pack_leaves_its_interval_behind() -> None:
    """One vehicle had two packs, one after the other, and the first began a second life."""
    packs = [row for row in _of("automotive", "battery") if row.fields["productType"] == "P" and "parent" in row.fields]
    removed = next(row for row in packs if "to" in row.fields)
    successor = next(row for row in packs if row.fields["parent"] == removed.fields["parent"] and row is not removed)
    again = next(row for row in _of("automotive", "battery") if "secondLifeOf" in row.fields)

    assert str(removed.fields["to"]) < str(successor.fields["from"])
    assert again.fields["secondLifeOf"] == removed.identifier


def test_batch_is_mixed_from_two_campaigns() -> None:
    """The solvent holds acetone of two campaigns, so an impure feedstock lot reaches two blends."""
    blends = [row for row in _of("chemical", "batch") if "SOL-" in row.identifier]
    acetone = Counter(reference for row in blends for reference in _references(row.fields["inputs"]) if "ACE-" in reference)

    assert max(acetone.values()) == 2


def test_inputs_are_made_before_what_is_made_of_them() -> None:
    """No batch takes in what did not yet exist."""
    made = {row.identifier: str(row.fields["productionDate"]) for row in _of("chemical", "batch")}
    early = [
        (row.identifier, reference)
        for row in _of("chemical", "batch")
        for reference in _references(row.fields.get("inputs", []))
        if made[reference] > made[row.identifier]
    ]

    assert early == []


def test_position_has_a_history_of_two_valves() -> None:
    """A valve was replaced: two items name one position, one interval after the other."""
    valves = [row for row in _of("nuclear", "item") if "installedAt" in row.fields]
    shared = [position for position, count in Counter(row.fields["installedAt"] for row in valves).items() if count == 2]
    old, new = sorted(
        (row for row in valves if row.fields["installedAt"] == shared[0]), key=lambda row: str(row.fields["installedDate"])
    )

    assert old.fields["removedDate"] == new.fields["installedDate"]


def test_open_non_conformance_keeps_a_valve_back() -> None:
    """An item with an open NCR is stopped, and neither released nor installed."""
    still_open = {row.fields["item"] for row in _of("nuclear", "ncr") if "closedDate" not in row.fields}
    kept = [row.fields for row in _of("nuclear", "item") if row.identifier in still_open]

    assert kept
    assert all(fields["recallFlag"] == "stop" and "release" not in fields and "installedAt" not in fields for fields in kept)


def test_a_million_rows_stream() -> None:
    """A large sample is taken row by row; its numbers stay valid and unique far into it."""
    rows = list(islice(generate("automotive", size=1_000_000), 30_000))

    assert len({row.identifier for row in rows}) == 30_000
    assert all(SCHEMES["vin"].check(str(row.fields["vin"])).ok for row in rows[-3_000:] if row.object_code == "vehicle")


def _days(cell: object) -> Iterator[str]:
    match cell:
        case str() if len(cell) >= 10 and cell[:2] == "20" and cell[4] == cell[7] == "-":
            yield cell[:10]
        case list():
            for item in cell:
                yield from _days(item)
        case dict():
            for item in cell.values():
                yield from _days(item)


@pytest.mark.parametrize("pilot", PILOT_NAMES)
def test_nothing_is_made_in_the_future_however_large_the_sample(pilot: str) -> None:
    """Families go back and forth in time instead of running ahead of the reader."""
    ends = {"validUntil", "expiryDate", "retestDate", "qualifications", "targetDate"}
    days = {
        found
        for row in generate(pilot, size=20_000)
        for name, cell in row.fields.items()
        if name not in ends
        for found in _days(cell)
    }

    assert min(days) > "2023-01-01"
    assert max(days) < "2026-01-01"


def test_cells_exist_before_the_modules_that_hold_them() -> None:
    """In every family, of whichever lot a cell is, it was produced before it was built in, and its module no later than that."""
    batteries = {row.identifier: row.fields for row in generate("automotive", size=25_000) if row.object_code == "battery"}
    late = [
        identifier
        for identifier, fields in batteries.items()
        if fields["productType"] == "C"
        and not str(fields["productionDate"]) < str(batteries[str(fields["parent"])]["productionDate"]) <= str(fields["from"])
    ]

    assert late == []


def test_plates_are_certified_before_they_are_cut_and_parts_cut_before_they_are_welded() -> None:
    """The ship's steel goes through the yard in the order of work."""
    issued = {row.identifier: str(row.fields["issueDate"]) for row in _of("ship", "certificate")}
    plates = {row.identifier: row.fields for row in _of("ship", "plate")}
    parts = {row.identifier: row.fields for row in _of("ship", "part")}
    uncertified = [
        part for part in parts.values() if issued[str(plates[str(part["plate"])]["certificate"])] >= str(part["cutTime"])
    ]
    early = [
        weld.identifier
        for weld in _of("ship", "weld")
        if any(str(parts[part]["fitUpTime"]) >= str(weld.fields["weldTime"]) for part in _references(weld.fields["joins"]))
    ]

    assert uncertified == []
    assert early == []


def test_items_are_released_before_they_are_installed() -> None:
    """No valve sits at its position before its release was signed."""
    signed = {row.identifier: str(row.fields["date"]) for row in _of("nuclear", "release")}
    valves = [row.fields for row in _of("nuclear", "item") if "installedAt" in row.fields]

    assert [valve["serialNo"] for valve in valves if str(valve["installedDate"]) <= signed[str(valve["release"])]] == []
