"""Sessions of Handle clients: a key agreed on, kept by a code over each message and a counter (`wire.md` §10).

Only AES is offered. A session proves nothing by itself: it becomes its client's when the identity that it was
set up for answers a challenge in it. Each message carries a counter that is taken once, so that a recorded message is
worth nothing, and no key survives a restart. Everything is bounded: sessions in all and for one identity, their life, and
the wrong messages one of them may bring. Sessions nobody has proved himself in are the first to go.

The group of Diffie-Hellman is Oakley's second, of 1024 bits, because hdllib offers no other; TLS is the better choice where
there is one. Where the client brings the key (mode 2), its session is awaited for a minute, and the key is taken once.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from idis.proto.codes import ResponseCode
from idis.proto.errors import ProtocolError
from idis.proto.session import (
    AES,
    CounterWindow,
    ExchangeOffer,
    SessionKeys,
    derive_keys,
    oakley_public_key,
    sealed_frame,
    sealed_octets,
    shared_secret,
    unsealed_frame,
)
from idis.proto.types.pubkey import PublicKey
from idis.registry.identity import Identity
from idis.registry.registration.checks import Refusal
from idis.resolver.admin.proven import Proven

SESSIONS_MAX = 16_384  # of the node; about 1 KB each
SESSIONS_PER_IDENTITY_MAX = 1_024
SESSION_IDLE_S = 3_600.0
SESSION_S_MAX = 43_200.0
SESSION_FAILURES_MAX = 16  # messages whose code is wrong: beyond them somebody is trying out octets
EXPONENT_S_MAX = 300.0  # how long one exponent of ours serves: making it costs as much as using it
EXPONENT_BYTES = 32
AWAITED_S = 60.0  # a key is expected at once; a challenge waits as long
AWAITED_MAX = 4_096  # of the node, about 300 octets each; the oldest goes first
AWAITED_PER_SOURCE_MAX = 16
SESSION_ID_MAX = 2**31 - 1

IV_BYTES = 16
_BLOCK_BITS = 128


@dataclass(slots=True, eq=False)
class Session:
    """One session.

    Attributes:
        session_id: what its messages carry.
        identity: whom it was set up for, None where that was left open.
        keys: what both sides know.
        counters: those of the messages taken.
        until: its end, in monotonic seconds; `used`: when it was last used.
        proven: who proved himself in it.
        failures: messages whose code was wrong.
    """

    session_id: int
    identity: Identity | None
    keys: SessionKeys = field(repr=False)
    counters: CounterWindow
    until: float
    used: float
    proven: Proven | None = None
    failures: int = 0

    def is_for(self, identity: Identity | None) -> bool:
        """Whether a key is the one the session was set up for."""
        mine = self.identity
        if mine is None or identity is None:
            return False
        return mine.identifier == identity.identifier and mine.index in (0, identity.index)

    def seal(self, frame: bytes, iv: bytes) -> bytes:
        """The frame encrypted."""
        padder = PKCS7(_BLOCK_BITS).padder()
        padded = padder.update(sealed_octets(frame)) + padder.finalize()
        encryptor = Cipher(algorithms.AES(self.keys.cipher), modes.CBC(iv)).encryptor()
        return sealed_frame(frame, iv + encryptor.update(padded) + encryptor.finalize())

    def unseal(self, frame: bytes) -> bytes:
        """The frame as it was before it was encrypted.

        Raises:
            ProtocolError: it was not encrypted with the key of this session.
        """
        octets = sealed_octets(frame)
        if len(octets) < 2 * IV_BYTES or len(octets) % IV_BYTES:
            raise _wrong_code()
        decryptor = Cipher(algorithms.AES(self.keys.cipher), modes.CBC(octets[:IV_BYTES])).decryptor()
        padded = decryptor.update(octets[IV_BYTES:]) + decryptor.finalize()
        unpadder = PKCS7(_BLOCK_BITS).unpadder()
        try:
            return unsealed_frame(frame, unpadder.update(padded) + unpadder.finalize())
        except (ValueError, ProtocolError):
            raise _wrong_code() from None


@dataclass(frozen=True, slots=True)
class Awaited:
    """A session whose key its client will bring, from the same address.

    Attributes:
        identity: whom it is for.
        timeout_s: as the client wishes.
        source: the host part of its address.
        offered: the private key to whose public half the session's key is to be encrypted.
        until: monotonic seconds.
    """

    identity: Identity | None
    timeout_s: int
    source: str
    offered: RSAPrivateKey
    until: float


@dataclass(slots=True)
class Sessions:
    """The sessions of one node.

    Args:
        random_octets: `secrets.token_bytes`, or a fake.
    """

    random_octets: Callable[[int], bytes]
    _open: OrderedDict[int, Session] = field(default_factory=OrderedDict)  # longest unused first
    _of_identity: dict[Identity, int] = field(default_factory=dict)
    _awaited: OrderedDict[int, Awaited] = field(default_factory=OrderedDict)  # oldest first
    _exponent: int = 0
    _exponent_until: float = float("-inf")
    _public: PublicKey | None = None

    def __len__(self) -> int:
        return len(self._open)

    def set_up(
        self, peer: PublicKey, identity: Identity | None, timeout_s: int, now: float
    ) -> tuple[Session, ExchangeOffer] | Refusal:
        """Agree on a key with a client by Diffie-Hellman; one modular power, half a millisecond.

        Args:
            peer: the client's public key.
            identity: whom the session is for.
            timeout_s: as the client wishes, at most SESSION_S_MAX.
            now: monotonic seconds.

        Raises:
            ProtocolError: the client's key is unsafe.
        """
        if refusal := self._make_room(identity, now):
            return refusal
        if now >= self._exponent_until or self._public is None:
            self._exponent = int.from_bytes(self.random_octets(EXPONENT_BYTES), "big") | 1 << (8 * EXPONENT_BYTES - 1)
            self._public = oakley_public_key(self._exponent)
            self._exponent_until = now + EXPONENT_S_MAX
        keys = derive_keys(shared_secret(peer, self._exponent))
        return self._opened(self._fresh_id(), identity, keys, timeout_s, now), ExchangeOffer(AES, self._public)

    def open(self, identity: Identity | None, keys: SessionKeys, timeout_s: int, now: float) -> Session | Refusal:
        """A session whose key was chosen here; arguments as for `set_up`."""
        return self._make_room(identity, now) or self._opened(self._fresh_id(), identity, keys, timeout_s, now)

    def expect(self, awaited: Awaited) -> int:
        """Wait for the key of a session; its number. Whoever lets many be awaited loses his own oldest."""
        own = [number for number, one in self._awaited.items() if one.source == awaited.source]
        if len(own) >= AWAITED_PER_SOURCE_MAX:
            del self._awaited[own[0]]
        elif len(self._awaited) >= AWAITED_MAX:
            self._awaited.popitem(last=False)
        session_id = self._fresh_id()
        self._awaited[session_id] = awaited
        return session_id

    def take_awaited(self, session_id: int, source: str, now: float) -> Awaited | None:
        """What is awaited under a number from an address, which is taken once."""
        awaited = self._awaited.get(session_id)
        if awaited is None or awaited.source != source:
            return None
        del self._awaited[session_id]
        return awaited if now < awaited.until else None

    def open_awaited(self, session_id: int, awaited: Awaited, keys: SessionKeys, now: float) -> Refusal | None:
        """Open a session that was awaited, under the number its client knows."""
        if refusal := self._make_room(awaited.identity, now):
            return refusal
        self._opened(session_id, awaited.identity, keys, awaited.timeout_s, now)
        return None

    def find(self, session_id: int, now: float) -> Session | None:
        """The session of a number, if it is still good."""
        session = self._open.get(session_id)
        if session is not None and _is_over(session, now):
            self.end(session)
            return None
        return session

    def use(self, session: Session, now: float) -> None:
        """A message of it was taken."""
        session.used = now
        self._open.move_to_end(session.session_id)

    def fail(self, session: Session) -> None:
        """A message of it had a wrong code."""
        session.failures += 1
        if session.failures >= SESSION_FAILURES_MAX:
            self.end(session)

    def end(self, session: Session) -> None:
        """Forget it."""
        if self._open.pop(session.session_id, None) is None or session.identity is None:
            return
        left = self._of_identity[session.identity] - 1
        if left:
            self._of_identity[session.identity] = left
        else:
            del self._of_identity[session.identity]

    def _opened(
        self, session_id: int, identity: Identity | None, keys: SessionKeys, timeout_s: int, now: float
    ) -> Session:
        life_s = min(float(timeout_s), SESSION_S_MAX) if timeout_s else SESSION_S_MAX
        session = Session(session_id, identity, keys, CounterWindow(), now + life_s, now)
        self._open[session_id] = session
        if identity is not None:
            self._of_identity[identity] = self._of_identity.get(identity, 0) + 1
        return session

    def _make_room(self, identity: Identity | None, now: float) -> Refusal | None:
        while self._open and _is_over(oldest := next(iter(self._open.values())), now):
            self.end(oldest)
        if len(self._open) >= SESSIONS_MAX and not self._drop(lambda session: session.proven is None):
            return Refusal(ResponseCode.SERVER_TOO_BUSY, "this node keeps as many sessions as it can: ask without one")
        if identity is None or self._of_identity.get(identity, 0) < SESSIONS_PER_IDENTITY_MAX:
            return None
        # Whoever names an identity has not proved it yet, so its proven sessions are not his to end.
        if self._drop(lambda session: session.identity == identity and session.proven is None):
            return None
        return Refusal(ResponseCode.SERVER_TOO_BUSY, f"{identity} has {SESSIONS_PER_IDENTITY_MAX} sessions: end some of them")

    def _drop(self, droppable: Callable[[Session], bool]) -> bool:
        """End the longest unused of the sessions that may be ended."""
        found = next(filter(droppable, self._open.values()), None)
        if found is None:
            return False
        self.end(found)
        return True

    def _fresh_id(self) -> int:
        while True:
            session_id = int.from_bytes(self.random_octets(4), "big") & SESSION_ID_MAX or 1
            if session_id not in self._open and session_id not in self._awaited:
                return session_id


def _is_over(session: Session, now: float) -> bool:
    return now >= session.until or now - session.used >= SESSION_IDLE_S


def _wrong_code() -> ProtocolError:
    # One sentence for every way in which ciphertext can be wrong: which one it was helps only whoever forges it.
    return ProtocolError("the message was not made with the key of this session", offset=0, code=ResponseCode.INVALID_CREDENTIAL)
