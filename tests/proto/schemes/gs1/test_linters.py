"""The linters, on values at both sides of their limits; the reference's own cases of coupons are in `reference_cases.tsv`."""

from __future__ import annotations

import pytest

from idis.proto.schemes.gs1.linters import LINTERS

GOOD = {
    "csum": ("06901234567892", "169012340000000013"),
    "csumalpha": ("1987654Ad4X4bL5ttr2310c2K",),
    "key": ("6901A", "0000"),
    "gcppos1": ("6901",),
    "keyoff1": ("A6901",),
    "gcppos2": ("A6901",),
    "yymmdd": ("280229", "991231"),
    "yymmd0": ("280200", "000229"),
    "yyyymmdd": ("20000229", "19991231"),
    "hh": ("00", "23"),
    "mi": ("59",),
    "ss": ("59",),
    "hhmi": ("2359",),
    "iso3166": ("156",),
    "iso3166999": ("999", "156"),
    "iso3166alpha2": ("CN",),
    "iso4217": ("156", "978"),
    "iso5218": ("0", "9"),
    "iban": ("DE89370400440532013000", "GB29NWBK60161331926819"),
    "latitude": ("1800000000",),
    "longitude": ("3600000000",),
    "pieceoftotal": ("0101", "9999"),
    "posinseqslash": ("1/1", "2/3"),
    "pcenc": ("a%2Fb", "%e4"),
    "yesno": ("0", "1"),
    "winding": ("0", "1", "9"),
    "zero": ("0", "000"),
    "nonzero": ("001",),
    "nozeroprefix": ("0", "10"),
    "hyphen": ("-",),
    "hasnondigit": ("12a4",),
    "mediatype": ("01", "10", "80", "99"),
    "packagetype": ("8", "200", "APE", "ZZ"),
    "importeridx": ("-", "_", "0", "Z", "a"),
    "couponposoffer": ("001234561234560123456", "061234567890121234569123456789012345"),
    "couponcode": ("0123456123456111101231011012395012345690000", "0123456123456111101234250731"),
}
BAD = {
    "csum": ("06901234567893",),
    "csumalpha": ("1987654Ad4X4bL5ttr2310c2L", "2K"),
    "key": ("690", "69O1"),
    "gcppos1": ("69A1",),
    "keyoff1": ("A690",),
    "gcppos2": ("A69B1",),
    "yymmdd": ("270229", "281301", "280100"),
    "yymmd0": ("270229", "280001"),
    "yyyymmdd": ("19000229", "20011301"),
    "hh": ("24",),
    "mi": ("60",),
    "ss": ("60",),
    "hhmi": ("2400", "2360"),
    "iso3166": ("000", "999"),
    "iso3166999": ("998",),
    "iso3166alpha2": ("AA", "cn"),
    "iso4217": ("000",),
    "iso5218": ("3",),
    "iban": ("DE89370400440532013001", "XX893704004405", "DE89", "de89370400440532013000"),
    "latitude": ("1800000001",),
    "longitude": ("3600000001",),
    "pieceoftotal": ("0001", "0100", "0302"),
    "posinseqslash": ("3/2", "0/1", "1/01", "111", "/11"),
    "pcenc": ("%", "%2", "%2G"),
    "yesno": ("2",),
    "winding": ("2",),
    "zero": ("01",),
    "nonzero": ("000",),
    "nozeroprefix": ("01", "00"),
    "hyphen": ("X",),
    "hasnondigit": ("1234",),
    "mediatype": ("00", "11", "79"),
    "packagetype": ("0", "1a", "200_"),
    "importeridx": ("=", "/"),
    "couponposoffer": ("201234561234560123456", "0012345612345601234567", "a01234561234560123456"),
    "couponcode": ("0123456123456111101237", "0123456123456x"),
}


@pytest.mark.parametrize("name", sorted(LINTERS))
def test_a_linter_passes_what_is_right(name: str) -> None:
    """Every linter has values it passes."""
    assert [value for value in GOOD[name] if LINTERS[name](value)] == []


@pytest.mark.parametrize("name", sorted(LINTERS))
def test_a_linter_names_what_is_wrong(name: str) -> None:
    """Every linter has values it says something about."""
    assert [value for value in BAD[name] if not LINTERS[name](value)] == []
