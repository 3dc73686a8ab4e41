from __future__ import annotations

import pytest

from idis.proto.detect import detect, readings_of, trouble_of
from idis.proto.schemes.recognised import Confidence, Granularity, Recognised
from idis.proto.schemes.recognisers import RECOGNISERS
from idis.proto.schemes.surroundings import Surroundings

YEAR = 2026
OWN = frozenset({"id.example.cn"})


def read(text: str) -> tuple[Recognised, ...]:
    """All readings, on a node whose own host is id.example.cn."""
    return detect(text, year=YEAR, own_hosts=OWN)


@pytest.mark.parametrize(
    ("text", "scheme", "canonical", "granularity"),
    [
        ("01/06901234567892/21/42", "gs1", "https://id.gs1.org/01/06901234567892/21/42", Granularity.ITEM),
        ("]Q1https://id.example.cn/88.118.8/ABC", "idis", "88.118.8/ABC", Granularity.UNKNOWN),
        ("https://shop.example/01/02", "url", "https://shop.example/01/02", Granularity.UNKNOWN),
        ("2.16.156", "oid", "2.16.156", Granularity.UNKNOWN),
        ("88.118.8", "idis", "88.118.8", Granularity.NAMESPACE),
        ("0.NA/88.118", "idis", "88.118", Granularity.NAMESPACE),
        ("ＩＭＯ９０７４７２９", "imo", "IMO9074729", Granularity.ITEM),
        ("169012340000000013", "gs1", "https://id.gs1.org/00/169012340000000013", Granularity.LOGISTIC_UNIT),
        ("001PB210000012F3H0000123", "battery", "001PB210000012F3H0000123", Granularity.ITEM),
        ("3035A537C83775400000002A", "gs1", "https://id.gs1.org/01/06901234567892/21/42", Granularity.ITEM),
    ],
)
def test_the_samples_of_the_design(text: str, scheme: str, canonical: str, granularity: Granularity) -> None:
    """What must come out as shown."""
    first = read(text)[0]

    assert (first.scheme, first.canonical, first.granularity) == (scheme, canonical, granularity)
    assert first.ok


