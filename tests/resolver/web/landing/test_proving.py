"""What a page may say of a signature."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from idis.proto.proof import RootKey, Standing
from idis.proto.types.key_delegation import DELEGATION_TYPE
from idis.proto.value import Value
from idis.resolver.web.landing.proving import Prover, trusted_keys
from tests.registry.test_attacks import KEYS, NOW, PREFIXES, link, statement_value

IDENTIFIER = "88.118.8/A1"
VALUES = [Value(1, "URL", b"https://example.com")]
ROOT = RootKey(KEYS[0].public.suite, KEYS[0].public.key)
LINKS = {f"0.NA/{prefix}": link(KEYS[at], KEYS[at + 1], prefix) for at, prefix in enumerate(PREFIXES)}


async def ask(identifier: str, types: tuple[str, ...] = ()) -> Sequence[Value]:
    """The delegations of the prefixes above, as another node would answer."""
    assert types == (DELEGATION_TYPE,)
    return [Value(420, DELEGATION_TYPE, LINKS[identifier].encode())]


async def nobody(identifier: str, types: tuple[str, ...] = ()) -> Sequence[Value]:
    """Nothing is known above."""
    return []


def signed(values: list[Value] = VALUES) -> list[Value]:
    """The values with their owner's statement about VALUES."""
    return [*values, statement_value(KEYS[3], IDENTIFIER, VALUES)]


async def test_a_record_is_verified_from_the_root_key_alone():
    """Its delegations are asked for; the page may say verified, and until when."""
    proof = await Prover([ROOT]).prove(IDENTIFIER, signed(), ask, NOW)

    assert proof.standing is Standing.VERIFIED
    assert proof.not_after == NOW + 500


async def test_a_changed_value_is_a_failure():
    """Whoever changed it."""
    proof = await Prover([ROOT]).prove(IDENTIFIER, signed([Value(1, "URL", b"https://evil.example")]), ask, NOW)

    assert proof.standing is Standing.FAILED


async def test_a_broken_chain_is_a_failure():
    """No delegation, no belief."""
    assert (await Prover([ROOT]).prove(IDENTIFIER, signed(), nobody, NOW)).standing is Standing.FAILED


async def test_without_a_trusted_key_nothing_is_verified_and_nothing_has_failed():
    """The page says that it is signed, and that nobody looked."""
    assert (await Prover([]).prove(IDENTIFIER, signed(), nobody, NOW)).standing is Standing.UNVERIFIABLE


async def test_what_is_not_signed_is_called_so_and_nobody_is_asked():
    """The common case costs nothing."""

    async def never(identifier: str, types: tuple[str, ...] = ()) -> Sequence[Value]:
        raise AssertionError(identifier)

    assert (await Prover([ROOT]).prove(IDENTIFIER, VALUES, never, NOW)).standing is Standing.UNSIGNED


def test_trusted_keys_are_read_from_the_data_directory(tmp_path: Path):
    """As `idis key` writes them."""
    key = Ed25519PublicKey.from_public_bytes(KEYS[0].public.key)
    (tmp_path / "root.pem").write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))

    assert trusted_keys("root.pem", tmp_path) == [ROOT]


@pytest.mark.parametrize("octets", [None, b"", b"no key", b"-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----\n"])
def test_a_file_without_keys_trusts_nobody(tmp_path: Path, octets: bytes | None):
    """The node goes on, and pages say that nothing is verified."""
    if octets is not None:
        (tmp_path / "root.pem").write_bytes(octets)

    assert trusted_keys("root.pem", tmp_path) == []
    assert trusted_keys("", tmp_path) == []
