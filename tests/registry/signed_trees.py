"""Trees of keys and signed records, as honest as can be, and what a client makes of answers: what attacks begin from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from idis.proto.proof import Memory, Proof, RootKey, prove
from idis.proto.statement import SIGNED_TYPE, Statement, digests_of, stored_spelling
from idis.proto.types.key_delegation import EVERYTHING, KeyDelegation
from idis.proto.types.prefix_status import PrefixStatus, PrefixWord
from idis.proto.types.signed import Signed, encode_signed
from idis.proto.value import Value
from idis.registry.suites import SigningKey, verify

NOW = 1_800_000_000
KEYS = [SigningKey(Ed25519PrivateKey.from_private_bytes(bytes((number,)) * 32)) for number in range(16)]
PREFIXES = ("88", "88.118", "88.118.8")


def link(issuer: SigningKey, child: SigningKey, prefix: str, rights: int = EVERYTHING, **changed: int) -> KeyDelegation:
    """A delegation with both signatures."""
    times = {"version": 5, "not_before": NOW - 1_000, "not_after": NOW + 1_000} | changed
    bare = KeyDelegation(
        issuer.public.suite, issuer.public.kid, prefix, child.public.suite, child.public.key, rights, **times
    )
    octets = bare.octets()
    return replace(bare, parent_signature=issuer.sign(octets), child_signature=child.sign(octets))


def statement_value(key: SigningKey, identifier: str, values: list[Value], **changed: int) -> Value:
    """A record's statement, signed."""
    fields = {"version": 7, "not_before": NOW - 500, "not_after": NOW + 500} | changed
    signed = Signed(key.public.suite, key.public.kid, ttl_max=86_400, signature=b"", **fields)
    covered: Statement = signed.statement(stored_spelling(identifier), digests_of(values, signed.suite))
    return Value(410, SIGNED_TYPE, encode_signed(replace(signed, signature=key.sign(covered.octets()))))


@dataclass
class Answer:
    """What a client gets, and what it knows."""

    identifier: str
    values: list[Value]
    links: list[KeyDelegation]
    root: RootKey
    now: int = NOW
    complete: bool = True
    known: bool = False
    memory: Memory = field(default_factory=Memory)
    statuses: list[PrefixStatus] = field(default_factory=list)
    checks: int = 0

    def judge(self) -> Proof:
        """The client's verdict."""

        def counted(suite: int, key: bytes, octets: bytes, signature: bytes) -> bool | None:
            self.checks += 1
            return verify(suite, key, octets, signature)

        return prove(
            self.identifier,
            self.values,
            self.links,
            [self.root],
            self.now,
            counted,
            complete=self.complete,
            known=self.known,
            memory=self.memory,
            statuses=self.statuses,
        )


@dataclass
class Tree:
    """A tree of keys and one record, as honest as can be; `keys` are root, 88, 88.118, 88.118.8 and, perhaps, a signer."""

    random: Random
    keys: list[SigningKey]
    links: list[KeyDelegation]
    owner: SigningKey
    identifier: str
    values: list[Value]

    @classmethod
    def grown(cls, seed: int) -> Tree:
        """A random one."""
        random = Random(seed)
        keys = random.sample(KEYS, 5)
        links = [link(keys[at], keys[at + 1], prefix) for at, prefix in enumerate(PREFIXES)]
        owner = keys[3]
        if random.random() < 0.5:
            owner = keys[4]
            links.append(link(keys[3], owner, PREFIXES[2], rights=1))
        random.shuffle(links)
        identifier = f"88.118.8/{random.choice(('A', 'b1', '船', 'x/y'))}{random.randrange(1_000)}"
        indexes = sorted(random.sample(range(1, 400), random.randint(2, 6)))
        values = [Value(index, random.choice(("URL", "NOTE")), random.randbytes(random.randint(1, 30))) for index in indexes]
        return cls(random, keys, links, owner, identifier, values)

    def answer(self, values: list[Value] | None = None, *, signer: SigningKey | None = None, **changed: int) -> Answer:
        """The record as its owner signed it."""
        values = self.values if values is None else values
        signed = statement_value(signer or self.owner, self.identifier, values, **changed)
        root = self.keys[0].public
        return Answer(self.identifier, [*values, signed], list(self.links), RootKey(root.suite, root.key))


def status(key: SigningKey, prefix: str, **changed: Any) -> PrefixStatus:
    """What a key says of a prefix today."""
    fields: dict[str, Any] = {"word": PrefixWord.CURRENT, "epoch": 1, "issued": NOW - 3_600, "valid_until": NOW + 3_600} | changed
    bare = PrefixStatus(key.public.suite, key.public.kid, prefix, **fields)
    return replace(bare, signature=key.sign(bare.octets()))
