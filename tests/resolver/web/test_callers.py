"""Who asks over REST: Basic, signatures in sessions, client certificates, tokens, and everything that is no proof."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import time
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from idis.registry import tokens
from idis.registry.caller import Action, Role, RoleGrant, tool
from idis.registry.token import TokenTerms
from idis.resolver import node as node_module
from idis.resolver.admin.proven import LOOK_S
from idis.resolver.admin.server_key import ServerKey
from idis.resolver.config import DEVELOPMENT_CERTIFICATE, DEVELOPMENT_KEY, TlsSection
from tests.resolver.admin.wire import administer, dsa_key, ed25519_key, key_values, other_rsa_key, rsa_key, sign
from tests.resolver.web.rest_client import Rest, basic, client_certificate, trust

ADMIN = "0.NA/88.118.8"
CNONCE = bytes(range(16))
URL = {"index": 1, "type": "URL", "data": "https://example.com/1"}


async def put(rest, authorization: str | None, path: str = "88.118.8/N1", **headers: str):
    """Try to register."""
    if authorization is not None:
        headers["Authorization"] = authorization
    status, document, got = await rest.ask("PUT", f"/api/handles/{path}", [URL], **headers)
    return status, document["responseCode"], document.get("message", ""), got


def encoded(octets: bytes) -> str:
    """Base64."""
    return base64.b64encode(octets).decode()


def handle_header(
    session: dict[str, Any], identity: str, signature: bytes, *, type: str = "HS_PUBKEY", alg: str = "SHA256", **more: str
) -> str:
    """The header that proves an identity in a session."""
    fields = {
        "version": "0",
        "sessionId": session["sessionId"],
        "cnonce": encoded(CNONCE),
        "id": identity,
        "type": type,
        "alg": alg,
        "signature": encoded(signature),
        **more,
    }
    return "Handle " + ", ".join(f'{name}="{text}"' for name, text in fields.items())


def signed(session: dict[str, Any], key: Any, digest: str = "SHA-256") -> bytes:
    """Of the server's nonce and ours."""
    return sign(key, base64.b64decode(session["nonce"]) + CNONCE, digest)


async def begin(rest) -> dict[str, Any]:
    """A new session."""
    status, session, headers = await rest.ask("POST", "/api/sessions")
    assert (status, headers["Location"]) == (201, "/api/sessions/this")
    return session


# Nobody in particular


async def test_nobody_in_particular_is_asked_for_a_proof(rest):
    """401, code 402, and every way to give one."""
    status, code, message, headers = await put(rest, None)
    ways = [way.split(" ")[0] for way in headers.getall("WWW-Authenticate")]

    assert (status, code) == (401, 402)
    assert message
    assert ways == ["Basic", "Handle", "Bearer"]


async def test_a_script_is_not_asked_for_a_password(rest):
    """A browser would ask its user, over the head of the script (`wire.md` §15)."""
    _status, _code, _message, headers = await put(rest, None, X_Requested_With="XMLHttpRequest")

    assert not any(way.startswith("Basic") for way in headers.getall("WWW-Authenticate"))


async def test_plain_http_asks_for_no_proof(plain_rest):
    """403 and where to go instead."""
    status, code, message, headers = await put(plain_rest, None)

    assert (status, code) == (403, 402)
    assert "HTTPS" in message
    assert "WWW-Authenticate" not in headers


async def test_a_header_that_cannot_be_read_is_no_proof(rest):
    """400 and what is wrong with it."""
    for header in ("Digest x", "Basic !", "Basic eA==", 'Handle sessionId="x', 'Handle version="1"', "Handle cnonce=%"):
        status, code, message, _headers = await put(rest, header)

        assert (status, code) == (400, 4), header
        assert message


# Basic


async def test_basic_proves_an_identity(rest):
    """Index and identifier, percent-encoded, and the secret of that value."""
    assert (await put(rest, basic(f"301:{ADMIN}", "s3cret")))[:2] == (201, 1)


async def test_basic_without_an_index_tries_every_secret(rest):
    """An identity without an index is any key of it."""
    assert (await put(rest, basic(ADMIN, "s3cret")))[:2] == (201, 1)


@pytest.mark.parametrize(
    ("identity", "secret"),
    [
        (f"301:{ADMIN}", "wrong"),
        (f"301:{ADMIN}", ""),
        (f"300:{ADMIN}", "s3cret"),
        ("301:0.NA/88.118.8.9", "s3cret"),
        ("301:88.118.8/nobody", "s3cret"),
    ],
)
async def test_a_wrong_secret_proves_nothing(rest, identity, secret):
    """401 with code 403 and the challenges again, whether the identity exists or not."""
    status, code, message, headers = await put(rest, basic(identity, secret))

    assert status == 401
    assert code in (403, 406)
    assert message
    assert "WWW-Authenticate" in headers


