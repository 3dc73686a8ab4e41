"""`idis code`: an identifier as a symbol for a label, sheets of labels, and symbols read from pictures."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

from idis.proto.detect import GS1_HOSTS
from idis.proto.schemes.personal import SCHEME as PERSONAL
from idis.proto.schemes.surroundings import Surroundings
from idis.resolver.cli.detect import reading_document
from idis.resolver.cli.output import CommandError, ExitCode, print_json
from idis.resolver.cli.shown import printable
from idis.resolver.codes.carrier import Carrier, CodeError, Correction, Unprintable
from idis.resolver.codes.content import checked_base, content_of
from idis.resolver.codes.label import single
from idis.resolver.codes.pictures import Found, read_picture
from idis.resolver.codes.png import DPI
from idis.resolver.codes.rows import read_rows
from idis.resolver.codes.sheet import Grid, Plan, labels_of, sheets_pdf, sheets_svg
from idis.resolver.codes.symbol import make_symbol
from idis.resolver.codes.writing import Kind, kind_of, written

PICTURES_MAX = 1_000  # of one command

_GRID = Grid()

_USAGE = """\
idis code ID --out FILE.svg|png|pdf [--format F] [--base URL]
       idis code sheet FILE.csv --out LABELS.pdf|svg [--format F] [--base URL] [--columns N --rows N …]
       idis code read IMAGE… [--json]"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.usage = _USAGE
    parser.add_argument("what", metavar="ID", help="an identifier of any scheme; or sheet, or read")
    parser.add_argument("files", nargs="*", metavar="FILE", help="of sheet: a table, CSV or XLSX; of read: pictures")
    making = parser.add_argument_group("making")
    making.add_argument("--out", metavar="FILE", help="what is written; its ending says which kind")
    making.add_argument("--format", choices=[carrier.value for carrier in Carrier], default=Carrier.QR.value, help="%(default)s")
    making.add_argument("--base", default="", metavar="URL", help="where a QR code leads: https://id.example.cn, of your node")
    making.add_argument(
        "--correction", choices=[level.value for level in Correction], default="M", help="of QR codes; Q in workshops"
    )
    making.add_argument(
        "--module-mm", type=float, default=0.0, metavar="MM", help="of a module (default: as usual, or fits)"
    )
    making.add_argument("--dpi", type=int, default=DPI, metavar="N", help="of a PNG: that of your printer (%(default)s)")
    making.add_argument(
        "--line", action="append", default=[], metavar="TEXT", help="printed with it; of sheet: a column"
    )
    sheets = parser.add_argument_group("sheets (A4)")
    sheets.add_argument("--columns", type=int, default=_GRID.columns, metavar="N", help="%(default)s")
    sheets.add_argument("--rows", type=int, default=_GRID.rows, metavar="N", help="%(default)s")
    sheets.add_argument("--margin-mm", type=float, nargs=2, default=list(_GRID.margin_mm), metavar=("X", "Y"), help="7 12")
    sheets.add_argument("--gap-mm", type=float, default=_GRID.gap_mm, metavar="MM", help="between labels (%(default)s)")
    sheets.add_argument("--skip", type=int, default=0, metavar="N", help="labels of the first sheet that are gone")
    parser.add_argument(
        "--own-host", action="append", default=[], metavar="H", help="of read: whose paths are identifiers"
    )
    parser.add_argument("--json", action="store_true", help="of read: one JSON document")


def run(arguments: argparse.Namespace) -> int:
    """Make or read; exit code 1 when a picture has no symbol, or one that is wrong."""
    hosts = frozenset(host.lower() for host in arguments.own_host)
    around = Surroundings(time.localtime().tm_year, hosts, GS1_HOSTS | hosts)
    try:
        match arguments.what:
            case "read":
                return _read(arguments, around)
            case "sheet":
                return _sheet(arguments, around)
            case _:
                return _single(arguments, around)
    except Unprintable as error:
        raise CommandError(str(error), ExitCode.REFUSED) from None
    except CodeError as error:
        raise CommandError(str(error)) from None


def _single(arguments: argparse.Namespace, around: Surroundings) -> int:
    if arguments.files:
        raise CommandError("one identifier at a time: put many into a CSV file, and use 'idis code sheet FILE.csv'")
    kind, carrier = kind_of(_out(arguments)), Carrier(arguments.format)
    content = content_of(arguments.what, carrier, around, arguments.base)
    symbol = make_symbol(content, carrier, Correction(arguments.correction))
    label = single(symbol, (*arguments.line, content.human), arguments.module_mm)
    _write(arguments.out, written(label, kind, dpi=arguments.dpi))
    read = "read back" if symbol.read_back else "not read back: that needs zxing-cpp, pip install 'idis[codes]'"
    print(f"{arguments.out}: {carrier.rules.title} of {printable(content.human if carrier.rules.gs1 else content.payload)}")
    print(f"  {symbol.width} modules of {label.module_mm:g} mm, label {label.width_mm:.0f} × {label.height_mm:.0f} mm, {read}")
    return ExitCode.DONE


