"""One exchange: what a request asks, and how a response reports what came of it."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from idis.proto.errors import ProtocolError
from idis.proto.exchange import (
    answered_spelling,
    error_message,
    explanation_of,
    outcome_of,
    outline,
    query_of,
    request_message,
    response_message,
    spelling_octets,
    success_message,
)
from idis.proto.identifier import Identifier
from idis.proto.message import Message, Version, decode_message, encode_message
from idis.proto.outcome import Answer, NotFound, NoValues, Outcome, Referral, Refused
from idis.proto.query import Query

Vector = Callable[[str], bytes]

NOW = 0x6B00EB74 - 43_200
NONCE = bytes.fromhex("774090fed791d75e4dbbd3a70938ffca")
VALUE = bytes.fromhex("00000001 00000001 00000000 00 00015180 0e 00000003 55524c 00000001 78 00000000")
ABSOLUTE = bytes.fromhex("00000001 00000001 00000000 01 00000064 0e 00000003 55524c 00000001 78 00000000")
NAME = bytes.fromhex("00000003 312f61")
QUERY = Query("20.500.9999/A1", Identifier("20.500.9999", "A1"), recursive=True)
REQUEST = Message(1, NAME + bytes(8), opflags=0x19000000, request_id=7, version=(2, 3), suggested=(2, 11))


def respond(outcome: Outcome, request: Message = REQUEST, **more: object) -> Message:
    """A response with the fields every test shares."""
    shared: dict[str, object] = {"site_serial": 1, "primary": True, "now": NOW}
    return response_message(request, outcome, **(shared | more))  # type: ignore[arg-type]


def test_the_usual_request_is_e1(vector: Vector) -> None:
    """A plain question gives the octets existing clients send."""
    message = request_message(QUERY, request_id=0x134B6A8B, now=NOW)

    assert encode_message(message) == vector("e1_resolution_request")


def test_e1_asks_the_usual_question(vector: Vector) -> None:
    """The request of existing clients gives the plain question back."""
    assert query_of(decode_message(vector("e1_resolution_request"))) == QUERY


def test_e6_asks_for_a_bare_prefix(vector: Vector) -> None:
    """An IDIS client asks for the prefix as such, with empty authBytes that say nothing."""
    query = query_of(decode_message(vector("e6_idis_prefix_query")))

    assert (query.spelling, query.identifier, query.types) == ("20.500.9999", Identifier("20.500.9999", None), ("HS_SITE",))
    assert query.auth == b""


def test_a_question_with_everything_survives() -> None:
    """Every field of a question has its place in the request."""
    query = Query(
        spelling="88.1/ä",
        identifier=Identifier("88.1", "ä"),
        indexes=(1, 2**32 - 1),
        types=("URL", "URL."),
        public_only=False,
        authoritative=True,
        recursive=True,
        do_not_refer=True,
        follow_alias=True,
        explain=True,
        recursion_count=3,
        auth=b"token",
    )

    assert query_of(request_message(query, request_id=1, now=NOW)) == query


def test_a_question_without_filters_wants_everything() -> None:
    """Either kind of filter narrows it."""
    assert [replace(QUERY, **some).wants_all for some in ({}, {"indexes": (1,)}, {"types": ("X",)})] == [True, False, False]


def test_request_octets_of_filters_and_token() -> None:
    """Indexes, types and authBytes stand in this order; the flag says that the token is there."""
    query = replace(QUERY, spelling="1/a", indexes=(5,), types=("X",), auth=b"t")
    message = request_message(query, request_id=1, now=NOW)

    assert message.body == bytes.fromhex("00000003 312f61 00000001 00000005 00000001 00000001 58 00000001 74")
    assert message.opflags == 0x19000004


def test_octets_behind_the_question_are_passed_over() -> None:
    """Whatever a dialect appends does not disturb."""
    assert query_of(replace(REQUEST, body=REQUEST.body + b"\xff\xff\xff\xff\xff")).auth == b""


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("00000003 312f", 4),
        ("00000003 312f61", 4),
        ("00000003 312fff 00000000 00000000", 4),
        ("00000003 312f61 40000000 00000000", 4),
        ("00000003 312f61 00000000 00000801" + "00000000" * 2_049, 4),
        ("00000000 00000000 00000000", 102),
        ("00000001 2f 00000000 00000000", 102),
        ("00000002 312f 00000000 00000000", 102),
    ],
)
def test_questions_refused(body: str, code: int) -> None:
    """Broken fields are protocol errors, a name that is none an invalid handle."""
    with pytest.raises(ProtocolError) as refused:
        query_of(replace(REQUEST, body=bytes.fromhex(body)))

    assert refused.value.code == code


def test_the_idis_heartbeat_is_a_question() -> None:
    """Asking for `0` is well formed."""
    assert query_of(replace(REQUEST, body=bytes.fromhex("00000001 30") + bytes(8))).identifier == Identifier("0", None)


def test_an_answer_is_e2(vector: Vector) -> None:
    """A primary's answer gives the octets existing servers send."""
    golden = vector("e2_two_values")
    request = decode_message(vector("e1_resolution_request"))
    answer = Answer(golden[20 + 24 + 18 : -4], 86_400)

    assert encode_message(respond(answer, request)) == golden


