"""The verifier: whether an answer to a challenge proves the identity it names (`wire.md` §9).

The keys of an identity are values of its record. What this node holds is looked up here; for the rest `KeySource` asks
the node that is responsible. Signatures are checked at once, in some ten microseconds. Shared secrets cost a thousand
times as much by design, so they are checked by a small pool of threads, whose queue is bounded.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol, TypeVar

from idis.proto import digest as digests
from idis.proto.challenge import (
    HS_PUBKEY,
    HS_SECKEY,
    NONCE_BYTES,
    PBKDF2_SALT_BYTES,
    Challenge,
    PublicKeyAnswer,
    SecretAnswer,
    answer_with_secret,
    decode_public_key_answer,
    decode_secret_answer,
    verify_secret_answer,
)
from idis.proto.codes import ResponseCode
from idis.proto.credential import SIGNED_OLD_NAME
from idis.proto.digest import RequestDigest
from idis.proto.errors import IdentifierError, ProtocolError
from idis.proto.identifier import fold
from idis.proto.message import PROTOCOL_VERSION
from idis.proto.types.seckey import decode_secret
from idis.proto.value import Value
from idis.registry.audit.line import AuditLine
from idis.registry.caller import Caller
from idis.registry.identity import Identity, identity_of
from idis.registry.keyring import KEYS_TRIED_MAX, key_values
from idis.registry.registration.checks import Refusal
from idis.registry.rights import held_values
from idis.registry.roles import roles_of
from idis.registry.store.base import Store
from idis.resolver.admin import public_key
from idis.resolver.admin.slowdown import Slowdown
from idis.resolver.audit_writer import AuditWriter
from idis.resolver.metrics import Metrics

SECRET_THREADS = 2  # a check of a secret holds one for some milliseconds
SECRETS_WAITING_MAX = 256  # about a second of work; whoever comes later is told to ask again

_PUBLIC_KEY_TYPES = (HS_PUBKEY, SIGNED_OLD_NAME)
T = TypeVar("T")

# A key that made an answer, and the challenge it answers.
_Found = tuple[Identity, Challenge]

# The same whether there is no such key or another one: keys may be hidden.
_WRONG = (
    "this answer was not made with a key of {}: check the key file or the secret, and the index of the identity; "
    "'idis resolve {}' shows the public keys it has"
)


@dataclass(frozen=True, slots=True)
class Proof:
    """An answer to a challenge, and the identity it is said to be of.

    Attributes:
        user: the identifier as its sender spelled it, which an SM2 signature covers.
        index: of the key; 0 for any key of the identifier.
        type: HS_PUBKEY or HS_SECKEY.
        octets: what was answered.
        challenges: of which one was to be answered; more than one only where a session had several open.
    """

    user: str
    index: int
    type: str
    octets: bytes
    challenges: tuple[Challenge, ...]


@dataclass(frozen=True, slots=True)
class Proved:
    """Who gave a proof, with the index of the very key that made it, and the challenge it answers."""

    caller: Caller
    challenge: Challenge


class KeySource(Protocol):
    """Keys that other nodes hold."""

    async def public_keys(self, identity: Identity) -> Sequence[Value] | Refusal:
        """The HS_PUBKEY values of an identity."""

    async def verify_secret(self, identity: Identity, proof: Proof, challenge: Challenge) -> bool | Refusal:
        """Let the responsible node verify the answer of a shared secret (operation 201)."""


class Verifier:
    """Verifies proofs.

    Args:
        store: where keys and roles are.
        elsewhere: keys of other nodes; None where none are asked.
        metrics: counts failures.
        trail: is told of wrong answers.
        weak_secrets: accept the forms of secrets that are plain MD5 and SHA-1 digests.
    """

    def __init__(
        self,
        store: Store,
        elsewhere: KeySource | None,
        metrics: Metrics,
        trail: AuditWriter | None = None,
        *,
        weak_secrets: bool = False,
    ) -> None:
        self._store = store
        self._elsewhere = elsewhere
        self._counts = metrics.admin
        self._trail = trail
        self._weak_secrets = weak_secrets
        self._slowdown = Slowdown()
        self._threads = ThreadPoolExecutor(SECRET_THREADS, "secrets")
        self._secrets_waiting = 0

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def prove(self, proof: Proof, *, origin: str, source: str, now: float) -> Proved | Refusal:
        """Whoever gave a proof, or why it proves nothing.

        Args:
            proof: what was given.
            origin: where from, as the audit trail has it.
            source: the host part of that address.
            now: monotonic seconds.

        Returns:
            Who it is; or a refusal: AUTHENTICATION_FAILED for a wrong answer or a source that has to wait,
            AUTHENTICATION_ERROR for keys that cannot be had or used here.
        """
        try:
            named = identity_of(proof.index, proof.user)
        except IdentifierError as error:
            return Refusal(ResponseCode.AUTHENTICATION_FAILED, f"the identity {proof.index}:{proof.user} is none: {error}")
        found = await self._slowed(named, origin, source, now, lambda: self._verify(named, proof))
        if isinstance(found, Refusal):
            return found
        identity, challenge = found
        return Proved(self._caller(identity, origin), challenge)

    async def prove_secret(self, named: Identity, secret: bytes, *, origin: str, source: str, now: float) -> Caller | Refusal:
        """Whoever showed the secret of an identity, or the password whose stored form it is; see `prove`."""
        found = await self._slowed(named, origin, source, now, lambda: self._open(named, secret))
        return found if isinstance(found, Refusal) else self._caller(found, origin)

    async def public_keys(self, named: Identity) -> Sequence[Value] | Refusal:
        """The HS_PUBKEY values of an identity, wherever they are."""
        values = self._local_keys(named)
        if values is not None:
            return _of_type(values, HS_PUBKEY)
        return self._nowhere(named) if self._elsewhere is None else await self._elsewhere.public_keys(named)

    async def judge(self, proof: Proof, *, source: str, now: float) -> bool | Refusal:
        """Whether a proof that another node was given is right, as far as this node holds the key (operation 201).

        Wrong ones slow the asking node down, so that nobody guesses through it.
        """
        try:
            named = identity_of(proof.index, proof.user)
        except IdentifierError as error:
            return Refusal(ResponseCode.INVALID_HANDLE, f"the identity {proof.index}:{proof.user} is none: {error}")
        if wait_s := self._slowdown.wait_s(named, source, now):
            return Refusal(ResponseCode.SERVER_TOO_BUSY, f"too many wrong answers for {named} from here: wait {wait_s:.0f} s")
        values = self._local_keys(named)
        if values is None:
            return Refusal(ResponseCode.SERVER_NOT_RESPONSIBLE, f"the keys of {named.identifier} are not on this node")
        verdict = await self._verify_with(values, named, proof)
        if isinstance(verdict, Refusal):
            return verdict
        if verdict is None:
            self._slowdown.failed(named, source, now)
            return False
        self._slowdown.succeeded(named, source)
        return True

    async def _slowed(
        self, named: Identity, origin: str, source: str, now: float, verify: Callable[[], Awaitable[T | Refusal | None]]
    ) -> T | Refusal:
        """What a verification finds, unless its source has to wait; one that finds nothing slows it down."""
        if wait_s := self._slowdown.wait_s(named, source, now):
            self._counts["failures.delayed"] += 1
            return Refusal(
                ResponseCode.AUTHENTICATION_FAILED, f"too many wrong answers for {named}: wait {wait_s:.0f} s, then try again"
            )
        found = await verify()
        if isinstance(found, Refusal):
            self._counts["failures.error"] += 1
            return found
        if found is None:
            self._slowdown.failed(named, source, now)
            self._counts["failures.wrong"] += 1
            refusal = Refusal(ResponseCode.AUTHENTICATION_FAILED, _WRONG.format(named, named.identifier))
            if self._trail is not None:
                self._trail.note(AuditLine("", origin, "prove identity", str(named), code=refusal.code, note=refusal.message))
            return refusal
        self._slowdown.succeeded(named, source)
        return found

    def _caller(self, identity: Identity, origin: str) -> Caller:
        with self._store.read() as txn:
            return Caller(origin=origin, identity=identity, roles=roles_of(txn, identity))

    async def _open(self, named: Identity, secret: bytes) -> Identity | Refusal | None:
        """Whose secret it is."""
        values = self._local_keys(named)
        if values is None:
            if self._elsewhere is None:
                return self._nowhere(named)
            challenge = Challenge(0, secrets.token_bytes(NONCE_BYTES), RequestDigest(digests.SHA256, secrets.token_bytes(32)))
            salt = secrets.token_bytes(PBKDF2_SALT_BYTES)
            # The other node is asked as if it had been answered a challenge, so that the secret stays here.
            answer = await asyncio.get_running_loop().run_in_executor(
                self._threads, answer_with_secret, secret, challenge, salt, PROTOCOL_VERSION
            )
            proof = Proof(named.identifier, named.index, HS_SECKEY, answer.encode(), (challenge,))
            valid = await self._elsewhere.verify_secret(named, proof, challenge)
            return valid if isinstance(valid, Refusal) else named if valid else None
        for value in _of_type(values, HS_SECKEY):
            if decode_secret(value.data).opens_with(secret):
                return Identity(value.index, named.identifier)
        return None

    def _nowhere(self, named: Identity) -> Refusal:
        return Refusal(
            ResponseCode.AUTHENTICATION_ERROR,
            f"the keys of {named.identifier} are not on this node, and it asks no others: name an identity it holds",
        )

    async def _verify(self, named: Identity, proof: Proof) -> _Found | Refusal | None:
        values = self._local_keys(named)
        if values is not None:
            return await self._verify_with(values, named, proof)
        if self._elsewhere is None:
            return self._nowhere(named)
        if proof.type in _PUBLIC_KEY_TYPES:
            keys = await self._elsewhere.public_keys(named)
            return keys if isinstance(keys, Refusal) else await self._verify_with(keys, named, proof)
        for challenge in proof.challenges:
            valid = await self._elsewhere.verify_secret(named, proof, challenge)
            if isinstance(valid, Refusal):
                return valid
            if valid:
                return named, challenge
        return None

    def _local_keys(self, named: Identity) -> Sequence[Value] | None:
        """The keys this node holds; None when another node is responsible."""
        with self._store.read() as txn:
            values = key_values(txn, named)
            if not values and held_values(txn, named.identifier) is None:
                return None
            return values

    async def _verify_with(self, values: Sequence[Value], named: Identity, proof: Proof) -> _Found | Refusal | None:
        """The identity whose key made the answer; None when none of these did."""
        try:
            if proof.type in _PUBLIC_KEY_TYPES:
                return _signed_by(values, named, proof)
            if proof.type == HS_SECKEY:
                return await self._secret_of(values, named, proof)
        except ProtocolError as error:
            return Refusal(ResponseCode.AUTHENTICATION_FAILED, f"the answer cannot be read: {error}")
        return Refusal(
            ResponseCode.AUTHENTICATION_ERROR, f"answers of type {proof.type[:32]!r} are unknown: use {HS_PUBKEY} or {HS_SECKEY}"
        )

    async def _secret_of(self, values: Sequence[Value], named: Identity, proof: Proof) -> _Found | Refusal | None:
        answer = decode_secret_answer(proof.octets)
        if answer.algorithm != digests.PBKDF2_HMAC_SHA1 and not self._weak_secrets:
            return Refusal(
                ResponseCode.AUTHENTICATION_ERROR,
                "this old form of secret-key answers is switched off here: use protocol 2.7 or newer, or a public key",
            )
        # Where there is no secret one is checked all the same, so that the time does not tell.
        held = _of_type(values, HS_SECKEY) or [Value(0, HS_SECKEY, secrets.token_bytes(NONCE_BYTES))]
        if self._secrets_waiting >= SECRETS_WAITING_MAX:
            return Refusal(ResponseCode.SERVER_TOO_BUSY, "too many secrets are being checked: ask again in a second")
        self._secrets_waiting += 1
        try:
            opened = await asyncio.get_running_loop().run_in_executor(self._threads, _opened_by, held, answer, proof.challenges)
        finally:
            self._secrets_waiting -= 1
        return None if opened is None else (Identity(opened[0], named.identifier), opened[1])


def _of_type(values: Sequence[Value], name: str) -> list[Value]:
    return [value for value in values if fold(value.type) == name][:KEYS_TRIED_MAX]


def _signed_by(values: Sequence[Value], named: Identity, proof: Proof) -> _Found | Refusal | None:
    answer: PublicKeyAnswer = decode_public_key_answer(proof.octets)
    unusable = ""
    for value in _of_type(values, HS_PUBKEY):
        try:
            key = public_key.load(value.data)
            for challenge in proof.challenges:
                if public_key.verifies(key, answer.digest_name, answer.signature, challenge.octets, user=proof.user):
                    return Identity(value.index, named.identifier), challenge
        except public_key.KeyUnusable as error:
            unusable = str(error)
    return Refusal(ResponseCode.AUTHENTICATION_ERROR, unusable) if unusable else None


def _opened_by(held: Sequence[Value], answer: SecretAnswer, challenges: Sequence[Challenge]) -> tuple[int, Challenge] | None:
    """The index of the secret that made an answer, and what it answers."""
    for value in held:
        for challenge in challenges:
            if verify_secret_answer(answer, value.data, challenge):
                return value.index, challenge
    return None
