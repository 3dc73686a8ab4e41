"""Pictures: every symbol with its place, what it is, and what is wrong with it."""

from __future__ import annotations

import io
import random
from contextlib import suppress
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from idis.resolver.codes import pictures
from idis.resolver.codes.carrier import Carrier, CodeError
from idis.resolver.codes.content import content_of
from idis.resolver.codes.label import single
from idis.resolver.codes.pictures import read_picture
from idis.resolver.codes.png import label_png
from idis.resolver.codes.symbol import make_symbol


def barcode(text: str, kind: str, **options: object) -> Image.Image:
    """A symbol as the library draws it, without our checks."""
    made = zxingcpp.create_barcode(text, getattr(zxingcpp.BarcodeFormat, kind), **options)
    return _image(made.to_image(scale=4))


def _image(drawn: object) -> Image.Image:
    view = memoryview(drawn)
    return Image.frombytes("L", (view.shape[1], view.shape[0]), view.tobytes())


def save(tmp_path: Path, image: Image.Image, name: str = "picture.png", **options: object) -> Path:
    """A picture as a file."""
    path = tmp_path / name
    image.save(path, **options)
    return path


def page(*placed: tuple[Image.Image, tuple[int, int]], size: tuple[int, int] = (1_000, 1_000)) -> Image.Image:
    """Symbols on a white page."""
    image = Image.new("L", size, 255)
    for symbol, place in placed:
        image.paste(symbol, place)
    return image


def test_every_symbol_is_found_with_its_place_and_what_it_is(tmp_path, around):
    """From top to bottom, each recognised as any scan is."""
    path = save(
        tmp_path,
        page(
            (barcode("[00]169012340000000013", "Code128", gs1=True), (100, 700)),
            (barcode("https://id.example.cn/88.118.8/A1", "QRCode"), (50, 60)),
            (barcode("[01]06901234567892[21]42", "DataMatrix", gs1=True, force_square=True), (600, 300)),
        ),
    )
    found = read_picture(path, around)

    assert [(one.prefix, one.readings[0].scheme, one.readings[0].canonical) for one in found] == [
        ("]Q1", "idis", "88.118.8/A1"),
        ("]d2", "gs1", "https://id.gs1.org/01/06901234567892/21/42"),
        ("]C1", "gs1", "https://id.gs1.org/00/169012340000000013"),
    ]
    assert all(one.ok for one in found)
    (left, top), _, (right, bottom), _ = found[0].corners
    assert 50 < left < 90
    assert 60 < top < 100
    assert right - left == pytest.approx(bottom - top, abs=4)


def test_a_wrong_check_digit_is_shown_not_dropped(tmp_path, around):
    """What stands there, and what would be right."""
    (found,) = read_picture(save(tmp_path, barcode("[01]06901234567893", "DataMatrix", gs1=True, force_square=True)), around)

    assert not found.ok
    assert found.text == "0106901234567893"
    assert [check.expected for check in found.readings[0].checks if not check.ok] == ["2"]


def test_separators_are_shown(tmp_path, around):
    """As signs, in an element string and in an envelope."""
    envelope = "[)>\x1e06\x1d25SUN123456789S001\x1e\x04"
    (found,) = read_picture(save(tmp_path, barcode(envelope, "DataMatrix", force_square=True)), around)

    assert found.text == "[)>␞06␝25SUN123456789S001␞␄"
    assert found.readings[0].scheme == "iso15459"


def test_a_code_of_trade_is_read_too(tmp_path, around):
    """EAN-13, as on any product."""
    (found,) = read_picture(save(tmp_path, barcode("6901234567892", "EAN13")), around)

    assert found.readings[0].canonical == "https://id.gs1.org/01/06901234567892"


def test_text_that_is_no_identifier_says_so(tmp_path, around):
    """The symbol is told of, and why it is nothing."""
    (found,) = read_picture(save(tmp_path, barcode("hello world", "QRCode")), around)

    assert not found.ok
    assert "no identifier" in found.trouble


@pytest.mark.parametrize("angle", [0, 90, 180, 270])
def test_labels_are_read_whichever_way_they_lie(tmp_path, around, angle):
    """People hold phones as they like."""
    content = content_of("88.118.8/A1", Carrier.QR, around)
    image = Image.open(io.BytesIO(label_png(single(make_symbol(content, Carrier.QR), (content.human,)), 150))).convert("L")
    (found,) = read_picture(save(tmp_path, image.rotate(angle, expand=True, fillcolor=255)), around)

    assert found.readings[0].canonical == "88.118.8/A1"


def test_a_photograph_lies_as_its_camera_says(tmp_path, around):
    """Places are those of the upright picture, as people see it."""
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    image = page((barcode("88.118.8/A1", "QRCode"), (0, 0)), size=(800, 400))
    (found,) = read_picture(save(tmp_path, image, "photo.jpg", exif=exif, quality=90), around)

    assert found.corners[0][0] > 200


def test_transparent_pictures_have_a_white_ground(tmp_path, around):
    """As programs that draw codes like to save them."""
    drawn = barcode("88.118.8/A1", "QRCode")
    clear = Image.new("RGBA", drawn.size, (0, 0, 0, 0))
    clear.paste((0, 0, 0, 255), (0, 0), drawn.point(lambda grey: 255 - grey))

    assert len(read_picture(save(tmp_path, clear), around)) == 1


def test_a_picture_without_symbols_has_none(tmp_path, around):
    """An empty list, no error."""
    assert read_picture(save(tmp_path, page()), around) == []


@pytest.mark.parametrize(
    ("name", "octets", "sentence"),
    [
        ("text.png", b"this is no picture", "is no picture"),
        ("empty.png", b"", "is no picture"),
        ("cut.png", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x05\x00", "damaged|no picture|cannot"),
    ],
)
def test_what_is_no_picture_is_refused(tmp_path, around, name, octets, sentence):
    """In one sentence."""
    (tmp_path / name).write_bytes(octets)
    with pytest.raises(CodeError, match=sentence):
        read_picture(tmp_path / name, around)


def test_a_picture_that_unpacks_to_gigabytes_is_refused(tmp_path, around):
    """By what its header says, before it is unpacked."""
    bomb = Image.new("1", (20_000, 20_000))
    with pytest.raises(CodeError, match="more than 64,000,000"):
        read_picture(save(tmp_path, bomb), around)


def test_a_file_that_is_too_long_is_not_opened(tmp_path, around, monkeypatch):
    """By its length."""
    monkeypatch.setattr(pictures, "PICTURE_BYTES_MAX", 100)
    with pytest.raises(CodeError, match="more than 100 octets"):
        read_picture(save(tmp_path, barcode("88.118.8/A1", "QRCode")), around)


@pytest.mark.parametrize("seed", range(20))
def test_damaged_files_are_told_in_one_sentence(tmp_path, around, seed):
    """Octets changed at random: a picture, or a refusal, nothing else."""
    chance = random.Random(seed)
    kind = chance.choice(("png", "jpg", "gif", "bmp", "tiff", "webp"))
    octets = bytearray(save(tmp_path, barcode("88.118.8/A1", "QRCode"), f"picture.{kind}").read_bytes())
    for _ in range(20):
        octets[chance.randrange(len(octets))] = chance.randrange(256)
    path = tmp_path / "damaged"
    path.write_bytes(octets)
    with suppress(CodeError):
        assert len(read_picture(path, around)) <= 1
