"""Files: SVG, PDF and PNG show the label that was placed, and are read back from the picture they make."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
import zlib
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from idis.resolver.codes.carrier import Carrier, CodeError, NotInstalled
from idis.resolver.codes.content import content_of
from idis.resolver.codes.label import single
from idis.resolver.codes.pdf import label_pdf
from idis.resolver.codes.png import label_png
from idis.resolver.codes.svg import label_svg
from idis.resolver.codes.symbol import make_symbol
from idis.resolver.codes.writing import Kind, kind_of, written

TEXTS = {
    Carrier.QR: ("88.118.8/JXDY2106023", "https://id.example.cn/88.118.8/JXDY2106023"),
    Carrier.DATAMATRIX: ("88.118.8/JXDY2106023", "88.118.8/JXDY2106023"),
    Carrier.GS1_QR: ("(01)06901234567892(21)42", "01069012345678922142"),
    Carrier.GS1_DATAMATRIX: ("(01)06901234567892(21)42", "01069012345678922142"),
    Carrier.GS1_128: ("169012340000000013", "00169012340000000013"),
}
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def label_of(around):
    """Makes labels of a carrier."""

    def make(carrier: Carrier, *texts: str):
        content = content_of(TEXTS[carrier][0], carrier, around, "https://id.example.cn")
        return single(make_symbol(content, carrier), (*texts, content.human))

    return make


@pytest.mark.parametrize("carrier", list(Carrier))
@pytest.mark.parametrize("dpi", [150, 600])
def test_a_png_is_read_back(label_of, carrier, dpi):
    """At the resolution of an office printer and of a good one."""
    image = Image.open(io.BytesIO(label_png(label_of(carrier), dpi)))
    (read,) = zxingcpp.read_barcodes(image.convert("L"))

    assert read.bytes.decode() == TEXTS[carrier][1]


def test_a_png_has_its_size_in_millimetres(label_of):
    """Its dots an inch are those at which a module is as large as it should be."""
    label = label_of(Carrier.QR)
    image = Image.open(io.BytesIO(label_png(label, 600)))

    assert image.width / image.info["dpi"][0] * 25.4 == pytest.approx(label.width_mm, abs=0.1)
    assert image.info["dpi"][0] == pytest.approx(600, abs=30)


@pytest.mark.parametrize("dpi", [0, 71, 2_401])
def test_a_printer_has_some_resolution(label_of, dpi):
    """Anything else is a slip."""
    with pytest.raises(CodeError, match=r"from 72 to 2400"):
        label_png(label_of(Carrier.QR), dpi)


def test_without_pillow_there_is_no_png(label_of, monkeypatch):
    """One sentence with the command that installs it."""
    from idis.resolver.codes import symbol

    label = label_of(Carrier.QR)
    monkeypatch.setattr(symbol, "library", lambda name: None)
    with pytest.raises(NotInstalled, match=r"writing PNG needs Pillow: pip install 'idis\[codes\]'"):
        label_png(label)


@pytest.mark.parametrize("carrier", list(Carrier))
def test_an_svg_is_read_back(label_of, carrier):
    """Its path is painted by hand, module by module, and read."""
    label = label_of(carrier)
    document = ElementTree.fromstring(label_svg(label))
    path = document.find(f"{SVG}path")
    scale = 4
    image = Image.new("L", (scale * (label.symbol.width + 20), scale * (label.symbol.height + 40)), 255)
    for x, y, width, height in re.findall(r"M(\d+) (\d+)h(\d+)v(\d+)h-\d+z", path.get("d")):
        tall = 20 if carrier is Carrier.GS1_128 else int(height)
        left, top = scale * (int(x) + 10), scale * (int(y) + 10)
        image.paste(0, (left, top, left + scale * int(width), top + scale * tall))
    (read,) = zxingcpp.read_barcodes(image)

    assert read.bytes.decode() == TEXTS[carrier][1]


def test_an_svg_has_its_size_and_its_text(label_of):
    """In millimetres; Chinese as it is; markup escaped."""
    label = label_of(Carrier.QR, "船用柴油机 <b>&")
    document = ElementTree.fromstring(label_svg(label))

    assert document.get("width") == f"{label.width_mm:.3f}".rstrip("0").rstrip(".") + "mm"
    assert "".join(text.text for text in document.iter(f"{SVG}text")).startswith("船用柴油机 <b>&")
    assert {element.tag for element in document.iter()} == {f"{SVG}{name}" for name in ("svg", "rect", "path", "text")}


def test_a_pdf_is_well_formed(label_of):
    """Every entry of its table is where an object begins; its streams unpack; both fonts are those readers have."""
    octets = label_pdf(label_of(Carrier.QR, "船用柴油机 (6S60ME)\\"))
    start = int(octets.rpartition(b"startxref\n")[2].split()[0])
    entries = re.findall(rb"(\d{10}) 00000 n", octets[start:])
    content = zlib.decompress(octets.partition(b"stream\n")[2].partition(b"\nendstream")[0])

    assert octets.startswith(b"%PDF-1.5\n")
    for number, entry in enumerate(entries, 1):
        assert octets[int(entry) :].startswith(b"%d 0 obj" % number)
    assert b"(\\(6S60ME\\)\\\\) Tj" in content
    assert "船用柴油机".encode("utf-16-be").hex().encode() in content
    assert b"/BaseFont/Helvetica" in octets
    assert b"/Encoding/UniGB-UTF16-H" in octets


@pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="needs poppler-utils")
@pytest.mark.parametrize("carrier", list(Carrier))
def test_a_printed_pdf_is_read_back(label_of, carrier, tmp_path: Path):
    """As poppler prints it at 300 dots an inch."""
    (tmp_path / "label.pdf").write_bytes(label_pdf(label_of(carrier, "船用柴油机")))
    subprocess.run(["pdftoppm", "-r", "300", "-gray", "label.pdf", "label"], cwd=tmp_path, check=True)
    (picture,) = tmp_path.glob("label*.pgm")
    (read,) = zxingcpp.read_barcodes(Image.open(picture))

    assert read.bytes.decode() == TEXTS[carrier][1]


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="needs poppler-utils")
def test_the_text_of_a_pdf_can_be_searched(label_of, tmp_path: Path):
    """Chinese too, although no font is embedded."""
    (tmp_path / "label.pdf").write_bytes(label_pdf(label_of(Carrier.QR, "船用柴油机")))
    done = subprocess.run(["pdftotext", "label.pdf", "-"], cwd=tmp_path, check=True, capture_output=True)

    assert "船用柴油机" in done.stdout.decode().replace(" ", "")


@pytest.mark.parametrize(("name", "kind"), [("a.svg", Kind.SVG), ("a.b.PDF", Kind.PDF), ("x/a.png", Kind.PNG)])
def test_the_kind_of_a_file_is_its_ending(label_of, name, kind):
    """In any case of its letters."""
    assert kind_of(name) is kind
    assert written(label_of(Carrier.DATAMATRIX), kind)


@pytest.mark.parametrize("name", ["a", "a.gif", ".svg.txt", ""])
def test_another_ending_is_refused(name):
    """With those there are."""
    with pytest.raises(CodeError, match=r"must end in \.svg, \.png, \.pdf"):
        kind_of(name)