# A text that each rule reads, and the number it says.
RULES = [
    (1, "[)>␞06␝25SUN123456789S001␞␄", "iso15459"),
    (1, "[)>{RS}05{GS}0106901234567892{GS}21S9{RS}{EOT}", "gs1"),
    (2, "]d2010690123456789210LOT7<GS>21S9", "gs1"),
    (2, "]E06901234567892", "gs1"),
    (2, "010690123456789210LOT7\\x1d21S9", "gs1"),
    (3, "did:cn:88.100.1", "did"),
    (4, "urn:epc:id:sgtin:6901234.056789.42", "gs1"),
    (4, "urn:oid:1.2.156", "oid"),
    (4, "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "uuid"),
    (4, "urn:isbn:9787111407010", "isbn"),
    (5, "doi:10.1000/182", "doi"),
    (5, "hdl:20.1000/100", "handle"),
    (5, "info:hdl/88.118.8/A", "idis"),
    (5, "hdl:88.118.8/%E6%B0%B4%201", "idis"),
    (5, "ark:/13030/tf5p30086k", "ark"),
    (5, "Ecode=1.20.30014711", "ecode"),
    (5, "oid:1.2", "oid"),
    (6, "https://n2t.net/ark:/13030/tf5p30086k", "ark"),
    (6, "https://shop.example/x/01/06901234567892/10/L?17=280131", "gs1"),
    (6, "https://maker.example/p/SN123", "url"),
    (7, "(01)06901234567892(10)LOT7(21)S9", "gs1"),
    (7, "[01]06901234567892[21](S)", "gs1"),
    (8, "VAA08810012345678/abc123", "vaa"),
    (8, "088·100·12345678", "vaa"),
    (8, "MA.156.1003.1629/10.46100000.riseplatform", "ma"),
    (8, "25SVAA08810012345678X1", "iso15459"),
    (8, "JUN123456789A1", "iso15459"),
    (9, "/00/169012340000000013", "gs1"),
    (10, "88.118.8/JXDY2106023", "idis"),
    (10, "20.1000/100", "handle"),
    (10, "10.1000/182", "doi"),
    (10, "/ISO/Member-Body/156", "oid"),
    (11, "1.2.156.10197.1.301", "oid"),
    (11, "10.1000", "doi"),
    (12, "UN1170", "un"),
    (12, "GHS02", "ghs"),
    (12, "H300+H310", "ghs"),
    (12, "P305+P351+P338", "ghs"),
    (12, "7732-18-5", "cas"),
    (12, "231-791-2", "ec"),
    (12, "CSQU 305438 3", "iso6346"),
    (12, "f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "uuid"),
    (12, "0173-1#02-BAA120#008", "irdi"),
    (12, "BPNL000000000001", "bpn"),
    (12, "DUNS 15-048-3782", "duns"),
    (12, "978-7-111-40701-0", "isbn"),
    (12, "0378-5955", "issn"),
    (13, "04QPE57K0000179A40000001", "battery"),
    (14, "213800KUD8LAJWSQ9D15", "lei"),
    (14, "91110000600037341L", "uscc"),
    (14, "1M8GDM9AXKP042788", "vin"),
    (14, "6901234567892", "gs1"),
    (14, "7111407016", "isbn"),
    (14, "9074729", "imo"),
    (14, "0106901234567892", "gs1"),
    (15, "10LAC10AP001", "kks"),
    (15, "1RCP001PO", "kks-french"),
    (17, "IMO9074728", "imo"),
]


@pytest.mark.parametrize(("rule", "text", "scheme"), RULES)
def test_a_reading_says_by_which_rule(rule: int, text: str, scheme: str) -> None:
    """Its sentence begins with the number."""
    first = read(text)[0]

    assert first.scheme == scheme
    assert first.why.startswith(f"rule {rule}: ")


@pytest.mark.parametrize(
    ("text", "canonical", "route"),
    [
        ("https://doi.org/10.1000/ab%20c", "10.1000/AB C", "10.1000"),
        ("https://hdl.handle.net/20.1000/100", "20.1000/100", "20.1000"),
        ("https://id.example.cn/01/06901234567892/21/42", "https://id.gs1.org/01/06901234567892/21/42", None),
        ("https://id.example.cn/did:cn:88.100.1", "did:cn:88.100.1", "88.100.1"),
    ],
)
def test_links_of_proxies_and_of_ours_are_taken_off(text: str, canonical: str, route: str | None) -> None:
    """What they carry is recognised by itself."""
    first = read(text)[0]

    assert first.canonical == canonical
    assert route is None or (first.route is not None and first.route.key == route)


def test_the_query_of_a_link_that_carries_something_is_kept() -> None:
    """As an attribute."""
    assert ("query", "x=1") in read("https://doi.org/10.1000/182?x=1")[0].attributes


def test_the_carrier_is_remembered() -> None:
    """Whatever the symbol held."""
    assert ("carrier", "]Q1") in read("]Q188.118.8/A")[0].attributes
    assert ("carrier", "]d2") in read("]d20106901234567892")[0].attributes


def test_a_shops_path_is_no_digital_link() -> None:
    """Only where a key is right is it called a broken one."""
    assert read("https://shop.example/01/02")[0].warnings == ()
    assert any("broken Digital Link" in line for line in read("https://shop.example/01/06901234567892/foo")[0].warnings)


def test_a_digital_link_with_a_wrong_check_digit_is_a_link_with_a_suggestion() -> None:
    """The rest of the link stays."""
    first = read("https://shop.example/x/01/06901234567893?a=b")[0]

    assert (first.scheme, first.suggestions) == ("url", ("https://shop.example/x/01/06901234567892?a=b",))


def test_a_wrong_check_digit_in_brackets_is_shown() -> None:
    """The brackets say what it is meant to be."""
    first = read("(01)06901234567893(21)X")[0]

    assert (first.scheme, first.ok) == ("gs1", False)
    assert first.suggestions == ("https://id.gs1.org/01/06901234567892/21/X",)


def test_thirteen_digits_may_be_a_place() -> None:
    """The trade item first, the location number second."""
    found = read("6901234567892")

    assert [reading.canonical for reading in found] == [
        "https://id.gs1.org/01/06901234567892",
        "https://id.gs1.org/414/6901234567892",
    ]
    assert [reading.confidence for reading in found] == [Confidence.LIKELY, Confidence.POSSIBLE]


def test_four_small_numbers_may_be_an_address() -> None:
    """An OID then is only possible."""
    first = read("1.2.156.10")[0]

    assert (first.scheme, first.confidence) == ("oid", Confidence.POSSIBLE)
    assert "IP address" in first.warnings[0]


def test_a_vaa_number_has_its_twins_behind_it() -> None:
    """With the enterprise's leading zeros, then without."""
    assert [reading.canonical for reading in read("VAA08810000345678/a")] == [
        "VAA08810000345678/a",
        "88.100.00345678/A",
        "88.100.345678/A",
    ]


def test_a_prefix_that_begins_with_a_zero_is_less_sure() -> None:
    """It may be a broken path of a Digital Link."""
    first = read("01/06901234567893")[0]

    assert (first.scheme, first.confidence) == ("handle", Confidence.LIKELY)
    assert first.suggestions == ("01/06901234567892",)


def test_a_gs1_code_in_an_ecode_routes_it() -> None:
    """Version 0 embeds it unchanged."""
    first = read("ecode:0.00.06901234567892")[0]
    assert first.route is not None

    assert (first.scheme, first.route.type) == ("ecode", "GS1")


def test_full_width_text_is_read_with_a_warning() -> None:
    """Only when nothing reads it as it is; a Chinese suffix is left alone."""
    assert len(read("ＵＮ１１７０")[0].warnings) == 1
    assert read("88.118.8/船（一）")[0].canonical == "88.118.8/船（一）"
    assert read("88.118.8/船（一）")[0].warnings == ()


def test_near_misses_work_for_full_width_text() -> None:
    """The suggestion is plain."""
    assert read("ＩＭＯ９０７４７２８")[0].suggestions == ("IMO9074729",)


@pytest.mark.parametrize(
    "text",
    [
        "]Q111010519491231002X",
        "https://id.example.cn/11010519491231002X",
        "11010519491231002X",
        " 110105 19491231 002X ",
        "１１０１０５１９４９１２３１００２Ｘ",
    ],
)
def test_the_number_of_a_person_is_refused(text: str) -> None:
    """And appears nowhere in the answer."""
    (refused,) = read(text)

    assert refused.scheme == "personal"
    assert "1949" not in repr(refused)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "hello world",
        "水",
        "3.14",
        "4.2.1",
        "192.168.1.1",
        "a\x00b",
        "x" * 5_000,
        "\ud800",
        "]",
        "]Q1",
        "[",
        "(",
        "/",
        "{",
        "\x1d",
    ],
)
def test_what_is_nothing_has_no_reading(text: str) -> None:
    """And a sentence says why."""
    assert read(text) == ()
    assert trouble_of(text)