def test_not_found_is_e3(vector: Vector) -> None:
    """Code 100 with an empty message."""
    golden = vector("e3_not_found")
    request = replace(decode_message(vector("e1_resolution_request")), request_id=0x3679E75D, expiration=0x6B00EB75)

    assert encode_message(respond(NotFound(), request)) == golden


def test_a_prefix_referral_is_e4(vector: Vector) -> None:
    """Code 303 with an empty referral handle and the values."""
    golden = vector("e4_prefix_referral")
    request = replace(decode_message(vector("e1_resolution_request")), request_id=0x7A126C88, expiration=0x6B00F26E)

    assert encode_message(respond(Referral(303, golden[48:-4]), request)) == golden


def test_a_challenge_to_the_login_is_e7(vector: Vector) -> None:
    """Digest of the login and nonce, in the login's session; only AT and our suggestion differ from the recorded server."""
    golden = decode_message(vector("e7_idis_login_challenge"))
    login = decode_message(vector("e7_idis_login"))
    challenge = respond(Refused(402), replace(login, suggested=(2, 10)), primary=False, nonce=golden.body[-16:])

    assert challenge == replace(golden, suggested=(2, 11))


def test_a_challenge_opens_a_session() -> None:
    """The session id given replaces the request's."""
    assert respond(Refused(402), nonce=NONCE, session_id=9).session_id == 9


def test_a_challenge_says_its_digest_though_nobody_asked() -> None:
    """The flag of the digest is set even when the request did not set it."""
    assert respond(Refused(402), nonce=NONCE).opflags & 0x00800000


def test_a_challenge_of_2_0_has_its_digest_behind_the_nonce() -> None:
    """The oldest form: two fields of bytes, MD5."""
    request = replace(REQUEST, suggested=(2, 0), version=(2, 0))
    body = respond(Refused(402), request, nonce=NONCE).body

    assert body[:24] == bytes.fromhex("00000010") + NONCE + bytes.fromhex("00000010")
    assert len(body) == 40


@pytest.mark.parametrize(
    ("suggested", "algorithm", "size"), [((2, 7), 3, 33), ((2, 11), 3, 33), ((2, 6), 2, 21), ((2, 1), 2, 21)]
)
def test_request_digest_by_version(suggested: Version, algorithm: int, size: int) -> None:
    """Asked for, the digest stands in front of the body; its algorithm follows the version of the answer."""
    request = replace(REQUEST, opflags=0x19800000, suggested=suggested)
    body = respond(NotFound(), request).body

    assert (body[0], len(body)) == (algorithm, size + 4)


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        (0x00000000, 0x90000000),
        (0x59100000, 0xD9100000),
        (0x29000000, 0xB9000000),
        (0x06600000, 0x90000000),
        (0x000E0007, 0x90000000),
    ],
)
def test_flags_of_an_answer(asked: int, answered: int) -> None:
    """CT, CA, ENC, PO, DNR and RD are copied, REC always set, AT by a primary; nothing else is echoed."""
    assert respond(NotFound(), replace(REQUEST, opflags=asked)).opflags == answered


def test_a_mirror_is_not_authoritative() -> None:
    """Without a primary AT stays clear, even when it was asked for."""
    assert respond(NotFound(), replace(REQUEST, opflags=0x80000000), primary=False).opflags == 0x10000000


def test_what_is_echoed() -> None:
    """Request id, session and recursion count are the request's, the site serial ours."""
    answer = respond(NotFound(), replace(REQUEST, session_id=5, recursion_count=2, site_serial=77), site_serial=8)

    assert (answer.request_id, answer.session_id, answer.recursion_count, answer.site_serial) == (7, 5, 2, 8)


