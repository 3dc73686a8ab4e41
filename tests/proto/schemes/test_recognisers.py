import pytest
from hypothesis import given
from hypothesis import strategies as st

from idis.proto.schemes.recognisers import RECOGNISERS
from idis.proto.schemes.table import SCHEMES

YEAR = 2026


@pytest.mark.parametrize("name", RECOGNISERS)
def test_the_example_of_a_scheme_is_its_own_canonical_form(name: str) -> None:
    """What is shown to people is right, and the canonical form is a fixed point."""
    recogniser = RECOGNISERS[name]
    found = recogniser.read(recogniser.example, YEAR)
    assert found is not None
    if name in ("gtin", "sscc", "gln", "gmn"):
        assert found.canonical.endswith(recogniser.example)
        return

    assert (found.scheme, found.canonical, found.levels[0]) == (name, recogniser.example, recogniser.example)


def test_every_sector_number_is_a_scheme() -> None:
    """One that is added to the table can be recognised."""
    assert set(SCHEMES) < set(RECOGNISERS)


_DIGITS = st.text("0123456789", min_size=1, max_size=8)
_LABELS = st.lists(st.text("0123456789abcXYZ-_", min_size=1, max_size=6), max_size=4)
_SUFFIX = st.text(st.characters(exclude_categories=("C",)), min_size=1, max_size=20)
_GRAPHIC = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)
_DOTTED = st.lists(st.integers(0, 10**12).map(str), min_size=1, max_size=6).map(".".join)
_SERIAL = st.text("0123456789ABCXYZ-./", min_size=1, max_size=12)
_BASE = st.text("0123456789bcdfghjk-/.=~*+@_$%", min_size=1, max_size=16)
_WRITTEN = {
    "handle": st.builds(lambda head, labels, suffix: ".".join([head, *labels]) + "/" + suffix, _DIGITS, _LABELS, _SUFFIX),
    "doi": st.builds(lambda registrant, suffix: f"10.{registrant}/{suffix}", st.integers(1_000, 10**9 - 1), _SUFFIX),
    "vaa": st.builds(lambda number, suffix: f"vaa{number:014}/{suffix}", st.integers(0, 10**14 - 1), _SUFFIX),
    "ma": st.builds(lambda labels, rest: f"ma.156.{labels}{rest}", _DOTTED, st.sampled_from(["", "/x", "/10.y"])),
    "oid": st.builds(lambda first, rest: f"urn:oid:{first}.{rest}", st.sampled_from(["0.4", "1.2", "2.16", "2.999"]), _DOTTED),
    "ecode": st.builds(lambda version, nsi, md: f"Ecode={version}.{nsi}.{md}", st.integers(0, 9), st.integers(0, 9999), _GRAPHIC),
    "did": st.builds(
        lambda method, name: f"DID:{method}:{name}", st.sampled_from(["cn", "Web", "x9"]), _SERIAL.map(lambda s: s + "a")
    ),
    "ark": st.builds(lambda naan, name: f"ark:/{naan}/{name}", st.integers(10_000, 99_999), _BASE),
    "url": st.builds(
        lambda host, rest: f"HTTPS://{host}/{rest}", st.from_regex(r"[A-Za-z0-9.-]{1,20}", fullmatch=True), _GRAPHIC
    ),
    "iso15459": st.builds(lambda agency, rest: f"25s{agency}{rest}", st.sampled_from(["UN", "OD", "D", "VAA", "0"]), _GRAPHIC),
    "iso15434": st.builds(lambda part, serial: f"[)>\x1e06\x1d1P{part}\x1dS{serial}\x1e\x04", _SERIAL, _SERIAL),
    "uuid": st.uuids().map(lambda uuid: f"urn:uuid:{str(uuid).upper()}"),
    "irdi": st.from_regex(r"[0-9]{4}-[0-9a-z]{1,4}#[0-9]{2}-[A-Za-z]{3}[0-9]{3}#[0-9]{1,3}", fullmatch=True),
    "bpn": st.from_regex(r"bpn[lsa][0-9a-z]{12}", fullmatch=True),
    "duns": st.integers(0, 10**9 - 1).map(lambda number: f"D-U-N-S {number:09}"),
}


@pytest.mark.parametrize("name", _WRITTEN)
def test_canonical_forms_are_fixed_points(name: str) -> None:
    """Whatever was written, its canonical form is read as the same thing, with the same levels and route."""
    read = RECOGNISERS[name].read
    met = []

    @given(_WRITTEN[name])
    def check(text: str) -> None:
        found = read(text, YEAR)
        if found is None:
            return
        met.append(text)
        again = read(found.canonical, YEAR)
        assert again is not None

        assert (again.scheme, again.canonical, again.levels) == (found.scheme, found.canonical, found.levels)
        assert (again.route, again.granularity) == (found.route, found.granularity)
        assert found.levels[0] == found.canonical

    check()
    assert met, "nothing of what was written is of this scheme"


@pytest.mark.parametrize("name", _WRITTEN)
def test_coarser_levels_are_of_the_same_scheme(name: str) -> None:
    """Each level can itself be asked for: it is read, or is a namespace that stands only above others."""
    read = RECOGNISERS[name].read

    @given(_WRITTEN[name])
    def check(text: str) -> None:
        found = read(text, YEAR)
        for level in () if found is None else found.levels[1:]:
            again = read(level, YEAR)

            assert again is None or again.canonical == level

    check()
