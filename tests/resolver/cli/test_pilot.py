"""`idis pilot`: lists, fields, headings and sample data."""

from __future__ import annotations

import argparse
import csv
import json
from datetime import date
from pathlib import Path

import pytest

from idis.registry.pilots.finding import Valid
from idis.registry.pilots.table import PILOTS
from idis.registry.pilots.validation import validate
from idis.registry.prefix import PrefixEntry
from idis.registry.store.keys import record_key
from idis.registry.store.lmdb import LmdbStore
from idis.resolver.cli import pilot
from idis.resolver.cli.output import CommandError


def _run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    pilot.configure(parser)
    return pilot.run(parser.parse_args(words))


def test_the_four_pilots_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """Each line begins with a pilot's name."""
    assert _run("list") == 0

    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [
        "pilot",
        "ship",
        "automotive",
        "chemical",
        "nuclear",
    ]


def test_a_pilot_shows_its_objects(capsys: pytest.CaptureFixture[str]) -> None:
    """Objects with their Chinese names and how many fields are to be filled in."""
    _run("show", "ship")
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("plate")]

    assert line.split() == ["plate", "钢板", "23", "11"]


def test_an_object_shows_its_fields(capsys: pytest.CaptureFixture[str]) -> None:
    """Index, name, Chinese name, type, unit, whether required, and the rule."""
    _run("show", "ship", "plate")
    (line,) = [line for line in capsys.readouterr().out.splitlines() if " thickness " in line]

    assert line.split() == ["2014", "thickness", "厚度", "N", "mm", "yes", ">", "0"]


def test_an_object_is_found_by_its_chinese_name(capsys: pytest.CaptureFixture[str]) -> None:
    """钢板 is plate."""
    _run("show", "ship", "钢板", "--json")

    assert json.loads(capsys.readouterr().out)["object"] == "plate"


def test_json_has_every_code(capsys: pytest.CaptureFixture[str]) -> None:
    """The table shortens lists, JSON does not."""
    _run("show", "chemical", "product", "--json")
    fields = {field["englishName"]: field for field in json.loads(capsys.readouterr().out)["fields"]}

    assert len(fields["ghsClasses"]["vocabulary"]["codes"]) > pilot.CODES_SHOWN_MAX


@pytest.mark.parametrize(
    ("words", "start"),
    [
        ((), "identifier,objectType,name,"),
        (("--chinese",), "标识,对象类型,名称,"),
        (("--required",), "identifier,name,producer,visibility,plateNo,"),
    ],
)
def test_a_heading_can_be_started_from(capsys: pytest.CaptureFixture[str], words: tuple[str, ...], start: str) -> None:
    """One line of CSV with the identifier first."""
    _run("header", "ship", "plate", *words)

    assert capsys.readouterr().out.startswith(start)


def test_sample_tables_are_valid(tmp_path: Path) -> None:
    """What is written can be read back and passes every check."""
    _run("sample", "ship", "--out", str(tmp_path), "--size", "30")
    with (tmp_path / "88.118.21" / "plate.csv").open(encoding="utf-8-sig", newline="") as file:
        row = next(csv.DictReader(file))

    assert isinstance(validate(PILOTS["ship"], "plate", row, identifier=row["identifier"], today=date(2026, 1, 15)), Valid)


