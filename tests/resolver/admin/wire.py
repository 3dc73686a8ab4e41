"""Keys, a prefix with administrators, and a client written without our encoder: what the tests of administration share."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from idis.proto.value import Value, encode_values
from idis.registry.store.lmdb import LmdbStore
from tests.waiting import WAIT_S_MAX

PREFIX = "88.118.8"
ADMIN = f"0.NA/{PREFIX}"
EXPIRES = 2_000_000_000  # in 2033

REC, RD, CT, OW, MN, PO = 0x1000_0000, 0x0080_0000, 0x4000_0000, 0x0040_0000, 0x0020_0000, 0x0100_0000
SECRET = b"s3cret"


def u32(number: int) -> bytes:
    """Four octets."""
    return struct.pack(">I", number)


def blob(octets: bytes) -> bytes:
    """A length and octets."""
    return u32(len(octets)) + octets


def text(string: str) -> bytes:
    """A length and UTF-8."""
    return blob(string.encode())


def number(value: int) -> bytes:
    """A number of a key: two's complement, as few octets as possible."""
    return blob(value.to_bytes(value.bit_length() // 8 + 1, "big"))


def value_octets(index: int, kind: str, data: bytes, permissions: int = 0x0E) -> bytes:
    """A value as the wire has it."""
    return u32(index) + u32(0) + b"\x00" + u32(86_400) + bytes((permissions,)) + text(kind) + blob(data) + u32(0)


def values_octets(*values: bytes) -> bytes:
    """A counted array of values."""
    return u32(len(values)) + b"".join(values)


def admin_octets(handle: str, index: int, rights: int = 0xFFF) -> bytes:
    """The data of an HS_ADMIN value."""
    return struct.pack(">H", rights) + text(handle) + u32(index)


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    """One key for all tests: making one takes long."""
    return rsa.generate_private_key(65_537, 2_048)


@cache
def other_rsa_key() -> rsa.RSAPrivateKey:
    """Somebody else's."""
    return rsa.generate_private_key(65_537, 1_024)


@cache
def dsa_key() -> dsa.DSAPrivateKey:
    """As old Handle administrators have them."""
    return dsa.generate_private_key(1_024)


@cache
def ed25519_key() -> ed25519.Ed25519PrivateKey:
    """As ours have them."""
    return ed25519.Ed25519PrivateKey.generate()


def rsa_octets(key: rsa.RSAPrivateKey) -> bytes:
    """The data of an HS_PUBKEY value in Handle's binary form."""
    public = key.public_key().public_numbers()
    return text("RSA_PUB_KEY") + b"\x00\x00" + number(public.e) + number(public.n) + bytes(4)


def dsa_octets(key: dsa.DSAPrivateKey) -> bytes:
    """The same of a DSA key."""
    public = key.public_key().public_numbers()
    parameters = public.parameter_numbers
    return text("DSA_PUB_KEY") + bytes(2) + number(parameters.q) + number(parameters.p) + number(parameters.g) + number(public.y)


def pem(key: Any) -> bytes:
    """The data of an HS_PUBKEY value in IDIS's form: PEM with CRLF."""
    octets: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return octets.replace(b"\n", b"\r\n")


def sign(key: Any, octets: bytes, digest: str = "SHA-256") -> bytes:
    """A signature of whatever kind the key makes."""
    algorithm: hashes.HashAlgorithm = hashes.SHA256() if digest in ("SHA-256", "SHA256") else hashes.SHA1()
    match key:
        case rsa.RSAPrivateKey():
            return key.sign(octets, padding.PKCS1v15(), algorithm)
        case dsa.DSAPrivateKey():
            return key.sign(octets, algorithm)
        case _:
            signature: bytes = key.sign(octets)
            return signature


@dataclass(frozen=True)
class Answer:
    """A response taken apart by hand."""

    frame: bytes

    @property
    def version(self) -> tuple[int, int]:
        """The version it is in."""
        return self.frame[0], self.frame[1]

    @property
    def sealed(self) -> bool:
        """Whether it is encrypted, so that only its envelope can be read."""
        return bool(self.frame[2] & 0x40)

    @property
    def session_id(self) -> int:
        """The session."""
        return int.from_bytes(self.frame[4:8], "big")

    @property
    def request_id(self) -> int:
        """The request it answers."""
        return int.from_bytes(self.frame[8:12], "big")

    @property
    def opcode(self) -> int:
        """The operation."""
        return int.from_bytes(self.frame[20:24], "big")

    @property
    def code(self) -> int:
        """The response code."""
        return int.from_bytes(self.frame[24:28], "big")

    @property
    def flags(self) -> int:
        """The opflags."""
        return int.from_bytes(self.frame[28:32], "big")

    @property
    def body(self) -> bytes:
        """The whole body."""
        return self.frame[44 : 44 + int.from_bytes(self.frame[40:44], "big")]

    @property
    def content(self) -> bytes:
        """The body without the request digest in front of it."""
        if not self.flags & RD:
            return self.body
        return self.body[1 + {1: 16, 2: 20, 3: 32}[self.body[0]] :]

    @property
    def digest(self) -> bytes:
        """The request digest, without its algorithm."""
        return self.body[1 : len(self.body) - len(self.content)]

    @property
    def nonce(self) -> bytes:
        """What a challenge asks to be signed, beside the digest."""
        return self.content[4:20]

    @property
    def message(self) -> str:
        """The sentence of a refusal."""
        return self.content[4 : 4 + int.from_bytes(self.content[:4], "big")].decode()

    @property
    def credential(self) -> bytes:
        """The octets of the credential."""
        at = 44 + len(self.body)
        return self.frame[at + 4 :]


def request(
    opcode: int,
    body: bytes,
    *,
    request_id: int,
    session_id: int = 0,
    flags: int = REC | RD,
    version: tuple[int, int, int, int] = (2, 10, 2, 11),
    credential: bytes | None = b"",
) -> bytes:
    """A frame as hdllib writes it; `credential` None leaves even its length out, as IDIS clients do."""
    header = struct.pack(">IIIHBBII", opcode, 0, flags, 0xFFFF, 0, 0, EXPIRES, len(body))
    tail = b"" if credential is None else blob(credential)
    size = len(header) + len(body) + len(tail)
    return struct.pack(">BBBBIIII", *version, session_id, request_id, 0, size) + header + body + tail


class Admin:
    """A client that writes: a connection for each message as hdllib does, or one for all as IDIS clients do."""

    def __init__(self, port: int, host: str = "127.0.0.1", node: Any = None) -> None:
        self.port, self.host = port, host
        self.node = node  # where a test looks inside
        self.ids: Iterator[int] = itertools.count(1_000_001)
        self.stream: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def connect(self) -> Admin:
        """From now on use one connection."""
        self.stream = await asyncio.open_connection(self.host, self.port)
        return self

    async def close(self) -> None:
        """End it."""
        if self.stream is not None:
            self.stream[1].close()
            await self.stream[1].wait_closed()
            self.stream = None

    async def send(self, frame: bytes) -> Answer:
        """One message and the first of its answer."""
        return (await self.send_all(frame))[0]

    async def send_all(self, frame: bytes) -> list[Answer]:
        """One message and the whole answer, CN messages included."""
        reader, writer = self.stream or await asyncio.open_connection(self.host, self.port)
        writer.write(frame)
        answers: list[Answer] = []
        async with asyncio.timeout(WAIT_S_MAX):
            while not answers or (answers[-1].flags & 0x0400_0000 and not answers[-1].sealed):
                envelope = await reader.readexactly(20)
                answers.append(Answer(envelope + await reader.readexactly(int.from_bytes(envelope[16:20], "big"))))
        if self.stream is None:
            writer.close()
        return answers

    async def ask(self, opcode: int, body: bytes, **named: Any) -> Answer:
        """One request."""
        return await self.send(request(opcode, body, request_id=next(self.ids), **named))

    async def prove(
        self, challenge: Answer, key: Any, *, user: str = ADMIN, index: int = 300, digest: str = "SHA-256", **named: Any
    ) -> Answer:
        """Answer a challenge with a key pair."""
        return await self.send(self.proof(challenge, key, user=user, index=index, digest=digest, **named))

    def proof(
        self, challenge: Answer, key: Any, *, user: str = ADMIN, index: int = 300, digest: str = "SHA-256", **named: Any
    ) -> bytes:
        """The message that answers a challenge."""
        answer = text(digest) + blob(sign(key, challenge.nonce + challenge.digest, digest))
        body = text("HS_PUBKEY") + text(user) + u32(index) + blob(answer)
        return request(200, body, request_id=next(self.ids), session_id=challenge.session_id, **named)

    async def prove_secret(
        self, challenge: Answer, secret: bytes, *, user: str = ADMIN, index: int = 301, **named: Any
    ) -> Answer:
        """Answer a challenge with a secret, in the PBKDF2 form."""
        salt = bytes(range(16))
        key = hashlib.pbkdf2_hmac("sha1", secret, salt, 10_000, 20)
        mac = hmac.new(key, challenge.nonce + challenge.digest, "sha1").digest()
        answer = b"\x22" + blob(salt) + u32(10_000) + u32(160) + blob(mac)
        body = text("HS_SECKEY") + text(user) + u32(index) + blob(answer)
        return await self.send(request(200, body, request_id=next(self.ids), session_id=challenge.session_id, **named))

    async def do(self, opcode: int, body: bytes, key: Any = None, *, user: str = ADMIN, index: int = 300, **named: Any) -> Answer:
        """A request, and the answer to the challenge it meets."""
        answer = await self.ask(opcode, body, **named)
        if answer.code != 402:
            return answer
        return await self.prove(answer, key or rsa_key(), user=user, index=index)


PREFIX_VALUES = (
    Value(100, "HS_ADMIN", admin_octets(ADMIN, 300)),
    Value(101, "HS_ADMIN", admin_octets(ADMIN, 301)),
    Value(102, "HS_ADMIN", admin_octets(ADMIN, 302)),
    Value(103, "HS_ADMIN", admin_octets(ADMIN, 303)),
    Value(104, "HS_ADMIN", admin_octets(ADMIN, 304)),
    Value(105, "HS_ADMIN", admin_octets(ADMIN, 305, 0x001)),  # may only register
)


def key_values() -> tuple[Value, ...]:
    """Keys of the administrators: RSA binary, a secret, DSA, RSA in PEM, Ed25519, and RSA that may only register."""
    return (
        Value(300, "HS_PUBKEY", rsa_octets(rsa_key())),
        Value(301, "HS_SECKEY", SECRET, permissions=0x0C),
        Value(302, "HS_PUBKEY", dsa_octets(dsa_key())),
        Value(303, "HS_PUBKEY", pem(rsa_key())),
        Value(304, "HS_PUBKEY", pem(ed25519_key())),
        Value(305, "HS_PUBKEY", rsa_octets(other_rsa_key())),
    )


def administer(store: LmdbStore, prefix: str = PREFIX, values: tuple[Value, ...] | None = None) -> None:
    """Give a prefix administrators."""

    def change(txn: Any) -> None:
        entry = txn.prefix(prefix)
        txn.put_prefix(replace(entry, values=encode_values(values or (*PREFIX_VALUES, *key_values()))))

    store.write(change, actor="test").result()
