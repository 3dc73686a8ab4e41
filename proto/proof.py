"""Whether a record proves itself: its owner's statement, and the chain of keys from a root to that owner (`trust.md` §3).

Everything needed lies in the answer, in the records of the prefixes above it, and in one root key; no tier, cache or
transport is trusted, and nothing is asked here. The signature on the statement selects one key, each delegation one key
above it, so there is one chain to try and never a choice of many. The first signature that is wrong ends it.

What comes out is one of four words. *Verified*: the owner signed exactly this. *Unsigned*: nobody claims so. *Unverifiable*: an
algorithm is not known here, which says nothing about the record. *Failed*: somebody claims what is not so, and why.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from idis.proto.errors import ProtocolError
from idis.proto.identifier import fold, parse_identifier
from idis.proto.statement import SIGNED_TYPE, VIEW_PUBLIC, digest_of, digests_of, is_node_flag, kid_of, signable, stored_spelling
from idis.proto.status import STATUSES_LOOKED_AT_MAX, Seen, Words
from idis.proto.types.key_delegation import DELEGATION_TYPE, DelegationRight, KeyDelegation, decode_delegation
from idis.proto.types.prefix_status import PrefixStatus
from idis.proto.types.signed import TIME_MAX, Signed, decode_signed
from idis.proto.value import Value
from idis.proto.view_cover import NotCovered, covered_by, statements_for

LINKS_MAX = 4  # root → national → secondary → enterprise → signer
LINKS_LOOKED_AT_MAX = 64  # of those that came along; an honest prefix has two or three
LINKS_REMEMBERED_MAX = 65_536
STATEMENTS_REMEMBERED_MAX = 262_144  # some 30 MB; the oldest go, and may then be replayed to whoever asks that much
SKEW_S = 300  # clocks in plants

_SECRET = "HS_SECKEY"  # which no statement is about: whoever can read one can act as its owner

_SIGN = int(DelegationRight.SIGN)
_DELEGATE = int(DelegationRight.DELEGATE)
_NAME_SIGNERS = int(DelegationRight.NAME_SIGNERS)


class Standing(Enum):
    """What a record's signature comes to."""

    VERIFIED = "verified"
    UNSIGNED = "unsigned"
    UNVERIFIABLE = "cannot be verified here"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Proof:
    """What was found; `kid`, `version` and `not_after` are those of the statement when there is one.

    `status` says whether prefixes and keys still hold today, by somebody's word of the last day: CURRENT, or UNKNOWN and why;
    `status_until` when the first of these words ends. Both are empty for what is not verified.
    `view` is what the statement is about: what everybody, the owner, or a group of readers may see. `uncovered` are indexes of
    values that no statement is about, and that are to be left out by whoever wants nothing unsigned; the recall flag of a node
    is one of them, wherever it comes from.
    """

    standing: Standing
    reason: str = ""
    kid: bytes = b""
    version: int = 0
    not_after: int = 0
    status: str = ""
    status_until: int = 0
    view: int = VIEW_PUBLIC
    uncovered: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class RootKey:
    """A key that is trusted before anything was asked."""

    suite: int
    key: bytes

    @property
    def kid(self) -> bytes:
        """Its name."""
        return kid_of(self.suite, self.key)


class Verify(Protocol):
    """Checks one signature."""

    def __call__(self, suite: int, key: bytes, octets: bytes, signature: bytes) -> bool | None:
        """Whether it is right; None when the suite is not known here."""


@dataclass(slots=True)
class Memory:
    """What was seen before, so that nobody can go back behind it.

    Attributes:
        statements: stored spelling and view → highest version of the statement.
        delegations: (prefix, child's key, issuer) → highest version.
        revoked: names of keys that must not be believed any more.
        links: digests of delegations whose signatures were found right, with the keys they were checked with: what is left
            of a second proof below the same prefix is one signature.
        statuses: the newest word of each key about each prefix.
    """

    statements: dict[tuple[str, int], int] = field(default_factory=dict)
    delegations: dict[tuple[str, bytes, bytes], int] = field(default_factory=dict)
    revoked: set[bytes] = field(default_factory=set)
    links: set[bytes] = field(default_factory=set)
    statuses: Seen = field(default_factory=dict)


def links_of(values: Iterable[Value]) -> list[KeyDelegation]:
    """The delegations among values; those that cannot be read are none."""
    links = []
    for value in values:
        if value.type == DELEGATION_TYPE:
            try:
                links.append(decode_delegation(value.data))
            except ProtocolError:
                continue
    return links


