"""The JSON form of every type's data."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idis.proto.errors import DataError
from idis.proto.types.table import STRUCTURES, check_data, compose, describe

Vector = Callable[[str], bytes]

RSA = bytes.fromhex("0000000b 5253415f5055425f4b4559 0000 00000003 010001 00000002 00ff 00000000")
VLIST = bytes.fromhex("00000001 00000003 312f61 0000012c")
ADMIN = {"handle": "0.NA/20.500.9999", "index": 300, "permissions": "111111111111"}
SITE = {
    "version": 1,
    "protocolVersion": "2.10",
    "serialNumber": 1,
    "primarySite": True,
    "multiPrimary": False,
    "attributes": [{"name": "desc", "value": "mock"}],
    "servers": [
        {
            "serverId": 1,
            "address": "127.0.0.1",
            "interfaces": [{"query": True, "admin": True, "protocol": "TCP", "port": 9642}],
        }
    ],
}
KEY = {"kty": "RSA", "e": "AQAB", "n": "_w"}


def test_an_administrator_is_described(vector: Vector) -> None:
    """Format admin."""
    assert describe("HS_ADMIN", vector("s7_admin")) == {"format": "admin", "value": ADMIN}


def test_a_site_is_described(vector: Vector) -> None:
    """Format site, usual fields left out."""
    assert describe("HS_SITE", vector("e8_site_record")) == {"format": "site", "value": SITE}


@pytest.mark.parametrize(
    ("type_name", "data", "form"),
    [
        ("HS_VLIST", VLIST, {"format": "vlist", "value": [{"handle": "1/a", "index": 300}]}),
        ("HS_PUBKEY", RSA, {"format": "key", "value": KEY}),
        ("hs_pubkey", RSA, {"format": "key", "value": KEY}),
        ("HS_PUBKEY", b"-----BEGIN PUBLIC KEY-----", {"format": "string", "value": "-----BEGIN PUBLIC KEY-----"}),
        ("URL", b"http://x", {"format": "string", "value": "http://x"}),
        ("URL", b"\xff", {"format": "base64", "value": "/w=="}),
        ("HS_SITE", b"no site", {"format": "string", "value": "no site"}),
        ("HS_ADMIN", bytes.fromhex("1fff 00000000 00000000"), {"format": "base64", "value": "H/8AAAAAAAAAAA=="}),
    ],
)
def test_descriptions(type_name: str, data: bytes, form: dict[str, object]) -> None:
    """Structure where it carries the octets unchanged, text or base64 otherwise."""
    assert describe(type_name, data) == form


@pytest.mark.parametrize(
    ("type_name", "form", "data"),
    [
        ("URL", "http://x", b"http://x"),
        ("URL", {"format": "string", "value": "船"}, bytes.fromhex("e888b9")),
        ("X", {"format": "hex", "value": "FF00"}, b"\xff\x00"),
        ("X", {"format": "base64", "value": "/wA="}, b"\xff\x00"),
        ("HS_VLIST", {"format": "vlist", "value": [{"handle": "1/a", "index": 300}]}, VLIST),
        ("HS_VLIST", {"format": "hex", "value": VLIST.hex()}, VLIST),
        ("HS_PUBKEY", {"format": "key", "value": KEY}, RSA),
        ("X", {"format": "vlist", "value": []}, bytes(4)),
    ],
)
def test_compositions(type_name: str, form: object, data: bytes) -> None:
    """Every format gives its octets; the format decides, not the type."""
    assert compose(type_name, form) == data


def test_an_administrator_and_a_site_are_composed(vector: Vector) -> None:
    """The structured forms give the golden octets."""
    assert compose("HS_ADMIN", {"format": "admin", "value": ADMIN}) == vector("s7_admin")
    assert compose("HS_SITE", {"format": "site", "value": SITE}) == vector("e8_site_record")


@pytest.mark.parametrize(
    ("type_name", "form"),
    [
        ("URL", None),
        ("URL", 7),
        ("URL", {}),
        ("URL", {"format": "string"}),
        ("URL", {"format": "string", "value": 7}),
        ("URL", {"format": "rot13", "value": "x"}),
        ("URL", {"format": "hex", "value": "x"}),
        ("URL", {"format": "base64", "value": "!"}),
        ("URL", "\ud800"),
        ("HS_ADMIN", "administrator"),
        ("HS_ADMIN", {"format": "admin", "value": {}}),
        ("HS_ADMIN", {"format": "hex", "value": "0fff"}),
        ("HS_VLIST", {"format": "hex", "value": "00000001"}),
        ("HS_SITE", {"format": "string", "value": "x"}),
        ("HS_SITE", {"format": "site", "value": SITE | {"servers": [{"serverId": 1, "address": "here"}]}}),
        ("HS_SITE", {"format": "site", "value": SITE | {"protocolVersion": "2"}}),
        ("HS_SITE", {"format": "site", "value": SITE | {"protocolVersion": "2.999"}}),
        ("HS_SITE", {"format": "site", "value": SITE | {"serialNumber": 70_000}}),
        ("HS_SITE", {"format": "site", "value": SITE | {"primarySite": "yes"}}),
        ("HS_SITE", {"format": "site", "value": SITE | {"attributes": [{"name": "x"}]}}),
        ("HS_SITE", {"format": "site", "value": SITE | {"servers": [SITE["servers"][0]] * 65}}),  # type: ignore[index]
        ("HS_SITE", {"format": "site", "value": SITE | {"hashFilter": {"format": "rot13", "value": ""}}}),
        ("HS_SITE", {"format": "site", "value": SITE | {"hashFilter": "\ud800"}}),
        ("HS_SITE.PREFIX", ""),
        ("HS_PUBKEY", {"format": "key", "value": {"kty": "EC"}}),
        ("HS_NAMESPACE", "<namespace>"),
        ("HS_SIGNATURE", "a.b.c"),
        ("HS_CERT", "a.b.c"),
    ],
)
def test_what_is_refused(type_name: str, form: object) -> None:
    """Whatever cannot be data of its type, with one sentence."""
    with pytest.raises(DataError):
        compose(type_name, form)


@pytest.mark.parametrize(
    "changed",
    [
        {"hashOption": 0},
        {"hashFilter": {"format": "hex", "value": "aabb"}},
        {"hashFilter": "text"},
        {"hashFilter": {"format": "base64", "value": "/w=="}},
        {"servers": [{"serverId": 1, "address": "::1", "publicKey": {"format": "hex", "value": RSA[:-4].hex()}}]},
        {"otherFlags": 1},
        {"multiPrimary": True},
        {"protocolVersion": "3.0"},
        {"servers": [{"serverId": 1, "address": "::1", "publicKey": {"format": "key", "value": KEY}, "interfaces": []}]},
        {"servers": [{"serverId": 1, "address": "::1", "publicKey": {"format": "string", "value": "PEM"}}]},
        {"servers": [{"serverId": 1, "address": "::1", "interfaces": [{"query": True, "protocol": "9", "port": 1}]}]},
    ],
)
def test_unusual_sites_come_back(changed: dict[str, object]) -> None:
    """Whatever a site may say is described and composed again."""
    data = compose("HS_SITE", {"format": "site", "value": SITE | changed})

    assert compose("HS_SITE", describe("HS_SITE", data)) == data


def test_a_site_may_be_nearly_empty() -> None:
    """Absent fields have their usual values."""
    assert compose("HS_SITE", {"format": "site", "value": {}}) == bytes.fromhex("0001 020b 0001 00 02 00000000 00000000 00000000")


def test_data_without_structure_is_not_checked() -> None:
    """Unknown types take any octets."""
    check_data("X", b"\xff\x00")

    assert "X" not in STRUCTURES


@given(st.sampled_from([*STRUCTURES, "URL", "HS_SECKEY"]), st.binary(max_size=60))
def test_descriptions_compose_to_the_same_octets(type_name: str, data: bytes) -> None:
    """Any data that may be registered survives being shown."""
    form = describe(type_name, data)
    try:
        check_data(type_name, data)
    except DataError:
        return

    assert form["format"] == "key" or compose(type_name, form) == data