def test_sample_json_lines_say_what_they_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One file for each prefix, each line with identifier and objectType; the list of files counts them."""
    _run("sample", "nuclear", "--out", str(tmp_path), "--size", "10", "--format", "jsonl", "--json")
    files = json.loads(capsys.readouterr().out)
    lines = [json.loads(line) for file in files for line in Path(file["file"]).read_text(encoding="utf-8").splitlines()]

    assert len(lines) == sum(file["records"] for file in files)
    assert {line["objectType"] for line in lines} <= set(PILOTS["nuclear"].objects)


def test_the_same_seed_writes_the_same_files(tmp_path: Path) -> None:
    """Sample data can be named by seed and size."""
    for folder in ("one", "two"):
        _run("sample", "ship", "--out", str(tmp_path / folder), "--size", "10", "--seed", "7")
    one, two = (sorted((tmp_path / folder).rglob("*.csv")) for folder in ("one", "two"))

    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("show", "shp"), "ship, automotive, chemical, nuclear"),
        (("header", "ship", "plank"), "plate"),
        (("sample", "ship", "--out", "x", "--size", "0"), "--size is 1 to"),
    ],
)
def test_a_mistake_is_answered_with_what_is_possible(words: tuple[str, ...], hint: str) -> None:
    """The sentence names the choices."""
    with pytest.raises(CommandError, match=hint):
        _run(*words)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """A file in the way gives a sentence, not a traceback."""
    (tmp_path / "x").write_text("")
    with pytest.raises(CommandError, match="cannot write"):
        _run("sample", "ship", "--out", str(tmp_path / "x"), "--size", "5")


def test_a_range_is_written_as_people_write_it(capsys: pytest.CaptureFixture[str]) -> None:
    """Interval notation such as `(0,)` puzzled its readers."""
    _run("show", "chemical", "batch")
    purity = next(line for line in capsys.readouterr().out.splitlines() if " purity " in line)

    assert "0 … 100" in purity


def test_published_templates_are_records_of_the_prefix(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What TEMPLATE_ID of a record names is there afterwards; publishing again changes nothing."""
    data = tmp_path / "node"
    store = LmdbStore.create(data, map_bytes=16 * 1_048_576)
    store.write(lambda txn: txn.put_prefix(PrefixEntry("88.118.8", homed=True)), actor="test").result()
    store.close()
    for _ in range(2):
        assert _run("publish", "ship", "--prefix", "88.118.8", "--data", str(data)) == 0
    printed = capsys.readouterr().out.splitlines()
    store = LmdbStore.open(data, exclusive=False)
    with store.read() as txn:
        template = txn.record(record_key("88.118.8", "META_ship_plate", True))
    store.close()

    assert template is not None
    assert template.live
    assert printed == [
        f"{len(PILOTS['ship'].objects)} templates below 88.118.8: {len(PILOTS['ship'].objects)} published, 0 unchanged",
        f"{len(PILOTS['ship'].objects)} templates below 88.118.8: 0 published, {len(PILOTS['ship'].objects)} unchanged",
    ]


def test_templates_are_published_below_own_prefixes_only(tmp_path: Path) -> None:
    """Another node's prefix is refused with a sentence."""
    data = tmp_path / "node"
    LmdbStore.create(data, map_bytes=16 * 1_048_576).close()

    with pytest.raises(CommandError, match=r"88\.118\.9"):
        _run("publish", "ship", "--prefix", "88.118.9", "--data", str(data))


def test_capture_examples_are_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The documents of a pilot, and where to send them."""
    assert _run("examples", "ship", "--out", str(tmp_path / "events")) == 0

    assert sorted(path.name for path in (tmp_path / "events").iterdir()) == ["ship-cutting.json", "ship-welding.json"]
    assert "/epcis/v2/capture" in capsys.readouterr().out


@pytest.fixture
def node(tmp_path: Path) -> str:
    """A data directory with the prefix 88.118.8 and the ship's templates."""
    data = tmp_path / "node"
    store = LmdbStore.create(data)
    store.write(lambda txn: txn.put_prefix(PrefixEntry("88.118.8", homed=True)), actor="test").result(10)
    store.close()
    _run("publish", "ship", "--prefix", "88.118.8", "--data", str(data))
    return str(data)


def _states(node: str, capsys: pytest.CaptureFixture[str]) -> dict[str, tuple[str, str, list[str]]]:
    capsys.readouterr()
    _run("templates", "ship", "--prefix", "88.118.8", "--data", node, "--json")
    found = json.loads(capsys.readouterr().out)
    return {one["template"].rpartition("_")[2]: (one["state"], one["version"], one["disabled"]) for one in found}


