"""Where the identifiers come from, and the sample data they may stand for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from idis.bench.asking.identifiers import Asked, from_file, from_map, from_sample
from idis.bench.asking.sample import sample_identifiers, sample_rows, sample_values
from idis.proto.value import encode_values
from idis.resolver.cli.output import CommandError


def test_identifiers_are_read_one_a_line(tmp_path: Path) -> None:
    """Blank lines, blanks at the ends and repetitions do not count."""
    path = tmp_path / "ids.txt"
    path.write_text("88.118.8/A\n\n  88.118.8/船 \n88.118.8/A\n", encoding="utf-8")

    assert from_file(path) == Asked(["88.118.8/A", "88.118.8/船"], {})


def test_file_gives_the_text_to_expect(tmp_path: Path) -> None:
    """A tabulator divides identifier and text; without one anything is expected."""
    path = tmp_path / "map.tsv"
    path.write_text("88.118.8/A\tsteel plate\n88.118.8/B\n", encoding="utf-8")

    assert from_file(path) == Asked(["88.118.8/A", "88.118.8/B"], {"88.118.8/A": "steel plate"})


@pytest.mark.parametrize("content", [None, b"", b" \n", b"\xff\xfe"])
def test_file_without_identifiers_is_refused_with_a_sentence(tmp_path: Path, content: bytes | None) -> None:
    """A missing, empty or undecodable file is a usage error that names the file."""
    path = tmp_path / "ids.txt"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(CommandError, match=r"ids\.txt"):
        from_file(path)


def test_line_that_is_no_identifier_is_named(tmp_path: Path) -> None:
    """So that it can be found in a file of a million."""
    path = tmp_path / "ids.txt"
    path.write_text("88.118.8/A\n/B\n")

    with pytest.raises(CommandError, match="line 2"):
        from_file(path)


def test_the_map_of_the_lab_gives_every_sample(tmp_path: Path) -> None:
    """Of all pilots, each once."""
    path = tmp_path / "map.json"
    path.write_text('{"nodes": [], "samples": {"ship": ["88.118.8/A", "88.118.8/A"], "nuclear": ["88.140.1/B"]}}')

    assert from_map(path) == Asked(["88.118.8/A", "88.140.1/B"], {})


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"samples": []}', '{"samples": {"ship": 3}}'])
def test_what_is_no_map_is_refused(tmp_path: Path, content: str) -> None:
    """With a sentence."""
    path = tmp_path / "map.json"
    path.write_text(content)

    with pytest.raises(CommandError, match=r"map\.json is no map"):
        from_map(path)


@pytest.mark.parametrize(("prefix", "count"), [("88.1", 0), ("88.1", 10**9), ("88..1", 5), ("", 5)])
def test_sample_out_of_bounds_is_refused(prefix: str, count: int) -> None:
    """Nothing, too much, or below no prefix."""
    with pytest.raises(CommandError):
        from_sample(prefix, count)


def test_sample_has_the_sizes_of_the_reference_figures() -> None:
    """Identifiers of 30 octets below a prefix of ten, values of 278: requests of 90, answers of 360."""
    assert {len(identifier) for identifier in sample_identifiers("88.1000.11", 3)} == {30}
    assert {len(encode_values(sample_values(number))) for number in (0, 7, 10**8)} == {278}


def test_sample_rows_are_what_the_registry_imports() -> None:
    """A line a record, with the values the sample gives it, different ones for each."""
    rows = [json.loads(row) for row in sample_rows("88.1", 2)]

    assert [row["handle"] for row in rows] == sample_identifiers("88.1", 2)
    assert rows[1]["values"][1]["data"] == {"format": "string", "value": sample_values(1)[1].text}
    assert rows[0]["values"] != rows[1]["values"]
