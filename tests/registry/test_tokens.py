"""API tokens: who may make and end them, what they let through, and what is kept of their secret."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from idis.proto.codes import ResponseCode
from idis.registry.caller import Action, Caller, Role, RoleGrant, TokenScope, tool
from idis.registry.document import DocumentKind
from idis.registry.identity import Identity
from idis.registry.journal import BEGINNING
from idis.registry.registration.checks import Refusal
from idis.registry.roles import grant
from idis.registry.roles import revoke as revoke_role
from idis.registry.store.base import WriteTxn
from idis.registry.store.lmdb import LmdbStore
from idis.registry.store.memory import MemoryStore
from idis.registry.store.writer import Settings
from idis.registry.token import Token, TokenTerms, encode_token
from idis.registry.tokens import authenticate, create, find, may_see, note_use, refuse_revoking, revoke, tokens

NOW = 1_700_000_000
DAY = 86_400
TOOL = tool("root")
ZHANG = Identity(300, "88.118/ZHANG")
TERMS = TokenTerms("MES", ZHANG, prefixes=("88.118",))
SECRET = bytes(range(32))
SPELLED = "idis_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"


@pytest.fixture
def store() -> MemoryStore:
    """A store in which Zhang administers 88.118."""
    made = MemoryStore(clock=lambda: float(NOW))
    write(made, lambda txn: grant(txn, TOOL, ZHANG, RoleGrant(Role.ADMINISTRATOR, "88.118")))
    return made


def write(store: Any, change: Callable[[WriteTxn], Any]) -> Any:
    """The result of a change."""
    return store.write(change, actor="test").result(10).result


def make(store: Any, terms: TokenTerms = TERMS, caller: Caller = TOOL, now: int = NOW) -> tuple[Token, str]:
    """A token and its secret."""
    made = write(store, lambda txn: create(txn, caller, terms, now))
    assert not isinstance(made, Refusal), made.message
    token, secret = made
    return token, secret


def ask(store: Any, secret: str, address: str = "192.0.2.7", now: int = NOW) -> Caller | Refusal:
    """Who stands behind a secret."""
    with store.read() as txn:
        return authenticate(txn, secret, address, now)


def failure(answer: Caller | Refusal) -> str:
    """Why a secret was refused."""
    assert isinstance(answer, Refusal)
    assert answer.code == ResponseCode.AUTHENTICATION_FAILED
    return answer.message


class TestCreate:
    """Making tokens."""

    def test_secret(self, store: MemoryStore) -> None:
        """The secret is `idis_` and 32 random octets in base64url; kept is their SHA-256."""
        token, secret = write(store, lambda txn: create(txn, TOOL, TERMS, NOW, octets=lambda length: SECRET[:length]))

        assert secret == SPELLED
        assert token.digest == hashlib.sha256(SECRET).digest()
        assert token.token_id == hashlib.sha256(SECRET).hexdigest()[:16]

    def test_taken_id(self, store: MemoryStore) -> None:
        """Where two secrets would have one name, another secret is drawn."""
        drawn = iter([SECRET, SECRET, bytes(32)])
        first, _ = write(store, lambda txn: create(txn, TOOL, TERMS, NOW, octets=lambda _: next(drawn)))
        second, _ = write(store, lambda txn: create(txn, TOOL, TERMS, NOW, octets=lambda _: next(drawn)))

        assert first.token_id != second.token_id

    def test_lifetime(self, store: MemoryStore) -> None:
        """90 days unless said otherwise."""
        assert make(store)[0].expires_s == NOW + 90 * DAY
        assert make(store, replace(TERMS, days=1))[0].expires_s == NOW + DAY

    def test_bad_terms(self, store: MemoryStore) -> None:
        """More than a year is refused, and nothing is kept."""
        refused = write(store, lambda txn: create(txn, TOOL, replace(TERMS, days=366), NOW))

        assert isinstance(refused, Refusal)
        with store.read() as txn:
            assert list(tokens(txn)) == []

    def test_old_ones_are_forgotten(self, store: MemoryStore) -> None:
        """A token that ended 30 days ago goes, with its last use, when the next one is made."""
        old, _ = make(store, replace(TERMS, days=1))
        write(store, lambda txn: note_use(txn, old.token_id, "192.0.2.7", NOW))
        make(store, now=NOW + 31 * DAY)
        with store.read() as txn:
            kept = find(txn, old.token_id)
        new, _ = make(store, now=NOW + 31 * DAY + 1)

        assert kept is not None
        with store.read() as txn:
            assert old.token_id not in {token.token_id for token in tokens(txn)}
            assert new.token_id in {token.token_id for token in tokens(txn)}
            assert txn.documents(DocumentKind.TOKEN_USE, None, 9) == []

    def test_number_is_bounded(self, store: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
        """A node keeps only so many."""
        monkeypatch.setattr("idis.registry.tokens.TOKENS_MAX", 2)
        make(store)
        make(store)

        assert isinstance(write(store, lambda txn: create(txn, TOOL, TERMS, NOW)), Refusal)


ADMINISTRATOR = (RoleGrant(Role.ADMINISTRATOR, "88.118"),)
OF_APPLICATION = replace(TERMS, identity=None, roles=(RoleGrant(Role.APPLICATION, "88.118.8"),))
OF_OPERATOR = replace(TERMS, identity=None, roles=(RoleGrant(Role.OPERATOR),))


@pytest.mark.parametrize(
    ("caller", "terms", "code"),
    [
        (Caller("http x", ZHANG), TERMS, 0),  # for himself, with no role at all
        (Caller("http x", ZHANG, ADMINISTRATOR), OF_APPLICATION, 0),
        (Caller("http x", ZHANG, ADMINISTRATOR), OF_OPERATOR, ResponseCode.INSUFFICIENT_PERMISSIONS),
        (Caller("http x", Identity(301, "88.118/ZHANG")), TERMS, ResponseCode.INSUFFICIENT_PERMISSIONS),
        (Caller("http x", Identity(300, "88.118/LI"), ADMINISTRATOR), TERMS, ResponseCode.INSUFFICIENT_PERMISSIONS),
        (Caller("http x", Identity(300, "88.118/LI"), (RoleGrant(Role.OPERATOR),)), TERMS, 0),
        (Caller("http x"), TERMS, ResponseCode.AUTHENTICATION_NEEDED),
        (
            Caller("http x", ZHANG, ADMINISTRATOR, TokenScope("T", ("",), frozenset(Action))),
            TERMS,
            ResponseCode.INSUFFICIENT_PERMISSIONS,
        ),
    ],
)
def test_who_may_make(store: MemoryStore, caller: Caller, terms: TokenTerms, code: int) -> None:
    """For himself, or with roles that are his to give; an operator for anybody; a token for nobody."""
    made = write(store, lambda txn: create(txn, caller, terms, NOW))

    assert (made.code if isinstance(made, Refusal) else 0) == code


class TestAuthenticate:
    """Using tokens."""

    def test_of_an_identity(self, store: MemoryStore) -> None:
        """The caller is the identity with the roles it holds now, and the scope of the token."""
        token, secret = make(store)
        scope = TokenScope(token.token_id, ("88.118",), frozenset({Action.READ, Action.REGISTER}))

        assert ask(store, secret) == Caller("http 192.0.2.7", ZHANG, ADMINISTRATOR, scope)

    def test_roles_are_those_of_the_moment(self, store: MemoryStore) -> None:
        """A role that is revoked is gone from the tokens too."""
        _, secret = make(store)
        write(store, lambda txn: revoke_role(txn, TOOL, ZHANG, RoleGrant(Role.ADMINISTRATOR, "88.118")))
        caller = ask(store, secret)

        assert isinstance(caller, Caller)
        assert caller.roles == ()

    def test_of_roles(self, store: MemoryStore) -> None:
        """A token may have roles of its own, and no identity."""
        _, secret = make(store, OF_APPLICATION)
        caller = ask(store, secret)

        assert isinstance(caller, Caller)
        assert (caller.identity, caller.roles) == (None, OF_APPLICATION.roles)

    @pytest.mark.parametrize(
        "change",
        [
            lambda secret: "",
            lambda secret: secret[:-1],
            lambda secret: secret + "A",
            lambda secret: secret.removeprefix("idis_"),
            lambda secret: secret.upper(),
            lambda secret: "idis_" + "é" * 43,
            lambda secret: "idis_" + "!" * 43,
            lambda secret: "idis_" + "A" * 43,
            lambda secret: secret[:5] + ("B" if secret[5] != "B" else "C") + secret[6:],
        ],
    )
    def test_wrong(self, store: MemoryStore, change: Callable[[str], str]) -> None:
        """Whatever is not the secret in full is unknown."""
        _, secret = make(store)

        assert failure(ask(store, change(secret))).startswith("this token is unknown")

    def test_same_name_other_secret(self, store: MemoryStore) -> None:
        """A secret whose digest only begins as a token's does is refused: the whole digest counts."""
        token, secret = make(store)
        octets = base64.urlsafe_b64decode(secret.removeprefix("idis_") + "=")
        digest = hashlib.sha256(octets).digest()
        other = replace(token, digest=digest[:31] + bytes((digest[31] ^ 1,)))
        write(store, lambda txn: txn.put_document(DocumentKind.TOKEN, bytes.fromhex(token.token_id), encode_token(other)))

        assert failure(ask(store, secret)).startswith("this token is unknown")

    @pytest.mark.parametrize(("age", "valid"), [(90 * DAY - 1, True), (90 * DAY, False)])
    def test_expiry(self, store: MemoryStore, age: int, valid: bool) -> None:
        """It works to its last second."""
        _, secret = make(store)

        assert isinstance(ask(store, secret, now=NOW + age), Caller) is valid

    def test_network(self, store: MemoryStore) -> None:
        """From elsewhere it is refused, with the address it came from."""
        _, secret = make(store, replace(TERMS, networks=("192.0.2.0/24",)))

        assert isinstance(ask(store, secret, "192.0.2.200"), Caller)
        assert "198.51.100.1" in failure(ask(store, secret, "198.51.100.1"))

    def test_revoked(self, store: MemoryStore) -> None:
        """The very next use of a revoked token is refused."""
        token, secret = make(store)
        before = ask(store, secret)
        write(store, lambda txn: revoke(txn, TOOL, token.token_id, NOW))

        assert isinstance(before, Caller)
        assert "revoked" in failure(ask(store, secret))

    def test_revoked_by_another_process(self, tmp_path: Path) -> None:
        """What a tool revokes beside the node is revoked for the node at once: nothing is remembered."""
        node = LmdbStore.create(tmp_path, map_bytes=2**26, settings=Settings(free_bytes_min=0))
        token, secret = make(node)
        first = ask(node, secret)
        script = (
            "import sys; from pathlib import Path; from idis.registry.store.lmdb import LmdbStore;"
            "from idis.registry.tokens import revoke; from idis.registry.caller import tool;"
            "store = LmdbStore.open(Path(sys.argv[1]), exclusive=False);"
            f"print(store.write(lambda txn: revoke(txn, tool('root'), sys.argv[2], {NOW}), actor='t').result().result)"
        )
        done = subprocess.run(
            [sys.executable, "-c", script, str(tmp_path), token.token_id], capture_output=True, text=True, check=True
        )

        assert (isinstance(first, Caller), done.stdout) == (True, "True\n")
        assert "revoked" in failure(ask(node, secret))
        node.close()


