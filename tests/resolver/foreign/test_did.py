"""DIDs that hold their own document."""

from __future__ import annotations

import base64
import json

import pytest

from idis.resolver.foreign.did import own_document

# From the specification of did:key, appendix of test vectors.
ED25519 = "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp"
P256 = "did:key:zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169"
X25519 = "did:key:z6LSeu9HkTHSfLLeUs2nnzUSNedgDUevfNQgQjQC23ZCit6F"
KEY = {
    "kty": "EC",
    "crv": "P-256",
    "x": "acbIQiuMs3i8_uszEjJ2tpTtRM4EU3yz91PH6CdH2V0",
    "y": "_KcyLj9vWMptnmKtm46GqDz8wf74I5LKgrl2GzH3nSE",
}


def jwk(key: dict[str, object]) -> str:
    """A did:jwk of a key."""
    return "did:jwk:" + base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


@pytest.mark.parametrize("did", [ED25519, P256])
def test_a_key_signs_and_proves(did: str) -> None:
    """One method, named by the key, in every relation but agreement."""
    document = own_document(did)

    assert document is not None
    text = did.removeprefix("did:key:")
    assert document["id"] == did
    assert document["verificationMethod"] == [
        {"id": f"{did}#{text}", "type": "Multikey", "controller": did, "publicKeyMultibase": text}
    ]
    assert document["authentication"] == [f"{did}#{text}"]
    assert "keyAgreement" not in document


def test_a_key_that_only_agrees() -> None:
    """X25519 signs nothing."""
    document = own_document(X25519)

    assert document is not None
    assert "keyAgreement" in document
    assert "authentication" not in document


def test_a_jwk() -> None:
    """The key as it is, in the relations of its use."""
    document = own_document(jwk({**KEY, "use": "sig"}))

    assert document is not None
    (method,) = document["verificationMethod"]
    assert method["publicKeyJwk"] == {**KEY, "use": "sig"}
    assert "keyAgreement" not in document


@pytest.mark.parametrize(
    "did",
    [
        "did:web:maker.example",
        "did:key:x6Mk",
        "did:key:z",
        "did:key:z0",
        "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooW",
        "did:key:z" + "2" * 2_000,
        "did:jwk:e30",
        "did:jwk:!!",
        "did:jwk:" + "W" * 5_000,
        jwk({**KEY, "d": "secret"}),
        jwk({"kty": "oct", "k": "secret"}),
    ],
)
def test_what_holds_no_public_key(did: str) -> None:
    """Other methods, damaged keys, and private ones."""
    assert own_document(did) is None