async def test_a_guesser_is_slowed_down(rest):
    """After five wrong secrets even the right one has to wait, for this source alone."""
    for _ in range(5):
        await put(rest, basic(f"301:{ADMIN}", "wrong"))
    status, code, message, _headers = await put(rest, basic(f"301:{ADMIN}", "s3cret"))

    assert (status, code) == (401, 403)
    assert "wait" in message


async def test_an_administrator_without_the_right_is_403(rest):
    """Code 401: the one who may only register may not delete."""
    session = await begin(rest)
    header = handle_header(session, f"305:{ADMIN}", signed(session, other_rsa_key()))
    await put(rest, header)
    status, document, _headers = await rest.ask("DELETE", "/api/handles/88.118.8/A1", Authorization=header)

    assert (status, document["responseCode"]) == (403, 401)


# Sessions


@pytest.mark.parametrize(
    ("index", "key", "alg"),
    [
        (300, rsa_key, "SHA256"),
        (300, rsa_key, "SHA-1"),
        (302, dsa_key, "SHA1"),
        (303, rsa_key, "SHA-256"),
        (304, ed25519_key, "Ed25519"),
    ],
)
async def test_a_signature_proves_an_identity(rest, index, key, alg):
    """RSA, DSA and Ed25519, in Handle's form and in PEM."""
    session = await begin(rest)
    digest = "SHA1" if alg in ("SHA-1", "SHA1") else "SHA-256"
    header = handle_header(session, f"{index}:{ADMIN}", signed(session, key(), digest), alg=alg)

    assert (await put(rest, header))[:2] == (201, 1)


async def test_a_proof_is_good_for_its_session(rest):
    """Proved once with PUT, the session's number alone says who asks."""
    session = await begin(rest)
    header = handle_header(session, f"300:{ADMIN}", signed(session, rsa_key()))
    status, proved, _headers = await rest.ask("PUT", "/api/sessions/this", Authorization=header)

    assert (status, proved["authenticated"], proved["id"]) == (200, True, f"300:{ADMIN}")
    assert (await put(rest, f'Handle sessionId="{session["sessionId"]}"'))[:2] == (201, 1)


async def test_the_fields_may_come_as_json(rest):
    """What a header says, a body may say."""
    session = await begin(rest)
    body = {
        "sessionId": session["sessionId"],
        "cnonce": encoded(CNONCE),
        "id": f"300:{ADMIN}",
        "type": "HS_PUBKEY",
        "alg": "SHA256",
        "signature": encoded(signed(session, rsa_key())),
    }
    status, proved, _headers = await rest.ask("POST", "/api/sessions/this", body)

    assert (status, proved["authenticated"]) == (200, True)


async def test_a_challenge_on_any_path_begins_a_session(rest):
    """Session and nonce of a 401 are as good as those of /api/sessions."""
    _status, _code, _message, headers = await put(rest, None)
    (way,) = [way for way in headers.getall("WWW-Authenticate") if way.startswith("Handle")]
    fields = dict(part.split("=", 1) for part in way.removeprefix("Handle ").split(", "))
    session = {name: text.strip('"') for name, text in fields.items()}

    assert (await put(rest, handle_header(session, f"300:{ADMIN}", signed(session, rsa_key()))))[:2] == (201, 1)


async def test_a_secret_signs_too(rest):
    """HS_SECKEY by PBKDF2: HMAC-SHA1 over both nonces."""
    session = await begin(rest)
    derived = hashlib.pbkdf2_hmac("sha1", b"s3cret", b"salt", 1_000, 20)
    mac = hmac.new(derived, base64.b64decode(session["nonce"]) + CNONCE, "sha1").digest()
    more = {"salt": encoded(b"salt"), "iterations": "1000", "length": "160"}
    header = handle_header(session, f"301:{ADMIN}", mac, type="HS_SECKEY", alg="PBKDF2WithHmacSHA1", **more)

    assert (await put(rest, header))[:2] == (201, 1)


async def test_a_weak_secret_form_is_off(rest):
    """A plain SHA-1 digest of a secret is refused, and says what to use."""
    session = await begin(rest)
    nonces = base64.b64decode(session["nonce"]) + CNONCE
    mac = hashlib.sha1(b"s3cret" + nonces + b"s3cret").digest()
    status, _code, message, _headers = await put(rest, handle_header(session, f"301:{ADMIN}", mac, type="HS_SECKEY", alg="SHA1"))

    assert status >= 400
    assert "switched off" in message


async def test_a_wrong_signature_is_401_with_an_error(rest):
    """`authenticated` is false and `error` says why."""
    session = await begin(rest)
    header = handle_header(session, f"300:{ADMIN}", signed(session, other_rsa_key()))
    status, document, _headers = await rest.ask("PUT", "/api/sessions/this", Authorization=header)

    assert (status, document["authenticated"]) == (401, False)
    assert document["error"]