def _sheet(arguments: argparse.Namespace, around: Surroundings) -> int:
    if len(arguments.files) != 1:
        raise CommandError("one table is needed, CSV or XLSX: idis code sheet FILE.csv --out labels.pdf")
    kind = kind_of(_out(arguments))
    if kind is Kind.PNG:
        raise CommandError("sheets are .pdf or .svg")
    x_mm, y_mm = arguments.margin_mm
    grid = Grid(arguments.columns, arguments.rows, (x_mm, y_mm), arguments.gap_mm, arguments.skip)
    base = checked_base(arguments.base)
    plan = Plan(Carrier(arguments.format), around, base, Correction(arguments.correction), arguments.module_mm)
    labels = labels_of(read_rows(Path(arguments.files[0]), arguments.line), plan, grid)
    pages = -(-(len(labels) + grid.skip) // (grid.columns * grid.rows))
    if kind is Kind.PDF:
        _write(arguments.out, sheets_pdf(labels, grid))
        names = arguments.out
    else:
        names = _write_pages(Path(arguments.out), sheets_svg(labels, grid))
    width, height = grid.label_mm
    sheets = "1 sheet" if pages == 1 else f"{pages} sheets"
    print(f"{names}: {len(labels)} labels of {width:.0f} × {height:.0f} mm on {sheets}, print at 100 %")
    return ExitCode.DONE


def _write_pages(out: Path, pages: Sequence[str]) -> str:
    """A file for each sheet: labels.svg, or labels-1.svg and so on."""
    names = [out] if len(pages) == 1 else [out.with_stem(f"{out.stem}-{number}") for number in range(1, len(pages) + 1)]
    for name, page in zip(names, pages, strict=True):
        _write(str(name), page.encode("utf-8"))
    return str(names[0]) if len(names) == 1 else f"{names[0]} … {names[-1].name}"


def _out(arguments: argparse.Namespace) -> str:
    if not arguments.out:
        raise CommandError("say where to with --out FILE.svg, .png or .pdf")
    return str(arguments.out)


def _write(name: str, octets: bytes) -> None:
    try:
        Path(name).write_bytes(octets)
    except OSError as error:
        raise CommandError(f"{name} cannot be written: {error.strerror}") from None


# Reading


def _read(arguments: argparse.Namespace, around: Surroundings) -> int:
    if not 1 <= len(arguments.files) <= PICTURES_MAX:
        raise CommandError(f"name from 1 to {PICTURES_MAX:,} pictures: idis code read IMAGE…")
    told, right = [], True
    for name in arguments.files:
        found = read_picture(Path(name), around)
        right = right and bool(found) and all(symbol.ok for symbol in found)
        told.append({"file": name, "symbols": [_document(symbol) for symbol in found]})
        if not arguments.json:
            _print(name, found)
    if arguments.json:
        print_json(told[0] if len(told) == 1 else told)
    return ExitCode.DONE if right else ExitCode.REFUSED


def _print(name: str, found: Sequence[Found]) -> None:
    if not found:
        print(f"{name}: no code was found; take it from nearer, with more light, or straighter")
    for symbol in found:
        (left, top), right = symbol.corners[0], symbol.corners[2]
        place = f"{left},{top} to {right[0]},{right[1]}"
        print(f"{name}: {symbol.symbology} {symbol.prefix} at {place}: {printable(_content(symbol))}")
        print(f"  {_verdict(symbol)}")


def _verdict(symbol: Found) -> str:
    """What a symbol comes to, in one line."""
    if symbol.damaged:
        return f"damaged, so this is a guess: {symbol.damaged}"
    if not symbol.readings:
        return symbol.trouble
    reading = symbol.readings[0]
    line = f"{reading.scheme} {printable(reading.canonical)} ({reading.granularity.value})"
    if reading.ok:
        return line
    wrong = next((check for check in reading.checks if not check.ok), None)
    if wrong is None:
        return f"{reading.display}: {reading.why}"
    meant = f"; perhaps {printable(reading.suggestions[0])}" if reading.suggestions else ""
    return f"WRONG {line}: the {wrong.name} should be {wrong.expected or 'another'}{meant}"


def _content(symbol: Found) -> str:
    """The content of a symbol; the number of a person is not repeated."""
    return "…" if symbol.readings and symbol.readings[0].scheme == PERSONAL else symbol.text


def _document(symbol: Found) -> dict[str, object]:
    return {
        "symbology": symbol.symbology,
        "prefix": symbol.prefix,
        "position": [list(corner) for corner in symbol.corners],
        "text": _content(symbol),
        "ok": symbol.ok,
        "damaged": symbol.damaged,
        "readings": [reading_document(reading) for reading in symbol.readings],
        "trouble": symbol.trouble,
    }
