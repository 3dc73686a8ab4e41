"""Sessions: their set-up, the keys they derive, and the counters that stop replay (`wire.md` §10).

Set-up is one exchange in one of four modes: both sides compute a key (4), or one of them chooses it and sends it encrypted
to an RSA key of the client (1, or 3 where the key is named) or of the server (2, then in an operation of its own). What
follows carries a message authentication code (`signing.py`) with a counter that never repeats, and may be encrypted; the
ciphers themselves need a library this package does not import: `sealed_octets`, `unsealed_frame` and `encode_chosen_key`
only lay out what is encrypted.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

from idis.proto.codes import EnvelopeFlag, ResponseCode
from idis.proto.errors import ProtocolError
from idis.proto.message import ENVELOPE_BYTES, HEADER_BYTES, Message, Version, decode_envelope
from idis.proto.types.pubkey import DH, PublicKey, encode_public_key, read_public_key
from idis.proto.wire import Reader, blob, text, u16, u32

MODE_CLIENT_RSA = 1
MODE_SERVER_RSA = 2
MODE_KEY_BY_NAME = 3
MODE_DIFFIE_HELLMAN = 4

DES = 1
TRIPLE_DES = 2
AES = 3
SM4 = 4  # IDIS, with the key as initialisation vector: refused

TIMEOUT_S = 86_400
NO_INDEX = 0xFFFF_FFFF  # IDIS leaves the identity open: empty handle and this index
SESSION_KEY_BYTES = 32
CIPHER_KEY_BYTES = 16
CHOSEN_KEY_BYTES = (16, 32)  # of AES: what Java's generator makes by itself, before and since version 17
COUNTERS_KEPT = 200  # Handle's own window; packets arrive out of order by far less

# The Java encoder counts the mode as four octets, so that two zero octets trail in both directions.
MODE_QUIRK = bytes(2)

# Oakley group 2 (RFC 2409 §6.2), what hdllib offers; generator 2.
OAKLEY_PRIME = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF",
    16,
)
OAKLEY_GENERATOR = 2


@dataclass(frozen=True, slots=True)
class SessionSetup:
    """The body of SESSION_SETUP. Which of `public_key` and `key_handle` counts depends on `mode`; MODE_SERVER_RSA uses none."""

    mode: int
    timeout_s: int = TIMEOUT_S
    identity: str = ""
    identity_index: int = NO_INDEX
    public_key: bytes = b""
    key_handle: str = ""
    key_index: int = 0
    trailing: bytes = MODE_QUIRK

    def encode(self) -> bytes:
        """The body's octets."""
        key = b""
        if self.mode in (MODE_CLIENT_RSA, MODE_DIFFIE_HELLMAN):
            key = blob(self.public_key)
        elif self.mode == MODE_KEY_BY_NAME:
            key = text(self.key_handle) + u32(self.key_index)
        head = u16(self.mode) + u32(self.timeout_s) + text(self.identity) + u32(self.identity_index)
        return head + key + self.trailing


@dataclass(frozen=True, slots=True)
class SessionReply:
    """The answer to SESSION_SETUP; what `data` is depends on `mode`."""

    mode: int
    data: bytes
    trailing: bytes = MODE_QUIRK

    def encode(self) -> bytes:
        """The body's octets."""
        return u16(self.mode) + blob(self.data) + self.trailing


@dataclass(frozen=True, slots=True)
class ExchangeOffer:
    """The data of a Diffie-Hellman reply: the cipher of the session and the server's public key."""

    cipher: int
    public_key: PublicKey

    def encode(self, version: Version) -> bytes:
        """The data's octets; before 2.4 the cipher is not said and is DES."""
        return (u32(self.cipher) if version >= (2, 4) else b"") + encode_public_key(self.public_key)


@dataclass(frozen=True, slots=True)
class SessionKeys:
    """What both sides derive: the key of the authentication code and that of AES-128-CBC."""

    mac: bytes
    cipher: bytes


class CounterWindow:
    """The session counters already seen, so that a message is taken only once. At most COUNTERS_KEPT are remembered."""

    __slots__ = ("_heap", "_seen")

    def __init__(self) -> None:
        self._heap: list[int] = []
        self._seen: set[int] = set()

    def accept(self, counter: int) -> bool:
        """Whether a message of that counter is new; False means SESSION_MESSAGE_REJECTED. Counter 0 is never checked."""
        if counter == 0:
            return True
        if counter in self._seen or (len(self._heap) == COUNTERS_KEPT and counter < self._heap[0]):
            return False
        self._seen.add(counter)
        heapq.heappush(self._heap, counter)
        if len(self._heap) > COUNTERS_KEPT:
            self._seen.discard(heapq.heappop(self._heap))
        return True


def read_session_setup(reader: Reader) -> SessionSetup:
    """Decode the body of SESSION_SETUP; a mode nobody has described has its octets in `trailing`."""
    mode, timeout_s, identity, index = reader.u16(), reader.u32(), reader.text(), reader.u32()
    public_key, key_handle, key_index = b"", "", 0
    if mode in (MODE_CLIENT_RSA, MODE_DIFFIE_HELLMAN):
        public_key = reader.blob()
    elif mode == MODE_KEY_BY_NAME:
        key_handle, key_index = reader.text(), reader.u32()
    return SessionSetup(mode, timeout_s, identity, index, public_key, key_handle, key_index, reader.take(reader.remaining))


