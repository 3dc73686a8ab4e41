"""A token as it is kept: its terms judged, its octets, its state."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from idis.registry.caller import Action, Role, RoleGrant
from idis.registry.identity import Identity
from idis.registry.registration.checks import Refusal
from idis.registry.token import Token, TokenTerms, decode_token, encode_token, encode_use, judge_terms, with_use

ZHANG = Identity(300, "88.118/ZHANG")
TERMS = TokenTerms("MES", ZHANG, (), ("88.118",), frozenset({Action.REGISTER}), ("192.0.2.0/24",), 30)
TOKEN = Token("00" * 8, hashlib.sha256(b"x").digest(), TERMS, "cli root", 1000, 2000)


def test_round_trip() -> None:
    """A token is read back as it was made, one with roles of its own too."""
    of_roles = replace(TOKEN, terms=replace(TERMS, identity=None, roles=(RoleGrant(Role.AUDITOR, "88"),)), revoked_s=5)

    assert decode_token(encode_token(TOKEN)) == TOKEN
    assert decode_token(encode_token(of_roles)) == of_roles


def test_last_use() -> None:
    """The last use is kept apart; a token without one was not used."""
    assert with_use(TOKEN, None) == TOKEN
    assert with_use(TOKEN, encode_use(1500, "192.0.2.7")) == replace(TOKEN, used_s=1500, used_from="192.0.2.7")


@pytest.mark.parametrize(
    ("revoked_s", "now", "state"), [(0, 1999, "valid"), (0, 2000, "expired"), (1500, 1600, "revoked"), (1500, 3000, "revoked")]
)
def test_state(revoked_s: int, now: int, state: str) -> None:
    """Valid until its last second, unless it was revoked."""
    assert replace(TOKEN, revoked_s=revoked_s).state(now) == state


def test_json_holds_no_digest() -> None:
    """What may be known of a token does not include what its secret is compared with; nor does its repr."""
    shown = repr(TOKEN) + repr(TOKEN.to_json())

    assert TOKEN.digest.hex() not in shown
    assert repr(TOKEN.digest) not in shown


def test_terms_are_normalised() -> None:
    """Prefixes are folded and named once, networks written in one way, roles too."""
    terms = TokenTerms(
        roles=(RoleGrant(Role.APPLICATION, "88.ab"),), prefixes=("88.ab", "88.AB"), networks=("192.0.2.7/24", "2001:DB8::1")
    )
    judged = judge_terms(terms)

    assert isinstance(judged, TokenTerms)
    assert judged.roles == (RoleGrant(Role.APPLICATION, "88.AB"),)
    assert judged.prefixes == ("88.AB",)
    assert judged.networks == ("192.0.2.0/24", "2001:db8::1/128")


@pytest.mark.parametrize(
    "change",
    [
        {"days": 0},
        {"days": 366},
        {"label": "x" * 101},
        {"label": "two\nlines"},
        {"identity": None},
        {"roles": (RoleGrant(Role.AUDITOR),)},
        {"actions": frozenset()},
        {"prefixes": ()},
        {"prefixes": ("88..1",)},
        {"prefixes": tuple(f"88.{number}" for number in range(65))},
        {"networks": ("192.0.2.0/33",)},
        {"networks": ("example.org",)},
        {"networks": tuple(f"192.0.2.{number}" for number in range(17))},
    ],
)
def test_refused_terms(change: dict[str, object]) -> None:
    """Too long a life, no bearer or two, an empty scope, what is no prefix or network, and too many of anything."""
    assert isinstance(judge_terms(replace(TERMS, **change)), Refusal)  # type: ignore[arg-type]


@pytest.mark.parametrize("days", [1, 365])
def test_longest_and_shortest(days: int) -> None:
    """One day and a year are allowed."""
    assert isinstance(judge_terms(replace(TERMS, days=days)), TokenTerms)


@pytest.mark.parametrize(
    ("networks", "address", "admitted"),
    [
        ((), "anything", True),
        (("192.0.2.0/24",), "192.0.2.255", True),
        (("192.0.2.0/24",), "192.0.3.0", False),
        (("192.0.2.0/24",), "::ffff:192.0.2.9", True),
        (("192.0.2.0/24",), "2001:db8::1", False),
        (("192.0.2.0/24",), "unix", False),
        (("198.51.100.0/24", "fe80::/10"), "fe80::1%eth0", True),
    ],
)
def test_networks(networks: tuple[str, ...], address: str, admitted: bool) -> None:
    """An address is in one of the networks, an IPv4 one also inside IPv6; where there are none, any will do."""
    assert replace(TERMS, networks=networks).admit(address) is admitted