class TestRevoke:
    """Ending tokens."""

    def test_once(self, store: MemoryStore) -> None:
        """What ended has ended; what never was is not found."""
        token, _ = make(store)
        results = [write(store, lambda txn, name=name: revoke(txn, TOOL, name, NOW)) for name in (token.token_id,) * 2]
        unknown = write(store, lambda txn: revoke(txn, TOOL, "00" * 8, NOW))

        assert results == [True, False]
        assert unknown.code == ResponseCode.HANDLE_NOT_FOUND

    @pytest.mark.parametrize(
        ("caller", "allowed"),
        [
            (Caller("http x", ZHANG), True),
            (Caller("http x", Identity(300, "88.118/LI")), False),
            (Caller("http x", Identity(300, "88.118/LI"), ADMINISTRATOR), True),
            (Caller("http x", Identity(300, "88.118/LI"), (RoleGrant(Role.ADMINISTRATOR, "88.118.8"),)), False),
            (Caller("http x", Identity(300, "88.118/LI"), (RoleGrant(Role.AUDITOR),)), False),
            (Caller("http x", Identity(300, "88.118/LI"), (RoleGrant(Role.OPERATOR),)), True),
            (Caller("http x"), False),
            (Caller("http x", ZHANG, (), TokenScope("self", ("88.118",), frozenset({Action.READ}))), True),
            (Caller("http x", ZHANG, (), TokenScope("other", ("88.118",), frozenset({Action.READ}))), False),
            (Caller("http x", ZHANG, (), TokenScope("other", ("88.118",), frozenset({Action.ACCESS}))), True),
        ],
    )
    def test_who_may(self, caller: Caller, allowed: bool) -> None:
        """Its identity, itself, and whoever administers all the prefixes it is for."""
        token = Token("self", b"", TERMS, "", NOW, NOW + DAY)

        assert (refuse_revoking(caller, token) is None) is allowed

    def test_auditors_see(self) -> None:
        """An auditor of the node sees every token and ends none; his own token needs 'audit' for that."""
        token = Token("self", b"", TERMS, "", NOW, NOW + DAY)
        auditor = Caller("http x", Identity(300, "88/A"), (RoleGrant(Role.AUDITOR),))
        narrowed = replace(auditor, scope=TokenScope("T", ("",), frozenset({Action.READ})))

        assert (may_see(auditor, token), may_see(narrowed, token)) == (True, False)


