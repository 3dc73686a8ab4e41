"""A Handle client's half of a session, written without our encoder: Diffie-Hellman, codes over messages, AES."""

from __future__ import annotations

import hmac
import secrets
import struct
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tests.resolver.admin.wire import RD, REC, Admin, Answer, blob, number, request, text, u32

PRIME = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF",
    16,
)


def setup_body(public: int, identity: str = "", index: int = 0xFFFF_FFFF) -> bytes:
    """The body of SESSION_SETUP, with the two octets that the Java encoder counts too many."""
    key = text("DH_PUB_KEY") + b"\x00\x00" + number(public) + number(PRIME) + number(2)
    return struct.pack(">HI", 4, 86_400) + text(identity) + u32(index) + blob(key) + bytes(2)


@dataclass
class Session:
    """A session that was set up."""

    admin: Admin
    session_id: int
    key: bytes = field(repr=False)
    counter: int = 0

    def frame(
        self,
        opcode: int,
        body: bytes,
        *,
        flags: int = REC | RD,
        counter: int | None = None,
        sealed: bool = False,
        request_id: int = 0,
    ) -> bytes:
        """A message of the session, 2.11, under the next counter."""
        if counter is None:
            self.counter += 1
            counter = self.counter
        request_id = request_id or next(self.admin.ids)
        plain = request(opcode, body, request_id=request_id, session_id=self.session_id, flags=flags, version=(2, 11, 2, 11))
        covered = struct.pack(">BBBBIII", 2, 11, 2, 11, self.session_id, request_id, counter) + plain[20:-4]
        mac = hmac.new(self.key, covered, "sha256").digest()
        section = text("HMAC-SHA256") + blob(mac)
        credential = b"\x00\x00" + b"\x00\x00" + blob(b"") + u32(counter) + text("HS_MAC") + blob(section)
        whole = plain[:-4] + blob(credential)
        return self.seal(whole) if sealed else whole[:16] + u32(len(whole) - 20) + whole[20:]

    def seal(self, frame: bytes) -> bytes:
        """The frame under AES-128-CBC, its envelope saying so."""
        plain = frame[20:]
        pad = 16 - len(plain) % 16
        iv = secrets.token_bytes(16)
        encryptor = Cipher(algorithms.AES(self.key[:16]), modes.CBC(iv)).encryptor()
        octets = iv + encryptor.update(plain + bytes((pad,)) * pad) + encryptor.finalize()
        return frame[:2] + bytes((frame[2] | 0x40,)) + frame[3:16] + u32(len(octets)) + octets

    def unseal(self, frame: bytes) -> bytes:
        """The reverse."""
        octets = frame[20:]
        decryptor = Cipher(algorithms.AES(self.key[:16]), modes.CBC(octets[:16])).decryptor()
        plain = decryptor.update(octets[16:]) + decryptor.finalize()
        plain = plain[: -plain[-1]]
        return frame[:2] + bytes((frame[2] & 0x1F,)) + frame[3:16] + u32(len(plain)) + plain

    def verifies(self, answer: Answer, counter: int) -> bool:
        """Whether an answer carries the session's code, over the request's counter."""
        body_end = 44 + len(answer.body)
        covered = answer.frame[:2] + bytes((answer.frame[2] & 0x1F,)) + answer.frame[3:4]
        covered += u32(answer.session_id) + u32(answer.request_id) + u32(counter) + answer.frame[20:body_end]
        return answer.frame.endswith(hmac.new(self.key, covered, "sha256").digest())

    async def ask(self, opcode: int, body: bytes, **named: object) -> Answer:
        """One message and its answer, opened."""
        answer = await self.admin.send(self.frame(opcode, body, **named))  # type: ignore[arg-type]
        return Answer(self.unseal(answer.frame)) if answer.frame[2] & 0x40 else answer


async def set_up(admin: Admin, identity: str = "", index: int = 0xFFFF_FFFF) -> tuple[Session, Answer]:
    """Set a session up; the answer is returned for its signature."""
    exponent = secrets.randbits(256) | 1 << 255
    body = setup_body(pow(2, exponent, PRIME), identity, index)
    answer = await admin.ask(400, body, version=(2, 11, 2, 11))
    assert answer.code == 1, answer.message
    content = answer.content
    assert content[:2] == b"\x00\x04"
    data = content[6 : 6 + int.from_bytes(content[2:6], "big")]
    assert data[:4] == b"\x00\x00\x00\x03"  # AES
    at = 4 + len(text("DH_PUB_KEY")) + 2
    public = int.from_bytes(data[at + 4 : at + 4 + int.from_bytes(data[at : at + 4], "big")], "big")
    secret = pow(public, exponent, PRIME).to_bytes(128, "big").lstrip(b"\x00").rjust(32, b"\x00")
    return Session(admin, answer.session_id, secret[:32]), answer
