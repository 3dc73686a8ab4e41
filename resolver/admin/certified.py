"""Certified exchanges: what another node says counts only under its own signature (`wire.md` §3, the CT flag).

The key of a server stands in the site that led to it, and the answer that told of the site was signed in its turn; the key
of the server where the way begins is known beforehand. So nobody between two nodes can put a key of his own in place of
another; a node above can, since it says who answers below it (signed records are what helps against that, `key_trust.py`).
The signature covers the digest of the request, so that no answer to one question is an answer to another.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace

from idis.proto.codes import OpFlag
from idis.proto.credential import SIGNED, decode_credential
from idis.proto.digest import SHA256, read_request_digest
from idis.proto.errors import DataError, ProtocolError
from idis.proto.message import Message, decode_message, encode_message
from idis.proto.query import Query
from idis.proto.signing import covered_octets
from idis.proto.statement import Suite
from idis.proto.wire import Reader
from idis.registry.suites import PublicSuiteKey, read_public, verify
from idis.resolver.recursion.budget import Budget
from idis.resolver.recursion.event import Failure, Reason
from idis.resolver.recursion.target import Target
from idis.resolver.recursion.upstream import Question, Response, Upstream

VERSION_MIN = (2, 7)  # older versions sign with SHA-1, or octets that two sides did not agree on
SERVERS_KNOWN_MAX = 1_024  # whose keys are remembered, for prefixes that are answered where their record is

_WANTED = int(OpFlag.CERTIFY | OpFlag.REQUEST_DIGEST)


class OverTcp(Upstream):
    """Asks over TCP alone, wherever a server offers it: an answer cannot be forged from beside the way."""

    async def exchange(self, target: Target, query: Query, budget: Budget) -> Response | Failure:
        """One question to one server."""
        return await super().exchange(replace(target, udp_port=0) if target.tcp_port else target, query, budget)


class CertifiedUpstream(OverTcp):
    """Asks for signed answers, and takes no others.

    Args:
        beginnings: the servers where every way begins, `ADDRESS:PORT`.
        anchors: their keys.
        clock, wall_clock: monotonic and unix time.
    """

    def __init__(
        self,
        beginnings: Sequence[str],
        anchors: Sequence[PublicSuiteKey],
        *,
        clock: Callable[[], float],
        wall_clock: Callable[[], float],
    ) -> None:
        super().__init__(clock=clock, wall_clock=wall_clock)
        self._beginnings = frozenset(beginnings)
        self._anchors = tuple(key for key in anchors if key.suite == Suite.RSA)
        self._known: OrderedDict[str, PublicSuiteKey] = OrderedDict()

    def question(self, target: Target, query: Query, budget: Budget) -> Question:
        """A question whose answer is to be signed."""
        plain = super().question(target, query, budget)
        return replace(plain, frame=encode_message(wanted_signed(decode_message(plain.frame))))

    def refuse(self, target: Target, request: Message, response: Message) -> str:
        """Why an answer of a server does not count; nothing when it does."""
        keys = self._keys_of(target)
        if not keys:
            where = "in the file of [admin] anchors" if target.name in self._beginnings else "where its prefix is delegated"
            return f"no RSA key of {target.name} is known, so it can certify nothing: put one {where}"
        signer = next((key for key in keys if is_certified(response, request, key)), None)
        if signer is None:
            return f"its answer is not signed with the key of {target.name}"
        self._known[target.name] = signer
        self._known.move_to_end(target.name)
        if len(self._known) > SERVERS_KNOWN_MAX:
            self._known.popitem(last=False)
        return ""

    async def _race(self, question: Question) -> Response | Failure:
        result = await super()._race(question)
        if isinstance(result, Failure):
            return result
        reason = self.refuse(question.target, decode_message(question.frame), result.message)
        return Failure(Reason.GARBLED, reason, result.peer, result.transport) if reason else result

    def _keys_of(self, target: Target) -> Sequence[PublicSuiteKey]:
        if target.public_key:
            try:
                return (read_public(target.public_key),)
            except DataError:
                return ()
        if target.name in self._beginnings:
            return self._anchors
        known = self._known.get(target.name)
        return () if known is None else (known,)


def wanted_signed(request: Message) -> Message:
    """A request whose answer is to be signed, and to say what it answers."""
    return replace(request, opflags=request.opflags | _WANTED)


def is_certified(response: Message, request: Message, key: PublicSuiteKey) -> bool:
    """Whether a server signed a response to that very request with a key; SHA-1, MD5 and DSA count for nothing."""
    if response.version < VERSION_MIN or not response.opflags & int(OpFlag.REQUEST_DIGEST) or not response.credential:
        return False
    try:
        credential = decode_credential(response.credential)
        stated = read_request_digest(Reader(response.body))
    except ProtocolError:
        return False
    octets = covered_octets(response, credential.session_counter)
    return (
        credential.type == SIGNED
        and credential.digest == "SHA-256"
        and stated.algorithm == SHA256
        and stated.matches(request)
        and octets is not None
        and verify(key.suite, key.key, octets, credential.signature) is True
    )
