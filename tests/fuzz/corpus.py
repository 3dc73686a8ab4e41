"""What the fuzzer starts from: every kind of message, and the data of every kind of value."""

from __future__ import annotations

from itertools import product
from pathlib import Path

from idis.proto import bodies, challenge, credential, private_key, replication, replication_stream, responses, session
from idis.proto.codes import OpCode, ResponseCode
from idis.proto.digest import MD5, SHA256, RequestDigest
from idis.proto.dns import message, naming
from idis.proto.message import Message, encode_message
from idis.proto.types import admin, certificate, jws, pubkey, signature, site, vlist
from idis.proto.value import Reference, Value, encode_values

VECTORS = Path(__file__).parent.parent / "vectors"

_VALUES = (
    Value(1, "URL", b"https://example.com/p/1"),
    Value(100, "HS_ADMIN", admin.encode_admin(admin.Admin("0.NA/88.118", 300))),
    Value(7, "X", b"\xff", 100, 1, 5, 12, (Reference("1/a", 3),)),
)
_SHARE = replication.Share(2, 3, 1)
_DIGEST = RequestDigest(SHA256, bytes(32))
_SECRET = challenge.SecretAnswer(0x22, bytes(20), bytes(16), 10, 160)
_NAMESPACE = rb"""<namespace><template delimiter="@"><foreach>
<if value="extension" test="matches" expression="box\((\d+),[a-c]*\)" parameter="x"><value data="${x[1]}${data}"/></if>
<else><def parameter="d">${handle}</def><value type="URL" data="${d}"/></else></foreach><notfound/></template></namespace>"""

_REQUESTS: tuple[tuple[OpCode, bodies.RequestBody], ...] = (
    (OpCode.RESOLUTION, bodies.Resolve("88.118.8/ship-001", (1, 2), ("URL", "HS_"), b"token")),
    (OpCode.GET_SITE_INFO, bodies.Name("/")),
    (OpCode.CREATE, bodies.NameAndValues("88.118.8/a", _VALUES)),
    (OpCode.DELETE, bodies.Name("88.118.8/a")),
    (OpCode.ADD_VALUE, bodies.NameAndValues("88.118.8/a", _VALUES[:1])),
    (OpCode.REMOVE_VALUE, bodies.NameAndIndexes("88.118.8/a", (1, 2, 3))),
    (OpCode.MODIFY_VALUE, bodies.NameAndValues("88.118.8/a", _VALUES)),
    (OpCode.LIST_HANDLES, bodies.Name("0.NA/88.118")),
    (OpCode.CHALLENGE_ANSWER, challenge.ChallengeAnswer("HS_SECKEY", "1/a", 300, _SECRET.encode())),
    (OpCode.VERIFY_CHALLENGE, challenge.Verification("1/a", 300, bytes(16), _DIGEST, _SECRET.encode())),
    (OpCode.VERIFY_CHALLENGE, challenge.Verification("1/a", 300, bytes(16), RequestDigest(MD5, bytes(16)), b"x", True)),
    (OpCode.HOME_PREFIX, bodies.Name("88.118")),
    (OpCode.SESSION_SETUP, session.SessionSetup(4, public_key=bytes(130))),
    (OpCode.SESSION_SETUP, session.SessionSetup(3, key_handle="1/a", key_index=300)),
    (OpCode.SESSION_TERMINATE, bodies.Name("1/a")),
    (OpCode.SESSION_EXCHANGE_KEY, bodies.ExchangeKey(bytes(64))),
    (OpCode.RETRIEVE_TXN_LOG, replication.LogRequest(_SHARE, "{}")),
    (OpCode.RETRIEVE_TXN_LOG, replication.LogRequest(_SHARE, None, 5, 6)),
    (OpCode.DUMP_HANDLES, replication.DumpRequest(_SHARE, b"1/a", 2)),
    (OpCode.LOGIN_ID_SYSTEM, bodies.Login("88.888.1024/admin", 300)),
)
_RESPONSES: tuple[tuple[OpCode, ResponseCode, responses.ResponseBody], ...] = (
    (OpCode.RESOLUTION, ResponseCode.SUCCESS, responses.Resolved("88.118.8/a", _VALUES)),
    (OpCode.RESOLUTION, ResponseCode.PREFIX_REFERRAL, responses.ReferralBody("", _VALUES)),
    (OpCode.RESOLUTION, ResponseCode.SERVICE_REFERRAL, responses.ReferralBody("0.SERV/x")),
    (OpCode.RESOLUTION, ResponseCode.HANDLE_NOT_FOUND, responses.ErrorBody("not here", (1, 2))),
    (OpCode.CREATE, ResponseCode.AUTHENTICATION_NEEDED, responses.ChallengeBody(bytes(16))),
    (OpCode.CREATE, ResponseCode.SUCCESS, responses.Created("88.118.8/a")),
    (OpCode.LIST_HANDLES, ResponseCode.SUCCESS, responses.Names(("a/b", "a/c"))),
    (OpCode.VERIFY_CHALLENGE, ResponseCode.SUCCESS, responses.Verified(True)),
    (OpCode.SESSION_SETUP, ResponseCode.SUCCESS, session.SessionReply(4, bytes(140))),
    (OpCode.RETRIEVE_TXN_LOG, ResponseCode.SUCCESS, responses.LogFlags(1)),
)


