"""Keys of sessions that travel encrypted: to an RSA key of the client, or of this node (`wire.md` §10, modes 1 to 3).

PKCS#1 v1.5 is what the field's software names. A server that told wrong padding from right would decrypt for whoever asks
often enough (Bleichenbacher), so whatever is wrong in what was encrypted gives a session with a key that nobody has: its
first message shows it. The key that clients encrypt to is not the one the node signs with, and lives half a day.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from cryptography.hazmat.primitives.asymmetric import padding, rsa

from idis.proto.challenge import HS_PUBKEY
from idis.proto.codes import ResponseCode
from idis.proto.identifier import fold
from idis.proto.session import SESSION_KEY_BYTES, SessionKeys, encode_chosen_key, read_chosen_key
from idis.proto.types.pubkey import encode_public_key, rsa_public_key
from idis.proto.value import Value
from idis.registry.registration.checks import Refusal
from idis.resolver.admin import public_key

RSA_BITS_MIN = 2_048  # whoever breaks it later reads the session; signatures of shorter keys only have to hold for a minute
KEY_BITS = 2_048
KEY_S_MAX = 43_200.0
_EXPONENT = 65_537
_PADDING = padding.PKCS1v15()


class ExchangeKeys:
    """The key pair of one node that clients encrypt their session's key to; made when it is first asked for."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "session-keys")
        self._making: asyncio.Task[rsa.RSAPrivateKey] | None = None
        self._until = 0.0

    def close(self) -> None:
        """End its thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def current(self, now: float) -> rsa.RSAPrivateKey:
        """The key pair that is offered now; the first one takes some tenths of a second. `now` is monotonic seconds."""
        if self._making is None or now >= self._until:
            self._making = asyncio.create_task(self._make())
            self._until = now + KEY_S_MAX
        return await asyncio.shield(self._making)

    async def open(self, private: rsa.RSAPrivateKey, encrypted: bytes) -> SessionKeys:
        """The keys of a session that a client chose, in a millisecond; keys nobody has where the client did it wrong."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, _decrypt, private, encrypted)

    async def _make(self) -> rsa.RSAPrivateKey:
        return await asyncio.get_running_loop().run_in_executor(self._thread, rsa.generate_private_key, _EXPONENT, KEY_BITS)


def public_octets(private: rsa.RSAPrivateKey) -> bytes:
    """The public half, as an HS_PUBKEY value has it."""
    numbers = private.public_key().public_numbers()
    return encode_public_key(rsa_public_key(numbers.e, numbers.n))


def recipient(octets: bytes) -> rsa.RSAPublicKey | Refusal:
    """The key of a client that a session's key may be encrypted to."""
    try:
        key = public_key.load(octets)
    except public_key.KeyUnusable as error:
        return Refusal(ResponseCode.INVALID_SESSION_KEY, str(error))
    if not isinstance(key, rsa.RSAPublicKey):
        return Refusal(
            ResponseCode.NEED_RSA_KEY_FOR_SESSION_EXCHANGE, "a session's key is encrypted to RSA keys only: use one, or mode 4"
        )
    if key.key_size < RSA_BITS_MIN or key.public_numbers().n % 2 == 0:
        return Refusal(
            ResponseCode.INVALID_SESSION_KEY, f"a session's key needs an RSA key of {RSA_BITS_MIN} bits at least: use one"
        )
    return key


def recipient_among(values: Sequence[Value]) -> rsa.RSAPublicKey | Refusal:
    """The first usable key among the public keys of an identity; why there is none."""
    refusal = Refusal(ResponseCode.INVALID_SESSION_KEY, "nobody has the key that is named: name an HS_PUBKEY value that exists")
    for value in values:
        if fold(value.type) == HS_PUBKEY:
            found = recipient(value.data)
            if not isinstance(found, Refusal):
                return found
            refusal = found
    return refusal


def encrypted_key(key: rsa.RSAPublicKey, chosen: bytes) -> bytes:
    """A session's key as the answer to a set-up carries it."""
    return key.encrypt(encode_chosen_key(chosen), _PADDING)


def _decrypt(private: rsa.RSAPrivateKey, encrypted: bytes) -> SessionKeys:
    spare = secrets.token_bytes(SESSION_KEY_BYTES)
    try:
        keys = read_chosen_key(private.decrypt(encrypted, _PADDING))
    except ValueError:
        keys = None
    return keys or SessionKeys(mac=spare, cipher=spare[:16])