def test_the_life_of_a_template(node: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Withdrawn, published again, an item disabled and enabled; the others are left alone."""
    where = ("--prefix", "88.118.8", "--data", node)
    seen = []
    for words in (("withdraw", "ship", "plate"), ("publish", "ship"), ("disable", "ship", "plate", "mass"), ("publish", "ship")):
        assert _run(*words, *where) == 0
        seen.append(_states(node, capsys))

    assert [states["plate"] for states in seen] == [
        ("withdrawn", "1", []),
        ("published", "1", []),
        ("published", "1", ["mass"]),
        ("published", "1", ["mass"]),
    ]
    assert [states["block"] for states in seen] == [("published", "1", [])] * 4


def test_a_required_item_is_refused(node: str) -> None:
    """Said with its reason."""
    with pytest.raises(CommandError, match="every record must have plateNo"):
        _run("disable", "ship", "plate", "plateNo", "--prefix", "88.118.8", "--data", node)


def test_a_template_that_is_not_there(node: str) -> None:
    """It says how to register it."""
    with pytest.raises(CommandError, match="idis pilot publish automotive"):
        _run("withdraw", "automotive", "part", "--prefix", "88.118.8", "--data", node)


OFFSHORE = {
    "baseOn": "META_ship_plate",
    "name": "offshore",
    "chineseName": "海工钢板",
    "fields": [{"englishName": "coating", "chineseName": "涂层厚度", "type": "N", "unit": "um", "range": "(0,500]"}],
    "narrowed": [{"englishName": "thickness", "range": "[10,120]"}],
}


def _derive(node: str, told: object, *words: str) -> int:
    file = Path(node).parent / "offshore.json"
    file.write_text(json.dumps(told), encoding="utf-8")
    return _run("derive", str(file), "--prefix", "88.118.8", "--data", node, *words)


def test_a_template_is_derived(node: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It says its handle, its version and where its own fields lie; run again it changes nothing."""
    capsys.readouterr()
    for _ in range(2):
        assert _derive(node, OFFSHORE) == 0

    assert [line for line in capsys.readouterr().out.splitlines() if "offshore:" in line] == [
        f"88.118.8/META_ship_plate-offshore: {word}, version 1, derived from 88.118.8/META_ship_plate"
        for word in ("published", "unchanged")
    ]


def test_the_life_of_a_derived_template(node: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A changed field is the next version, one left out is disabled; withdrawn and published like any other."""
    thicker = OFFSHORE | {"narrowed": [{"englishName": "thickness", "range": "[20,120]"}]}
    where = ("ship", "plate-offshore", "--prefix", "88.118.8", "--data", node)
    seen = []
    for act in (
        lambda: _derive(node, OFFSHORE),
        lambda: _derive(node, thicker),
        lambda: _derive(node, {name: told for name, told in thicker.items() if name != "fields"}),
        lambda: _run("withdraw", *where),
        lambda: _run("publish", *where),
        lambda: _derive(node, thicker),
        lambda: _run("enable", *where[:2], "coating", *where[2:]),
    ):
        assert act() == 0
        seen.append(_states(node, capsys)["plate-offshore"])

    assert seen == [
        ("published", "1", []),
        ("published", "2", []),
        ("published", "2", ["coating"]),
        ("withdrawn", "2", ["coating"]),
        ("published", "2", ["coating"]),
        ("published", "2", ["coating"]),
        ("published", "2", []),
    ]


def test_a_derived_template_is_shown_with_its_fields(node: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Its own at their indexes, narrowed ones as narrowed; a heading has them too."""
    _derive(node, OFFSHORE)
    capsys.readouterr()
    _run("show", "ship", "plate-offshore", "--prefix", "88.118.8", "--data", node)
    shown = [line.split() for line in capsys.readouterr().out.splitlines()]
    _run("header", "ship", "plate-offshore", "--prefix", "88.118.8", "--data", node)

    assert ["3000", "coating", "涂层厚度", "N", "um", ">", "0,", "≤", "500"] in shown
    assert ["2014", "thickness", "厚度", "N", "mm", "yes", "10", "…", "120"] in shown
    assert capsys.readouterr().out.endswith(",cutFrom,coating\n")


@pytest.mark.parametrize("state", ["withdrawn", "not registered"])
def test_a_template_is_derived_from_a_published_one(node: str, state: str) -> None:
    """It says how to publish it."""
    if state == "withdrawn":
        _run("withdraw", "ship", "plate", "--prefix", "88.118.8", "--data", node)
    base = "META_ship_plate" if state == "withdrawn" else "META_nuclear_weld"

    with pytest.raises(CommandError, match=f"is {state}.*idis pilot publish"):
        _derive(node, OFFSHORE | {"baseOn": base, "narrowed": []})


def test_a_description_that_does_not_fit_is_refused_with_its_file(node: str) -> None:
    """Field and reason."""
    with pytest.raises(CommandError, match=r"offshore\.json: thickness: \[0,9\] is wider than the base's"):
        _derive(node, OFFSHORE | {"narrowed": [{"englishName": "thickness", "range": "[0,9]"}]})