def load() -> list[tuple[str, bytes]]:
    """Kind and octets of every seed; `parsers.feed` knows the kinds."""
    return [*_messages(), *_data(), *_streams(), *_dns()]


def _messages() -> list[tuple[str, bytes]]:
    golden = [("message", _read(path)) for path in sorted(VECTORS.glob("e*.hex")) if "site_record" not in path.name]
    code = credential.Credential("HS_MAC", "HMAC-SHA256", bytes(32), 5)
    signed = credential.encode_credential(code)
    made = [
        Message(int(opcode), body.encode(), opflags=0x19080000, credential=proof, version=version)
        for (opcode, body), (version, proof) in product(_REQUESTS, (((2, 11), signed), ((2, 0), b""), ((3, 0), None)))
    ]
    made += [
        Message(int(opcode), front + body.encode(), int(number), flags, version=version)
        for (opcode, number, body), (version, flags, front) in product(
            _RESPONSES, (((2, 11), 0x00880000, b"\x03" + bytes(32)), ((2, 4), 0, b""), ((2, 0), 0, b""))
        )
    ]
    return golden + [("message", encode_message(message)) for message in made]


def _data() -> list[tuple[str, bytes]]:
    sealed = private_key.SealedKey(bytes(16), 1_000, 128, bytes(16), bytes(64))
    statement = signature.RecordSignature(
        "300:1/a", "1/b", "SHA-256", (signature.ValueDigest(1, bytes(32)),), 9, 1, 1, ("400:1/a",)
    )
    grant = certificate.Certificate("300:1/a", "300:1/b", {"kty": "RSA"}, (certificate.Grant("1", "everything"),), 9)
    return [
        ("HS_ADMIN", admin.encode_admin(admin.Admin("0.NA/88.118", 300, spare=bytes(2)))),
        ("HS_VLIST", vlist.encode_vlist([Reference("1/a", 300), Reference("1/b", 0)])),
        ("HS_SITE", _read(VECTORS / "e8_site_record.hex")),
        ("HS_SITE.PREFIX", site.encode_site(site.Site(attributes=(("a", "b"),) * 3, hash_filter=b"x"))),
        ("HS_PUBKEY", pubkey.encode_public_key(pubkey.rsa_public_key(65_537, 2**1023 + 1))),
        ("HS_PUBKEY", b"-----BEGIN PUBLIC KEY-----\r\nMFkwEwYHKoZIzj0CAQYIKoEcz1UBgi0DQgAE\r\n-----END PUBLIC KEY-----\r\n"),
        ("HS_NAMESPACE", _NAMESPACE),
        ("HS_SIGNATURE", jws.encode_jws(jws.encode_signed({"alg": "RS256"}, signature.signature_claims(statement)), bytes(9))),
        ("HS_CERT", jws.encode_jws(jws.encode_signed({"alg": "RS256"}, certificate.certificate_claims(grant)), bytes(9))),
        ("values", encode_values(_VALUES)),
        ("key file", private_key.encode_key_file(private_key.PrivateKey(private_key.RSA, (77, 5)))),
        ("key file", private_key.encode_key_file(sealed)),
        ("pattern", rb"(a|b*)[c-e]{2,5}\d+?(?:x.y)*"),
    ]