@pytest.mark.parametrize(("asked", "answered"), [(NOW + 1, NOW + 1), (NOW, NOW + 43_200), (0, NOW + 43_200)])
def test_expiration_is_never_past(asked: int, answered: int) -> None:
    """A time in the future is echoed, any other replaced by twelve hours from now."""
    assert respond(NotFound(), replace(REQUEST, expiration=asked)).expiration == answered


@pytest.mark.parametrize(
    ("suggested", "version", "ours"), [((2, 3), (2, 3), (2, 11)), ((2, 11), (2, 11), (2, 11)), ((3, 0), (3, 0), (3, 0))]
)
def test_versions_of_an_answer(suggested: Version, version: Version, ours: Version) -> None:
    """Answered in what both speak, our best suggested."""
    answer = respond(NotFound(), replace(REQUEST, suggested=suggested))

    assert (answer.version, answer.suggested) == (version, ours)


@pytest.mark.parametrize(
    ("code", "suggested", "told"),
    [(202, (2, 4), 201), (202, (2, 5), 202), (7, (2, 4), 303), (7, (2, 5), 7), (603, (2, 11), 3), (3001, (2, 11), 403)],
)
def test_codes_a_peer_would_not_know(code: int, suggested: Version, told: int) -> None:
    """Old peers and peers outside IDIS are told the nearest code they know."""
    assert respond(Refused(code), replace(REQUEST, suggested=suggested)).response_code == told


def test_an_idis_peer_is_told_the_code_itself() -> None:
    """On a connection that used an IDIS feature IDIS's codes pass."""
    assert respond(Refused(408), idis_peer=True).response_code == 408


def test_login_first_becomes_a_challenge_for_others() -> None:
    """Code 408 turns into a full challenge, nonce and digest included."""
    answer = respond(Refused(408), nonce=NONCE)

    assert (answer.response_code, answer.body[0], answer.body[-16:]) == (402, 3, NONCE)


def test_a_refusal_says_a_sentence() -> None:
    """The body of an error is one string."""
    assert respond(Refused(301, "no")).body == bytes.fromhex("00000002 6e6f")


def test_error_message_is_a_refusal() -> None:
    """The short way to refuse gives the same message."""
    assert error_message(REQUEST, 5, "no", now=NOW, site_serial=1, primary=True) == respond(Refused(5, "no"))


def test_the_explanation_stands_behind_the_body() -> None:
    """Asked for, it follows the fields everybody knows, and the flag says so."""
    answer = respond(NoValues(), replace(REQUEST, opflags=0x19080000), explanation=b"\x95why")

    assert (answer.body, answer.opflags) == (bytes.fromhex("00000000 95776879"), 0x99080000)


def test_an_explained_answer_is_x1(vector: Vector) -> None:
    """The golden octets of our extension, both ways."""
    golden = vector("x1_explained")
    request = replace(REQUEST, opflags=0x19080000, expiration=0x6B00EB74)
    explanation = bytes.fromhex("95 01 a1 6e a5 6361636865 05 90")

    assert encode_message(respond(NoValues(), request, primary=False, explanation=explanation)) == golden
    assert explanation_of(decode_message(golden)) == explanation


def test_no_explanation_unasked() -> None:
    """A peer that did not ask gets the plain answer."""
    assert respond(NoValues(), explanation=b"why") == respond(NoValues())


def test_stale_and_alias_are_flagged() -> None:
    """Our own flags tell that an answer is old, and that an alias was followed."""
    assert respond(NoValues(), stale=True, alias_followed=True).opflags == 0x99060000


@pytest.mark.parametrize(
    "outcome",
    [
        Answer(VALUE, 86_400),
        Answer(bytes(4), 0),
        Referral(302, VALUE, "0.SERV/x", 86_400),
        Referral(303, VALUE, "", 86_400),
        NoValues(),
        NotFound(),
        Refused(301, "no"),
        Refused(9, "unknown code"),
    ],
)
@pytest.mark.parametrize(("flags", "suggested"), [(0x19000000, (2, 11)), (0x19880000, (2, 11)), (0x19880000, (2, 5))])
def test_outcomes_survive_the_wire(outcome: Outcome, flags: int, suggested: Version) -> None:
    """What the server means is what the client reads, with a digest and an explanation around it or not."""
    answer = respond(outcome, replace(REQUEST, opflags=flags, suggested=suggested), explanation=b"why")

    assert outcome_of(decode_message(encode_message(answer))) == outcome
    assert explanation_of(answer) == (b"why" if flags & 0x00080000 else b"")