def test_surroundings_serve_many_texts() -> None:
    """As arguments do for one; what is nothing harms no neighbour."""
    found = [readings_of(text, Surroundings(YEAR)) for text in ("88.118.8/a", "\x00", "2.16.156")]

    assert [[reading.canonical for reading in readings] for readings in found] == [["88.118.8/A"], [], ["2.16.156"]]


@pytest.mark.parametrize("name", sorted(set(RECOGNISERS) - {"gtin", "sscc", "gln", "gmn"}))
def test_the_example_of_every_scheme_is_detected(name: str) -> None:
    """First, in its canonical form."""
    example = RECOGNISERS[name].example
    first = read(example)[0]

    assert (first.scheme, first.canonical) == (name, example)


def test_what_two_schemes_fit_is_listed_by_confidence() -> None:
    """A book is a trade item, and its number has the length of a place."""
    found = read("978-7-111-40701-0")

    assert [reading.scheme for reading in found] == ["isbn", "gs1", "gs1"]
    assert [reading.confidence for reading in found] == [Confidence.LIKELY, Confidence.LIKELY, Confidence.POSSIBLE]


def test_the_year_is_an_argument() -> None:
    """A battery that is yet to be made is warned of."""
    assert detect("001PB210000012F3H0000123", year=2024)[0].warnings
    assert not detect("001PB210000012F3H0000123", year=2025)[0].warnings


@pytest.mark.parametrize("text", ["1.2.3", "88.5", "P210", "24/7"])
def test_short_texts_are_less_sure(text: str) -> None:
    """A version, an amount, a part number, a phrase."""
    assert read(text)[0].confidence is Confidence.LIKELY


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("hdl:88.118.8/%E6%B0%B4%201", "88.118.8/水 1"),
        ("info:hdl/88.118.8/a%2Fb", "88.118.8/A/B"),
        ("doi:10.1000/a%20b", "10.1000/A B"),
        ("hdl:88.118.8/50%", "88.118.8/50%"),
        ("hdl:88.118.8/%FF", "88.118.8/%FF"),
        ("hdl:88.118.8/%2531", "88.118.8/%31"),
    ],
)
def test_a_labelled_name_is_decoded_once(text: str, canonical: str) -> None:
    """It is a URI; what is no encoding of UTF-8 stays as it is."""
    assert read(text)[0].canonical == canonical


@pytest.mark.parametrize("text", ["doi:6901234567892", "doi:88.118.8/A", "hdl:6901234567892"])
def test_a_label_does_not_make_anything_an_identifier(text: str) -> None:
    """DOIs begin with 10., and a number alone is no handle."""
    assert read(text) == ()
