"""`idis code`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from idis.resolver.cli.main import main
from idis.resolver.codes import symbol

pytest.importorskip("zxingcpp", reason="needs pip install 'idis[codes]'")
pytest.importorskip("PIL", reason="needs pip install 'idis[codes]'")

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command in a folder of its own; gives exit code and output."""
    monkeypatch.chdir(tmp_path)

    def command(*words: str) -> tuple[int, str, str]:
        code = main(["code", *words])
        captured = capsys.readouterr()
        return int(code), captured.out, captured.err

    return command


def test_a_label_is_made_and_read(run: Run) -> None:
    """What one command writes, the other reads, and says what it is."""
    made = run("88.118.8/JXDY2106023", "--base", "https://id.example.cn", "--out", "a.png")
    read = run("read", "a.png", "--own-host", "id.example.cn")

    assert made[0] == 0
    assert made[1].splitlines() == [
        "a.png: QR code of https://id.example.cn/88.118.8/JXDY2106023",
        "  29 modules of 0.5 mm, label 30 × 27 mm, read back",
    ]
    assert read[0] == 0
    assert read[1].splitlines()[0].endswith(": https://id.example.cn/88.118.8/JXDY2106023")
    assert read[1].splitlines()[1] == "  idis 88.118.8/JXDY2106023 (unknown)"


def test_reading_for_programs(run: Run) -> None:
    """One document: each symbol with symbology, place, text and readings."""
    run("(01)06901234567892(21)42", "--format", "gs1-datamatrix", "--out", "a.png")
    code, out, _err = run("read", "a.png", "--json")
    (found,) = json.loads(out)["symbols"]

    assert code == 0
    assert (found["symbology"], found["prefix"], found["ok"]) == ("Data Matrix", "]d2", True)
    assert len(found["position"]) == 4
    assert found["readings"][0]["display"] == "(01)06901234567892(21)42"


def test_a_wrong_check_digit_on_a_label_is_told(run: Run, tmp_path: Path) -> None:
    """With what would be right; the exit code says that something is wrong."""
    import zxingcpp
    from PIL import Image

    drawn = zxingcpp.create_barcode("[01]06901234567893", zxingcpp.BarcodeFormat.DataMatrix, gs1=True).to_image(scale=5)
    Image.frombytes("L", drawn.shape[::-1], memoryview(drawn).tobytes()).save(tmp_path / "wrong.png")
    code, out, _err = run("read", "wrong.png")

    assert code == 1
    assert "WRONG gs1" in out
    assert "should be 2" in out


def test_a_picture_without_codes_is_told(run: Run, tmp_path: Path) -> None:
    """And the exit code says so."""
    from PIL import Image

    Image.new("L", (100, 100), 255).save(tmp_path / "white.png")
    code, out, _err = run("read", "white.png")

    assert code == 1
    assert out.startswith("white.png: no code was found")


def test_sheets_are_made_of_a_file(run: Run, tmp_path: Path) -> None:
    """As one PDF, or as an SVG for each sheet."""
    (tmp_path / "labels.csv").write_text("标识,名称\n" + "".join(f"88.118.8/P{number},船板\n" for number in range(30)), "utf-8")
    pdf = run("sheet", "labels.csv", "--out", "labels.pdf")
    svg = run("sheet", "labels.csv", "--out", "labels.svg", "--columns", "4", "--rows", "5", "--skip", "3")

    assert pdf[:2] == (0, "labels.pdf: 30 labels of 64 × 32 mm on 2 sheets, print at 100 %\n")
    assert svg[:2] == (0, "labels-1.svg … labels-2.svg: 30 labels of 47 × 53 mm on 2 sheets, print at 100 %\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["labels-1.svg", "labels-2.svg", "labels.csv", "labels.pdf"]


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("88.118.8/A1",), 2, "say where to with --out FILE.svg, .png or .pdf"),
        (("88.118.8/A1", "88.118.8/A2", "--out", "a.svg"), 2, "idis code sheet"),
        (("88.118.8/A1", "--out", "a.gif"), 2, "must end in"),
        (("88.118.8/A1", "--out", "nowhere/a.svg"), 2, "nowhere/a.svg cannot be written"),
        (("88.118.8/A1", "--base", "here", "--out", "a.svg"), 2, "no address"),
        (("(01)06901234567893", "--out", "a.svg"), 1, "2 would be right"),
        (("88.118.8/A1", "--format", "gs1-128", "--out", "a.svg"), 1, "holds GS1 data only"),
        (("sheet", "--out", "a.pdf"), 2, "one table is needed"),
        (("sheet", "nothing.csv", "--out", "a.png"), 2, "sheets are .pdf or .svg"),
        (("sheet", "nothing.csv", "--out", "a.pdf"), 2, "nothing.csv cannot be read"),
        (("sheet", "nothing.csv", "--out", "a.pdf", "--columns", "0"), 2, "are possible"),
        (("read",), 2, "name from 1 to 1,000 pictures"),
        (("read", "nothing.png"), 2, "nothing.png cannot be read"),
    ],
)
def test_a_mistake_is_one_sentence(run: Run, tmp_path: Path, words: tuple[str, ...], code: int, sentence: str) -> None:
    """With its exit code, and nothing is written."""
    got, out, err = run(*words)

    assert (got, out) == (code, "")
    assert sentence in err
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_without_the_libraries_the_command_says_what_to_install(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """For making and for reading."""
    monkeypatch.setattr(symbol, "library", lambda name: None)
    made = run("88.118.8/A1", "--out", "a.svg")
    read = run("read", "a.png")

    assert made[0] == read[0] == 2
    assert "pip install 'idis[codes]'" in made[2]
    assert "pip install 'idis[codes]'" in read[2]