def _streams() -> list[tuple[str, bytes]]:
    log = (
        replication_stream.LogHeader(),
        replication_stream.QueueName("q"),
        replication_stream.Transaction(7, "1/a", 1, 5, _VALUES),
        replication_stream.LogEnd(),
    )
    dump = (
        replication_stream.DumpHeader(),
        replication_stream.DumpedHandle("1/a", _VALUES),
        replication_stream.LastChange("1/a", 5, 1),
        replication_stream.DumpEnd(),
    )
    unsigned, signed = replication_stream.encode_opening(None), replication_stream.encode_opening("SHA1")
    return [
        ("log", unsigned + b"".join(record.encode() for record in log)),
        ("log", signed + b"".join(record.encode() + b"\0\0\0\1s" for record in log)),
        ("dump", unsigned + b"".join(record.encode() for record in dump)),
    ]


def _dns() -> list[tuple[str, bytes]]:
    item = (b"a1_2e_e8_88_b9", b"_", b"8", b"118", b"88", b"id", b"example")
    gtin = naming.gtin_name("06901234567892", (b"gs1", b"id"))
    response = bytes.fromhex(
        "beef 8400 0001 0002 0001 0001 026964 00 0010 0001 c00c 0010 0001 0000003c 0002 0178 c00c 0023 0001 0000003c 000b"
        "0064 0001 0155 0173 0178 00 c00c 0021 0001 0000003c 0009 0001 0002 0a51 c00c 00 00 0029 04d0 00000000 000c 000a 0008"
        "0001020304050607"
    )
    return [
        ("dns question", message.encode_query(1, item, 35)),
        ("dns question", message.encode_query(2, item, 16, udp_bytes=1_232, cookie=bytes(24))),
        ("dns question", message.encode_query(3, gtin, 256, udp_bytes=4_096)),
        ("dns question", bytes.fromhex("beef 0100 0001 0000 0000 0000 c00c 0010 0001")),
        ("dns response", response),
    ]


def _read(path: Path) -> bytes:
    return bytes.fromhex("".join(line.partition(";")[0] for line in path.read_text("utf-8").splitlines()))


def heaviest() -> list[tuple[str, bytes]]:
    """The most work each limit allows in one frame: many small things, which cost more than few large ones."""
    name = b"\0\0\0\3" + b"1/a"
    reference = bytes(4) + b"\0\0\0\1"
    small = bytes.fromhex("00000001 00000000 00 00015180 0e 00000000 00000000")
    values = b"\0\0\x08\0" + (small + b"\0\0\0\1" + reference) * 256 + (small + bytes(4)) * 1_792
    types = b"\0\0\x08\0" + bytes(4) * 2_048
    server = bytes(4) + bytes(12) + b"\x7f\0\0\1" + bytes(4) + b"\0\0\0\x10" + bytes(6) * 16
    site_octets = bytes.fromhex("0001 020b 0001 80 02 00000000") + b"\0\0\0\x40" + bytes(8) * 64 + b"\0\0\0\x40" + server * 64
    return [
        ("message", encode_message(Message(OpCode.RESOLUTION, name + types + types, opflags=0x19880000))),
        ("message", encode_message(Message(OpCode.CREATE, name + values))),
        ("message", encode_message(Message(OpCode.RESOLUTION, name + values, 1))),
        ("message", encode_message(Message(OpCode.LIST_HANDLES, b"\0\0\x10\0" + bytes(4) * 4_096, 1))),
        ("message", encode_message(Message(OpCode.REMOVE_VALUE, name + types))),
        ("message", encode_message(Message(OpCode.RESOLUTION, b"\0\0\x08\0" + b"1/" + b"x" * 2_046 + bytes(8)))),
        ("values", b"\0\0\0\1" + small + b"\0\0\1\0" + reference * 256),
        ("values", values),
        ("HS_VLIST", b"\0\0\4\0" + reference * 1_024),
        ("HS_SITE", site_octets),
        ("HS_NAMESPACE", b"<namespace>" + b"<a b='c'/>" * 1_022 + b"</namespace>"),
        ("HS_NAMESPACE", b'<namespace><template delimiter="@">' + b"<x/>" * 1_021 + b"</template></namespace>"),
        ("HS_CERT", b"e30." + b"WzEsMSwxLDEs" * 5_000 + b"."),
        ("pattern", b"(a*)*" * 20 + b"b"),
        ("pattern", b"(a{9}){9}"),
        ("message", b"\x02\x0b\x02\x0b" + bytes(12) + b"\0\0\0\0" + encode_message(Message(1)) * 900),
    ]