def prove(
    identifier: str,
    values: Sequence[Value],
    links: Sequence[KeyDelegation],
    roots: Sequence[RootKey],
    now: int,
    verify: Verify,
    *,
    complete: bool = True,
    known: bool = False,
    memory: Memory | None = None,
    statuses: Sequence[PrefixStatus] = (),
) -> Proof:
    """Whether an answer is its owner's own.

    Args:
        identifier: as asked.
        values: of the answer, as they came.
        links: the delegations of the prefixes from the identifier's upwards, in any order.
        roots: the keys that are trusted.
        now: unix time in seconds.
        verify: the caller's library.
        complete: whether all values were asked for; otherwise the statement's list may have more than the answer.
        known: whether somebody known asked, who may be shown more than the public. Where the answer has a statement about that,
            everything must be what it says; where it has none, what is not public is not covered.
        memory: of earlier proofs; told of this one when it succeeds.
        statuses: of the prefixes from the identifier's upwards, in any order.

    Raises:
        IdentifierError: the identifier is none.
    """
    memory = Memory() if memory is None else memory
    chain = _Chain(identifier, links, roots, now, verify, memory, statuses)
    if known:
        return chain.judge_known(values, complete)
    carriers = [value for value in values if value.type == SIGNED_TYPE and value.public]
    if not carriers:
        return Proof(Standing.UNSIGNED, "the answer carries no statement of its owner")
    try:
        statements = [decode_signed(value.data) for value in carriers]
    except ProtocolError:
        return Proof(Standing.FAILED, "the statement cannot be read")
    public = [signed for signed in statements if signed.view == VIEW_PUBLIC]
    if len(public) != 1:
        return Proof(Standing.FAILED if public else Standing.UNSIGNED, f"{len(public)} statements about the public values")
    return chain.judge(public[0], values, complete)


def prove_key(
    prefix: str,
    suite: int,
    key: bytes,
    links: Sequence[KeyDelegation],
    roots: Sequence[RootKey],
    now: int,
    verify: Verify,
    *,
    memory: Memory | None = None,
    statuses: Sequence[PrefixStatus] = (),
) -> Proof:
    """Whether a key is one of a prefix's own, as delegations from a root tell; arguments as for `prove`.

    Raises:
        IdentifierError: the prefix is none.
    """
    chain = _Chain(prefix, links, roots, now, verify, Memory() if memory is None else memory, statuses)
    return chain.judge_key(suite, kid_of(suite, key))


def prove_absence(identifier: str) -> Proof:
    """What an answer "not found" proves: nothing. Whoever needs certainty asks a second server."""
    return Proof(Standing.UNSIGNED, f"nobody signs that {identifier} does not exist: ask another server before believing it")


class _Wrong(Exception):
    """The proof ends here."""

    def __init__(self, reason: str, standing: Standing = Standing.FAILED) -> None:
        super().__init__(reason)
        self.proof = Proof(standing, reason)


