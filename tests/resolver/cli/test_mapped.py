"""`idis export --as` and `idis import --from` on data directories."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from idis.registry.store.lmdb import LmdbStore
from idis.registry.trace.expanding import Direction
from idis.registry.trace.tracing import trace
from idis.resolver.cli.main import main
from idis.resolver.cli.output import ExitCode

HEAD = {"producer": "88.1/ORG.M", "visibility": "public"}
ROWS = [
    {
        **HEAD,
        "identifier": "88.1/ORG.M",
        "objectType": "organisation",
        "name": "示例",
        "bpn": "BPNL000000000ABC",
        "country": "DEU",
    },
    {
        **HEAD,
        "identifier": "88.1/LOT.1",
        "objectType": "lot",
        "name": "批",
        "batchId": "L1",
        "partNo": "P-1",
        "supplier": "88.1/ORG.M",
        "productionDate": "2024-02-10T08:20:00+08:00",
        "quantity": 40,
        "uom": "H87",
    },
    {
        **HEAD,
        "identifier": "88.1/PART.1",
        "objectType": "part",
        "name": "总成",
        "partNo": "P-2",
        "nameAtManufacturer": "总成",
        "serialNo": "S1",
        "supplier": "88.1/ORG.M",
        "productionDate": "2024-02-11T08:20:00+08:00",
    },
    {
        **HEAD,
        "identifier": "88.1/PART.2",
        "objectType": "part",
        "name": "零件",
        "partNo": "P-1",
        "nameAtManufacturer": "零件",
        "serialNo": "S2",
        "supplier": "88.1/ORG.M",
        "productionDate": "2024-02-10T08:20:00+08:00",
        "installedOn": "88.1/PART.1",
        "installTime": "2024-02-11T09:00:00+08:00",
    },
]


@pytest.fixture
def node(tmp_path: Path) -> str:
    """A data directory with a lot, an assembly and the part in it."""
    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    made = _made(tmp_path / "node")
    assert main(["import", str(rows), "--pilot", "automotive", "--data", made, "--processes", "1"]) == ExitCode.DONE
    return made


def _made(folder: Path) -> str:
    assert main(["init", str(folder), "--tier", "enterprise", "--name", folder.name, "--prefix", "88.1"]) == ExitCode.DONE
    return str(folder)


def _exported(node: str, form: str, out: Path) -> list[dict[str, object]]:
    assert main(["export", "--as", form, "--data", node, "--out", str(out)]) == ExitCode.DONE
    return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]


def test_serial_parts_travel(node: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Out of one node, into another: the same records, by their handles."""
    documents = _exported(node, "serialpart", tmp_path / "parts.jsonl")
    other = _made(tmp_path / "other")
    words = ["import", str(tmp_path / "parts.jsonl"), "--from", "serialpart", "--prefix", "88.1", "--data", other]

    assert len(documents) == 2
    assert [main(words), main(words)] == [ExitCode.DONE, ExitCode.DONE]
    assert "2 are registered here and stay as they are" in capsys.readouterr().out


def test_what_is_here_stays(node: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A document says less than a record, and does not overwrite it unless asked to."""
    _exported(node, "batch", tmp_path / "lots.jsonl")
    capsys.readouterr()
    main(["import", str(tmp_path / "lots.jsonl"), "--from", "batch", "--prefix", "88.1", "--data", node, "--json"])
    found = json.loads(capsys.readouterr().out)

    assert (found["documents"], found["documents_left"], found["changed"]) == (1, 1, 0)


def test_a_bill_of_material_becomes_events(node: str, tmp_path: Path) -> None:
    """Read at a node that knows no record of it, it is about Catena-X IDs; at its own, about handles."""
    (document,) = _exported(node, "bom", tmp_path / "bom.jsonl")
    other = _made(tmp_path / "other")
    for data in (node, other):
        assert main(["import", str(tmp_path / "bom.jsonl"), "--from", "bom", "--data", data]) == ExitCode.DONE
    store = LmdbStore.open(Path(other), exclusive=False)
    try:
        with store.read() as txn:
            lines = trace(txn, str(document["catenaXId"]), Direction.BACK).lines
    finally:
        store.close()

    assert [line.thing[:9] for line in lines] == ["urn:uuid:", "urn:uuid:"]


def test_a_record_that_cannot_be_mapped_is_told_of(node: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file has the others; exit code 1."""
    rows = tmp_path / "more.jsonl"
    rows.write_text(json.dumps({**ROWS[2], "identifier": "88.1/PART.3", "serialNo": "S3", "supplier": "88.1/ORG.X"}) + "\n")
    main(["import", str(rows), "--pilot", "automotive", "--data", node, "--processes", "1"])
    code = main(["export", "--as", "serialpart", "--data", node, "--out", str(tmp_path / "parts.jsonl")])

    assert code == ExitCode.REFUSED
    assert "88.1/PART.3 left out: supplier 88.1/ORG.X" in capsys.readouterr().err


def test_a_bad_document_is_told_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Which one, and where in it."""
    (tmp_path / "parts.json").write_text('[{"catenaXId": "1"}]')
    made = _made(tmp_path / "node")
    code = main(["import", str(tmp_path / "parts.json"), "--from", "serialpart", "--prefix", "88.1", "--data", made])

    assert code == ExitCode.REFUSED
    assert "parts.json, document 1: /catenaXId: this must be a UUID" in capsys.readouterr().err