@pytest.mark.parametrize("outcome", [Answer(VALUE, 86_400), NotFound(), Refused(402)])
def test_outcomes_survive_version_2_0(outcome: Outcome) -> None:
    """The digest of the oldest form is passed over, in front of a body or behind a nonce."""
    request = replace(REQUEST, opflags=0x00800000, suggested=(2, 0))

    assert outcome_of(decode_message(encode_message(respond(outcome, request, nonce=NONCE[:15])))) == outcome


def test_the_explanation_of_a_challenge_is_behind_the_nonce() -> None:
    """Digest and nonce come first, whatever the algorithm."""
    for suggested in ((2, 11), (2, 1)):
        request = replace(REQUEST, opflags=0x00080000, suggested=suggested)

        assert explanation_of(respond(Refused(402), request, nonce=NONCE, explanation=b"why")) == b"why"


def test_a_challenge_of_2_0_is_not_explained() -> None:
    """Its digest stands last; nothing may come between."""
    request = replace(REQUEST, opflags=0x00080000, suggested=(2, 0))
    plain = respond(Refused(402), replace(REQUEST, opflags=0, suggested=(2, 0)), nonce=NONCE)

    assert len(respond(Refused(402), request, nonce=NONCE, explanation=b"why").body) == len(plain.body)


def test_a_challenge_is_an_outcome_without_a_sentence() -> None:
    """Its nonce is no text."""
    assert outcome_of(respond(Refused(402), nonce=NONCE)) == Refused(402)


@pytest.mark.parametrize(("now", "ttl_s"), [(None, 0), (40, 60), (200, 0)])
def test_absolute_lifetimes_need_a_clock(now: int | None, ttl_s: int) -> None:
    """Without one the answer is not to be cached."""
    assert outcome_of(respond(Answer(ABSOLUTE, 60)), now) == Answer(ABSOLUTE, ttl_s)


@pytest.mark.parametrize("body", ["", "000000"])
def test_an_error_without_a_body(body: str) -> None:
    """2.0 peers may send none."""
    assert outcome_of(Message(1, bytes.fromhex(body), response_code=301)) == Refused(301, "")


def test_a_referral_without_values() -> None:
    """A referral handle alone is enough."""
    assert outcome_of(Message(1, NAME, response_code=302)) == Referral(302, bytes(4), "1/a", 0)


def test_303_of_an_old_peer_is_a_backup() -> None:
    """Before 2.5 the number said that the server is read-only."""
    assert outcome_of(Message(1, NAME, response_code=303, version=(2, 4))) == Refused(303, "1/a")


def test_answered_spelling() -> None:
    """A client can see for which name it was answered."""
    assert answered_spelling(respond(Answer(VALUE, 0), replace(REQUEST, opflags=0x00800000))) == "1/a"


@pytest.mark.parametrize("body", ["", "000000", "00000003 312f"])
def test_a_spelling_that_breaks_off(body: str) -> None:
    """Nothing is echoed that is not there."""
    with pytest.raises(ProtocolError):
        spelling_octets(replace(REQUEST, body=bytes.fromhex(body)))


def test_success_of_another_operation() -> None:
    """A body encoded elsewhere gets the digest in front and the flags asked for."""
    request = Message(105, NAME, opflags=0x00800000, suggested=(2, 11))
    answer = success_message(request, b"list", site_serial=1, primary=False, now=NOW, flags=0x04000000)

    assert (answer.opcode, answer.response_code, answer.opflags) == (105, 1, 0x14800000)
    assert answer.body[0] == 3
    assert answer.body[33:] == b"list"


def test_outline_of_a_broken_message(vector: Vector) -> None:
    """Whom to tell is read from the envelope, what was asked from as much of the header as is there."""
    frame = vector("e1_resolution_request")

    assert outline(frame[:24]) == Message(1, request_id=0x134B6A8B, version=(2, 3), suggested=(2, 11))


def test_no_outline_without_an_envelope() -> None:
    """Nobody can be told."""
    assert outline(b"GET / HTTP/1.1") is None