class _Chain:
    """One proof under way."""

    def __init__(
        self,
        identifier: str,
        links: Sequence[KeyDelegation],
        roots: Sequence[RootKey],
        now: int,
        verify: Verify,
        memory: Memory,
        statuses: Sequence[PrefixStatus],
    ) -> None:
        parsed = parse_identifier(identifier)
        self._prefix = parsed.folded_prefix
        self._spellings = dict.fromkeys(stored_spelling(identifier, exact=exact) for exact in (False, True))
        self._links = links
        self._roots = roots
        self._now = now
        self._verify = verify
        self._memory = memory
        self._words = Words(tuple(statuses), memory.statuses, now, SKEW_S)

    def judge(self, signed: Signed, values: Sequence[Value], complete: bool) -> Proof:
        """The whole of it, cheapest checks first."""
        try:
            self._check_time("the statement", signed.not_before, signed.not_after)
            spelling, chain = self._checked(signed, _digests(signed, values, complete))
        except _Wrong as wrong:
            return wrong.proof
        self._remember(spelling, signed, chain)
        words = self._words
        told = words.word, words.until, VIEW_PUBLIC, tuple(value.index for value in values if is_node_flag(value))
        return Proof(Standing.VERIFIED, "", signed.kid, signed.version, signed.not_after, *told)

    def judge_known(self, values: Sequence[Value], complete: bool) -> Proof:
        """The same of what somebody known was shown: all statements that are about it, the public one as far as it goes."""
        try:
            statements = statements_for(values)
            if not statements:
                return Proof(Standing.UNSIGNED, "the answer carries no statement of its owner")
            uncovered, checked = {value.index for value in values if value.type != SIGNED_TYPE}, []
            for signed in statements:
                self._check_time("the statement", signed.not_before, signed.not_after)
                digests, covered = covered_by(signed, values, complete)
                checked.append((signed, *self._checked(signed, digests)))
                uncovered -= covered
        except NotCovered as wrong:
            return Proof(Standing.FAILED, str(wrong))
        except _Wrong as wrong:
            return wrong.proof
        extra = [
            value.index
            for value in values
            if value.index in uncovered and fold(value.type) != _SECRET and not is_node_flag(value)
        ]
        if statements[0].view != VIEW_PUBLIC and extra:
            return Proof(Standing.FAILED, f"value {extra[0]} is not one that was signed")
        names = {spelling for _, spelling, _ in checked}
        floored = any(self._words.refuse_record(self._prefix, name, 0, TIME_MAX) for name in names)
        if floored and statements[-1].view != VIEW_PUBLIC:
            return Proof(Standing.FAILED, "only later versions of the record count, and its public statement is missing")
        for signed, spelling, chain in checked:
            self._remember(spelling, signed, chain)
        first, ends, words = statements[0], min(one.not_after for one in statements), self._words
        told = words.word, words.until, first.view, tuple(sorted(uncovered))
        return Proof(Standing.VERIFIED, "", first.kid, first.version, ends, *told)

    def _checked(self, signed: Signed, digests: tuple[bytes, ...]) -> tuple[str, list[KeyDelegation]]:
        """Check a statement and the chain to its key; the spelling it is about, and the chain."""
        chain = self._checked_chain(signed.suite, signed.kid)
        if not chain[0].rights & _SIGN:
            raise _Wrong(f"the key {signed.kid.hex()} may not sign records of {self._prefix}")
        spelling = self._check_statement(signed, chain[0].child_suite, chain[0].child_key, digests)
        # The lowest version that counts is told of the public statement; a sealed one counts its own.
        version = signed.version if signed.view == VIEW_PUBLIC else TIME_MAX
        if reason := self._words.refuse_record(self._prefix, spelling, version, signed.not_before):
            raise _Wrong(reason)
        return spelling, chain

    def judge_key(self, suite: int, kid: bytes) -> Proof:
        """Whether a key is the prefix's, whatever it may do."""
        try:
            chain = self._checked_chain(suite, kid)
        except _Wrong as wrong:
            return wrong.proof
        self._remember_links(chain)
        ends, words = min(link.not_after for link in chain), self._words
        return Proof(Standing.VERIFIED, "", kid, chain[0].version, ends, words.word, words.until)

    def _checked_chain(self, suite: int, kid: bytes) -> list[KeyDelegation]:
        if len(self._links) > LINKS_LOOKED_AT_MAX:
            raise _Wrong(f"{len(self._links)} delegations came along, at most {LINKS_LOOKED_AT_MAX} are looked at")
        chain = self._find_chain(suite, kid)
        if len(self._words.presented) > STATUSES_LOOKED_AT_MAX:
            raise _Wrong(f"more than {STATUSES_LOOKED_AT_MAX} statuses came along")
        for link in reversed(chain):
            self._check_link(link)
        for link in reversed(chain):
            self._hear(link)
        for prefix in dict.fromkeys(link.prefix for link in chain):
            self._words.conclude(prefix)
        if revoked := self._words.revoked & {kid, *(link.kid for link in chain), *(link.child_kid for link in chain)}:
            raise _Wrong(f"the key {min(revoked).hex()} is revoked, by the status of a prefix")
        return chain

    def _hear(self, link: KeyDelegation) -> None:
        """Listen to those who may speak for the prefix of a link: the key above, and its own unless it is a mere signer."""
        speakers = [(link.suite, link.kid, self._key_of(link))]
        if link.child_speaks:
            speakers.append((link.child_suite, link.child_kid, link.child_key))
        for suite, kid, key in speakers:
            if reason := self._words.listen(link.prefix, suite, kid, key, self._check_signature):
                raise _Wrong(reason)

    def _find_chain(self, suite: int, kid: bytes) -> list[KeyDelegation]:
        """The links from a key up to a root, each allowed to make the one below it."""
        chain = [self._link_to(suite, kid, self._prefix, None)]
        while not self._is_root(chain[-1]):
            if len(chain) == LINKS_MAX:
                raise _Wrong(f"no root within {LINKS_MAX} delegations")
            chain.append(self._link_to(chain[-1].suite, chain[-1].kid, "", chain[-1]))
            if chain[-1] in chain[:-1]:
                raise _Wrong("the delegations form a circle")
        return chain

    def _link_to(self, suite: int, kid: bytes, prefix: str, below: KeyDelegation | None) -> KeyDelegation:
        """The newest delegation of a key that may do what it did: sign for a prefix, or make the link below."""
        named = [link for link in self._links if link.child_kid == kid]
        if not named:
            whose = prefix if below is None else f"the delegation of {below.prefix}"
            raise _Wrong(f"the chain is broken: no delegation of the key {kid.hex()}, which signed {whose}")
        fitting = [link for link in named if (link.prefix == prefix if below is None else _allows(link, below))]
        if not fitting:
            what = f"records of {prefix}" if below is None else f"a delegation of {below.prefix}"
            raise _Wrong(f"the key {kid.hex()} signed {what}, which is beyond its rights")
        link = max(fitting, key=lambda one: one.version)
        if link.child_suite != suite:
            raise _Wrong(f"suite {suite} is claimed for a key of suite {link.child_suite}")
        return link

    def _is_root(self, link: KeyDelegation) -> bool:
        return any((root.suite, root.kid) == (link.suite, link.kid) for root in self._roots)

    def _check_link(self, link: KeyDelegation) -> None:
        what = f"the delegation of {link.prefix}"
        self._check_time(what, link.not_before, link.not_after)
        if {link.kid, link.child_kid} & self._memory.revoked:
            raise _Wrong(f"{what} rests on a revoked key")
        if link.version < self._memory.delegations.get((link.prefix, link.child_kid, link.kid), 0):
            raise _Wrong(f"{what} is older than one that was seen before")
        octets, issuer = link.octets(), self._key_of(link)
        known = hashlib.sha256(b"".join((bytes((link.suite,)), issuer, b"\x00", link.encode()))).digest()
        if known in self._memory.links:
            return
        self._check_signature(what, link.suite, issuer, octets, link.parent_signature)
        self._check_signature(f"{what} by its own key", link.child_suite, link.child_key, octets, link.child_signature)
        if len(self._memory.links) >= LINKS_REMEMBERED_MAX:
            self._memory.links.clear()
        self._memory.links.add(known)

    def _key_of(self, link: KeyDelegation) -> bytes:
        """The key that issued a link; it was found before."""
        keys = [root.key for root in self._roots if (root.suite, root.kid) == (link.suite, link.kid)]
        keys += [one.child_key for one in self._links if (one.child_suite, one.child_kid) == (link.suite, link.kid)]
        return keys[0]

    def _check_statement(self, signed: Signed, suite: int, key: bytes, digests: tuple[bytes, ...]) -> str:
        """Check the owner's signature; the spelling it is about."""
        if signed.kid in self._memory.revoked:
            raise _Wrong(f"the key {signed.kid.hex()} is revoked")
        for spelling in self._spellings:
            verdict = self._verify(suite, key, signed.statement(spelling, digests).octets(), signed.signature)
            if verdict is None:
                raise _Wrong(f"signatures of suite {suite} are not known here", Standing.UNVERIFIABLE)
            if verdict:
                if signed.version < (known := self._memory.statements.get((spelling, signed.view), 0)):
                    raise _Wrong(f"version {signed.version} is older than {known}, which was seen before")
                return spelling
        raise _Wrong("the values, or their identifier, are not those that were signed")

    def _check_signature(self, what: str, suite: int, key: bytes, octets: bytes, signature: bytes) -> None:
        verdict = self._verify(suite, key, octets, signature)
        if verdict is None:
            raise _Wrong(f"signatures of suite {suite} are not known here", Standing.UNVERIFIABLE)
        if not verdict:
            raise _Wrong(f"the signature on {what} is wrong")

    def _check_time(self, what: str, not_before: int, not_after: int) -> None:
        if self._now < not_before - SKEW_S:
            raise _Wrong(f"{what} is not valid before {not_before} (unix time; {SKEW_S} s of clock difference are allowed)")
        if self._now > not_after + SKEW_S:
            raise _Wrong(f"{what} expired at {not_after} (unix time; {SKEW_S} s of clock difference are allowed)")

    def _remember(self, spelling: str, signed: Signed, chain: Sequence[KeyDelegation]) -> None:
        self._memory.statements.pop((spelling, signed.view), None)
        self._memory.statements[spelling, signed.view] = signed.version
        if len(self._memory.statements) > STATEMENTS_REMEMBERED_MAX:
            del self._memory.statements[next(iter(self._memory.statements))]
        self._remember_links(chain)

    def _remember_links(self, chain: Sequence[KeyDelegation]) -> None:
        for link in chain:
            self._memory.delegations[link.prefix, link.child_kid, link.kid] = link.version


def _digests(signed: Signed, values: Sequence[Value], complete: bool) -> tuple[bytes, ...]:
    """The list the signature must cover: made anew from a whole answer, given with one that a filter cut."""
    indexes = [value.index for value in values if value.public]
    if sorted(set(indexes)) != indexes:
        raise _Wrong("the values are not in the order of their indexes")
    if complete or not signed.digests:
        return digests_of(values, signed.suite)
    for value in filter(signable, values):
        if digest_of(value, signed.suite) not in signed.digests:
            raise _Wrong(f"value {value.index} is not one that was signed")
    return signed.digests


def _allows(link: KeyDelegation, below: KeyDelegation) -> bool:
    """Whether a delegation lets its key make another one: of prefixes below its own, or of mere signers for it."""
    if below.prefix == link.prefix:
        return bool(link.rights & _NAME_SIGNERS) and below.rights == _SIGN
    return bool(link.rights & _DELEGATE) and below.prefix.startswith(f"{link.prefix}.")
