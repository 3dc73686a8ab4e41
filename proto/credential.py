"""The credential behind a message: a signature or a message authentication code (`wire.md` §3)."""

from __future__ import annotations

from dataclasses import dataclass

from idis.proto.digest import canonical_name
from idis.proto.message import Version
from idis.proto.wire import Reader, blob, text, u16, u32

SIGNED = "HS_SIGNED"
SIGNED_OLD_NAME = "HS_DSAPUBKEY"
MAC = "HS_MAC"


@dataclass(frozen=True, slots=True)
class Credential:
    """What proves where a message comes from.

    `type` is SIGNED or MAC; `digest_name` is as written, an old peer's one-octet code included (`digest.canonical_name`
    reads all of them); `session_counter` is 0 outside sessions. `version`, `flags` and `signer` are zero and empty in
    everything seen. `section_trailing` stands inside the signed section, `trailing` behind it.
    """

    type: str
    digest_name: str
    signature: bytes
    session_counter: int = 0
    signer: bytes = b""
    version: Version = (0, 0)
    flags: int = 0
    section_trailing: bytes = b""
    trailing: bytes = b""

    @property
    def is_mac(self) -> bool:
        """Whether it is a code made with the session key; otherwise it is a signature."""
        return self.type == MAC

    @property
    def digest(self) -> str:
        """The one spelling of its digest."""
        return canonical_name(self.digest_name)


def encode_credential(credential: Credential) -> bytes:
    """The credential's octets, without the length in front."""
    section = text(credential.digest_name) + blob(credential.signature) + credential.section_trailing
    return b"".join(
        (
            bytes(credential.version),
            u16(credential.flags),
            blob(credential.signer),
            u32(credential.session_counter),
            text(credential.type),
            blob(section),
            credential.trailing,
        )
    )


def decode_credential(octets: bytes) -> Credential:
    """Read the octets of `Message.credential`.

    Raises:
        ProtocolError: it breaks off inside a field, or a string is not UTF-8.
    """
    reader = Reader(octets)
    version = (reader.u8(), reader.u8())
    flags, signer, counter, kind = reader.u16(), reader.blob(), reader.u32(), reader.text()
    length = reader.u32()
    reader.take(length)
    section = Reader(octets, reader.at - length, reader.at)
    digest_name, signature = section.text(), section.blob()
    return Credential(
        type=kind,
        digest_name=digest_name,
        signature=signature,
        session_counter=counter,
        signer=signer,
        version=version,
        flags=flags,
        section_trailing=section.take(section.remaining),
        trailing=reader.take(reader.remaining),
    )


def mac_digest_name(version: Version) -> str:
    """How a message authentication code of that version names its digest."""
    if version >= (2, 7):
        return "HMAC-SHA256"
    return "SHA1" if version >= (2, 6) else "\x02"


def signature_digest_name(version: Version, *, dsa: bool = False) -> str:
    """The digest a signature of that version uses: RSA takes SHA-256 from 2.7, DSA from 2.11."""
    return "SHA-256" if version >= ((2, 11) if dsa else (2, 7)) else "SHA1"