async def test_a_signature_of_another_session_proves_nothing(rest):
    """Each session has its own nonce."""
    first, second = await begin(rest), await begin(rest)
    header = handle_header(second, f"300:{ADMIN}", signed(first, rsa_key()))

    assert (await put(rest, header))[:2] == (401, 403)


async def test_a_session_ends_when_it_is_deleted(rest):
    """204, and its number is unknown from then on."""
    session = await begin(rest)
    header = handle_header(session, f"300:{ADMIN}", signed(session, rsa_key()))
    await put(rest, header)
    known = f'Handle sessionId="{session["sessionId"]}"'
    status, _document, _headers = await rest.ask("DELETE", "/api/sessions/this", Authorization=known)

    assert status == 204
    assert (await put(rest, known))[:2] == (401, 500)
    assert (await put(rest, header))[:2] == (401, 500)


async def test_a_session_ends_with_its_key(rest, secure_node):
    """Whoever takes the key away ends what it opened."""
    session = await begin(rest)
    await put(rest, handle_header(session, f"300:{ADMIN}", signed(session, rsa_key())))
    administer(secure_node._store, values=key_values()[1:])
    await asyncio.sleep(LOOK_S)

    assert (await put(rest, f'Handle sessionId="{session["sessionId"]}"'))[0] == 401


async def test_an_unknown_session_is_no_session(rest):
    """A number nobody was given."""
    status, document, _headers = await rest.ask("GET", "/api/sessions/this", Authorization='Handle sessionId="00"')

    assert (status, document["responseCode"]) == (403, 500)


async def test_sessions_are_for_https(plain_rest):
    """A session's number must not be read on the way."""
    assert (await plain_rest.ask("POST", "/api/sessions"))[0] == 403


# Client certificates


async def certified(session, node, tmp_path, key: Any, name: str, **named: Any) -> Rest:
    """A client that shows a certificate."""
    context = trust(node)
    context.load_cert_chain(*client_certificate(tmp_path, key, name, **named))
    return Rest(session, node, tls=context)


CERTIFICATE = 'Handle clientCert="true"'


@pytest.mark.parametrize(
    ("name", "uid"), [(f"300:{ADMIN}", ""), ("somebody", f"300:{ADMIN}"), (ADMIN, "")], ids=["CN", "UID", "no index"]
)
async def test_a_certificate_of_the_key_proves_the_identity(session, secure_node, tmp_path, name, uid):
    """UID, else CN, names the identity; the key is its HS_PUBKEY; nobody has to have signed it."""
    rest = await certified(session, secure_node, tmp_path, rsa_key(), name, uid=uid)

    assert (await put(rest, CERTIFICATE))[:2] == (201, 1)


@pytest.mark.parametrize(
    ("key", "name", "named", "sentence"),
    [
        (ed25519_key, f"300:{ADMIN}", {}, "is not the key of"),
        (rsa_key, "somebody@example.com", {}, "names no identity"),
        (rsa_key, f"300:{ADMIN}", {"from_days": -3, "days": -1}, "expired on"),
        (rsa_key, f"300:{ADMIN}", {"from_days": 1, "days": 2}, "set the clock"),
        (rsa_key, "300:88.118.8/nobody", {}, "is not the key of"),
    ],
    ids=["another key", "no identity", "expired", "from tomorrow", "unknown"],
)
async def test_any_other_certificate_proves_nothing(session, secure_node, tmp_path, key, name, named, sentence):
    """401 with code 403 and what to do."""
    rest = await certified(session, secure_node, tmp_path, key(), name, **named)
    status, code, message, _headers = await put(rest, CERTIFICATE)

    assert (status, code) == (401, 403)
    assert sentence in message


async def test_a_certificate_counts_only_where_it_is_meant(session, secure_node, tmp_path):
    """A browser shows one unasked: without the header it says nothing."""
    rest = await certified(session, secure_node, tmp_path, rsa_key(), f"300:{ADMIN}")

    assert (await put(rest, None))[:2] == (401, 402)


async def test_no_certificate_is_told(rest):
    """The header without a certificate."""
    status, code, message, _headers = await put(rest, CERTIFICATE)

    assert (status, code) == (401, 403)
    assert "without a client certificate" in message


# Tokens


async def test_a_token_stands_for_whom_it_was_made(rest, secure_node):
    """`Authorization: Bearer`, within its scope."""
    roles = (RoleGrant(Role.APPLICATION, "88.118.8"),)
    terms = TokenTerms("test", roles=roles, prefixes=("88.118.8",), actions=frozenset({Action.REGISTER}))
    made = secure_node._store.write(lambda txn: tokens.create(txn, tool("test"), terms, int(time.time())), actor="test").result()
    _token, secret = made.result

    assert (await put(rest, f"Bearer {secret}"))[:2] == (201, 1)
    assert (await put(rest, f"Bearer {secret}x"))[:2] == (401, 403)