class TestUse:
    """When and from where a token was last used."""

    def test_shown(self, store: MemoryStore) -> None:
        """A use is shown in the list, and does not bring a revoked token back."""
        token, secret = make(store)
        write(store, lambda txn: revoke(txn, TOOL, token.token_id, NOW))
        write(store, lambda txn: note_use(txn, token.token_id, "192.0.2.7", NOW + 5))
        with store.read() as txn:
            (found,) = tokens(txn)

        assert (found.used_s, found.used_from, found.revoked_s) == (NOW + 5, "192.0.2.7", NOW)
        assert isinstance(ask(store, secret), Refusal)

    @pytest.mark.parametrize(("later", "written"), [(59, False), (60, True), (-1, True)])
    def test_once_a_minute(self, store: MemoryStore, later: int, written: bool) -> None:
        """A second use within the minute is not written; after it, or after the clock was set back, it is."""
        token, _ = make(store)
        write(store, lambda txn: note_use(txn, token.token_id, "192.0.2.7", NOW))

        assert write(store, lambda txn: note_use(txn, token.token_id, "192.0.2.8", NOW + later)) is written

    def test_unknown(self, store: MemoryStore) -> None:
        """Of a token that is not there, no use is kept."""
        assert write(store, lambda txn: note_use(txn, "00" * 8, "192.0.2.7", NOW)) is False


def test_no_secret_is_kept(store: MemoryStore) -> None:
    """Neither document, journal nor audit trail holds the secret in any spelling; the trail not even its digest."""
    token, secret = make(store)
    ask(store, secret)
    write(store, lambda txn: revoke(txn, TOOL, token.token_id, NOW))
    octets = base64.urlsafe_b64decode(secret.removeprefix("idis_") + "=")
    with store.read() as txn:
        trail = b"".join(line for _, line in txn.audits(None, 99))
        kept = trail + b"".join(body for _, body in txn.documents(DocumentKind.TOKEN, None, 9))
        kept += b"".join(entry.body for entry in txn.journal(BEGINNING, 99))  # type: ignore[union-attr]

    assert not any(spelling in kept for spelling in (secret[5:].encode(), octets, octets.hex().encode()))
    assert token.digest not in trail
    assert token.digest.hex().encode() not in trail
    assert b"create token" in trail