def read_session_reply(reader: Reader) -> SessionReply:
    """Decode the answer to SESSION_SETUP."""
    return SessionReply(reader.u16(), reader.blob(), reader.take(reader.remaining))


def decode_exchange_offer(data: bytes, version: Version) -> ExchangeOffer:
    """Read the data of a Diffie-Hellman reply in that version.

    Raises:
        ProtocolError: it breaks off, or the key is no Diffie-Hellman key.
    """
    reader = Reader(data)
    cipher = reader.u32() if version >= (2, 4) else DES
    at = reader.at
    key = read_public_key(reader)
    if key.algorithm != DH:
        raise ProtocolError("the key of a Diffie-Hellman exchange is none", offset=at)
    return ExchangeOffer(cipher, PublicKey(key.algorithm, key.numbers, key.flags, reader.take(reader.remaining)))


def oakley_public_key(secret: int) -> PublicKey:
    """The public key of a secret exponent of at least 256 random bits."""
    return PublicKey(DH, (pow(OAKLEY_GENERATOR, secret, OAKLEY_PRIME), OAKLEY_PRIME, OAKLEY_GENERATOR))


def shared_secret(peer: PublicKey, secret: int) -> bytes:
    """The secret both sides of a Diffie-Hellman exchange arrive at, as big-endian octets of the prime's length.

    Raises:
        ProtocolError: INVALID_SESSION_KEY for a group that is not Oakley group 2, or a public value that gives the secret away.
    """
    value, prime, generator = peer.numbers
    if peer.algorithm != DH or (prime, generator) != (OAKLEY_PRIME, OAKLEY_GENERATOR) or not 1 < value < prime - 1:
        raise ProtocolError("the Diffie-Hellman key is unsafe", offset=0, code=ResponseCode.INVALID_SESSION_KEY)
    return pow(value, secret, prime).to_bytes((prime.bit_length() + 7) // 8, "big")


def derive_keys(secret: bytes, cipher: int = AES) -> SessionKeys:
    """The keys of a session: the secret's first 32 octets, leading zeros left out while more than 32 remain.

    Raises:
        ProtocolError: SESSION_FAILED for every cipher but AES; INVALID_SESSION_KEY when the secret is shorter than 32 octets.
    """
    if cipher != AES:
        raise ProtocolError(f"cipher {cipher} is not safe to use", offset=0, code=ResponseCode.SESSION_FAILED)
    start = 0
    while len(secret) - start > SESSION_KEY_BYTES and secret[start] == 0:
        start += 1
    key = secret[start : start + SESSION_KEY_BYTES]
    if len(key) < SESSION_KEY_BYTES:
        raise ProtocolError("the session key is too short", offset=0, code=ResponseCode.INVALID_SESSION_KEY)
    return SessionKeys(mac=key, cipher=key[:CIPHER_KEY_BYTES])


def encode_chosen_key(key: bytes) -> bytes:
    """What one side of a session encrypts to the other: the cipher and the key it has chosen."""
    return u32(AES) + key


def read_chosen_key(octets: bytes) -> SessionKeys | None:
    """The keys of a session whose key the other side has chosen; None when it is no key of AES.

    A refusal that told one kind of wrong from another would help whoever tries ciphertexts out, so there is no reason given.
    """
    key = octets[4:]
    if octets[:4] != u32(AES) or len(key) not in CHOSEN_KEY_BYTES:
        return None
    return SessionKeys(mac=key, cipher=key[:CIPHER_KEY_BYTES])


def sealed_octets(frame: bytes) -> bytes:
    """The part of a frame that is encrypted, or to be encrypted: everything behind the envelope."""
    return frame[ENVELOPE_BYTES:]


def sealed_frame(frame: bytes, ciphertext: bytes) -> bytes:
    """The frame with its message replaced by ciphertext and the envelope saying so."""
    return _reframed(frame, ciphertext, int(EnvelopeFlag.ENCRYPTED))


def unsealed_frame(frame: bytes, plaintext: bytes) -> bytes:
    """The frame with its ciphertext replaced by the message, ready for `decode_message`.

    Raises:
        ProtocolError: the plaintext is no message.
    """
    if len(plaintext) < HEADER_BYTES:
        raise ProtocolError("what was encrypted is no message", offset=ENVELOPE_BYTES, code=ResponseCode.SESSION_FAILED)
    return _reframed(frame, plaintext, 0)


def needs_counter(message: Message) -> bool:
    """Whether messages of this version carry session counters."""
    return message.version >= (2, 5)


def _reframed(frame: bytes, message: bytes, flag: int) -> bytes:
    decode_envelope(frame)
    bits = frame[2] & ~int(EnvelopeFlag.ENCRYPTED) | flag
    return frame[:2] + bytes((bits,)) + frame[3:16] + u32(len(message)) + message