# Reading


async def test_restricted_values_are_for_whom_they_are(rest):
    """An administrator gets all values; `publicOnly` says otherwise; nobody in particular is asked for a proof."""
    path = "/api/handles/88.118.8/secret"
    mine = await rest.ask("GET", path, Authorization=basic(f"301:{ADMIN}", "s3cret"))
    public = await rest.ask("GET", f"{path}?publicOnly=true", Authorization=basic(f"301:{ADMIN}", "s3cret"))
    nobodys = await rest.ask("GET", f"{path}?publicOnly=false")

    assert [value["index"] for value in mine[1]["values"]] == [1, 300]
    assert [value["index"] for value in public[1]["values"]] == [1]
    assert (nobodys[0], nobodys[1]["responseCode"]) == (401, 402)


async def test_a_wrong_proof_reads_nothing(rest):
    """Not even what is public: whoever shows a credential wants to know that it is wrong."""
    status, document, _headers = await rest.ask("GET", "/api/handles/88.118.8/A1", Authorization=basic(f"301:{ADMIN}", "wrong"))

    assert (status, document["responseCode"]) == (401, 403)


# The server's own proof


@pytest.fixture
async def signing(monkeypatch, start_node):
    """A node with a key in its HS_SITE."""
    monkeypatch.setattr(node_module, "read_server_key", lambda _path: ServerKey(rsa_key()))
    return await start_node(tls=TlsSection(DEVELOPMENT_CERTIFICATE, DEVELOPMENT_KEY, port=0))


def verify(node, nonce: str, signature: str) -> None:
    """With the key of its HS_SITE, over its own nonce and the client's."""
    public = load_rsa(node._site.servers[0].public_key)
    public.verify(base64.b64decode(signature), base64.b64decode(nonce) + CNONCE, padding.PKCS1v15(), hashes.SHA256())


ASKING = f'Handle version="0", cnonce="{encoded(CNONCE)}"'


async def test_the_server_signs_a_nonce_of_the_client(signing, session):
    """When a session begins, with the key of its HS_SITE."""
    _status, begun, _headers = await Rest(session, signing).ask("POST", "/api/sessions", Authorization=ASKING)

    assert begun["serverAlg"] == "SHA-256"
    verify(signing, begun["nonce"], begun["serverSignature"])


async def test_a_challenge_carries_the_signature_too(signing, session):
    """On any path."""
    _status, _code, _message, headers = await put(Rest(session, signing), ASKING)
    (way,) = [way for way in headers.getall("WWW-Authenticate") if way.startswith("Handle")]
    fields = dict(part.split("=", 1) for part in way.removeprefix("Handle ").split(", "))

    verify(signing, fields["nonce"].strip('"'), fields["serverSignature"].strip('"'))


async def test_signatures_are_rationed(signing, session):
    """Each costs half a millisecond; whoever wants many gets sessions without."""
    rest = Rest(session, signing)
    begun = [(await rest.ask("POST", "/api/sessions", Authorization=ASKING))[1] for _ in range(20)]

    assert "serverSignature" in begun[0]
    assert "serverSignature" not in begun[-1]


def load_rsa(octets: bytes) -> rsa.RSAPublicKey:
    """A key in Handle's form, taken apart by hand: name, two octets, exponent, modulus."""
    at = 4 + int.from_bytes(octets[:4], "big") + 2
    numbers = []
    for _ in range(2):
        size = int.from_bytes(octets[at : at + 4], "big")
        numbers.append(int.from_bytes(octets[at + 4 : at + 4 + size], "big"))
        at += 4 + size
    return rsa.RSAPublicNumbers(*numbers).public_key()


async def test_a_proof_by_a_secret_is_verified_for_others(rest):
    """`GET /api/verifications`: right, and wrong."""
    nonce = bytes(16)
    derived = hashlib.pbkdf2_hmac("sha1", b"s3cret", b"salt", 1_000, 20)
    mac = hmac.new(derived, nonce + CNONCE, "sha1").digest()

    def path(signature: bytes) -> str:
        hexed = {"nonce": nonce, "cnonce": CNONCE, "signature": signature, "salt": b"salt"}
        query = "&".join(f"{name}={base64.urlsafe_b64encode(octets).decode()}" for name, octets in hexed.items())
        return f"/api/verifications/301:{ADMIN}?{query}&alg=PBKDF2-HMAC-SHA1&iterations=1000&length=160"

    right = await rest.ask("GET", path(mac))
    wrong = await rest.ask("GET", path(bytes(20)))

    assert (right[0], right[1]["verificationResult"]) == (200, True)
    assert (wrong[0], wrong[1]["verificationResult"]) == (200, False)
