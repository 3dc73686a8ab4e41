"""A token as it is kept: for whom it stands, what it may be used for, from where and how long (`trust.md` §5)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from ipaddress import ip_address, ip_network

import msgpack

from idis.proto.codes import ResponseCode
from idis.proto.errors import IdentifierError
from idis.registry.caller import Action, Role, RoleGrant
from idis.registry.identity import Identity
from idis.registry.registration.checks import Refusal
from idis.registry.roles import grant_text, normal_grant

DAYS_DEFAULT = 90
DAYS_MAX = 365  # who uses a token for longer has forgotten who else knows it
DAY_S = 86_400
LABEL_CHARACTERS_MAX = 100
PREFIXES_MAX = 64  # with roles and networks, what is read with each use
ROLES_MAX = 16
NETWORKS_MAX = 16

USUAL_ACTIONS = frozenset((Action.READ, Action.REGISTER))
_FORM = 1


@dataclass(frozen=True, slots=True)
class TokenTerms:
    """What a token is to be.

    Attributes:
        label: what its maker calls it.
        identity: for whom it stands; None when it has roles of its own.
        roles: of its own, for a token without identity.
        prefixes: below which it may be used; "" is all.
        actions: what for.
        networks: from where, as `192.0.2.0/24`; none: from anywhere.
        days: how long.
    """

    label: str = ""
    identity: Identity | None = None
    roles: tuple[RoleGrant, ...] = ()
    prefixes: tuple[str, ...] = ("",)
    actions: frozenset[Action] = USUAL_ACTIONS
    networks: tuple[str, ...] = ()
    days: int = DAYS_DEFAULT

    def admit(self, address: str) -> bool:
        """Whether a token may be used from an address; one of IPv4 inside IPv6 counts as the former."""
        if not self.networks:
            return True
        try:
            place = ip_address(address.partition("%")[0])
        except ValueError:
            return False
        place = getattr(place, "ipv4_mapped", None) or place
        return any(place in ip_network(network) for network in self.networks)


@dataclass(frozen=True, slots=True)
class Token:
    """A token that was made.

    Attributes:
        token_id: what lists and the audit trail call it; tells nothing of the secret.
        digest: SHA-256 of the secret.
        terms: what it is.
        made_by: who made it.
        made_s: when, unix time in seconds.
        expires_s: when it ends.
        revoked_s: when it was ended before that; 0 when it was not.
        used_s: when it was last used, to the minute; 0 when it was not.
        used_from: from which address.
    """

    token_id: str
    digest: bytes = field(repr=False)
    terms: TokenTerms
    made_by: str
    made_s: int
    expires_s: int
    revoked_s: int = 0
    used_s: int = 0
    used_from: str = ""

    @property
    def ends_s(self) -> int:
        """When it ends, or ended."""
        return min(self.revoked_s, self.expires_s) if self.revoked_s else self.expires_s

    def state(self, now: int) -> str:
        """In one word: valid, revoked or expired."""
        if self.revoked_s:
            return "revoked"
        return "valid" if now < self.expires_s else "expired"

    def to_json(self) -> dict[str, object]:
        """All that may be known of it."""
        terms = self.terms
        return {
            "id": self.token_id,
            "label": terms.label,
            "identity": None if terms.identity is None else str(terms.identity),
            "roles": [grant_text(held) for held in terms.roles],
            "prefixes": list(terms.prefixes),
            "actions": sorted(action.value for action in terms.actions),
            "networks": list(terms.networks),
            "made_by": self.made_by,
            "made_s": self.made_s,
            "expires_s": self.expires_s,
            "revoked_s": self.revoked_s,
            "used_s": self.used_s,
            "used_from": self.used_from,
        }


def judge_terms(terms: TokenTerms) -> TokenTerms | Refusal:
    """The terms as they are kept, or what is wrong with them."""
    if len(terms.label) > LABEL_CHARACTERS_MAX or not terms.label.isprintable():
        return _refused(f"a label is one line of at most {LABEL_CHARACTERS_MAX} characters")
    if not 1 <= terms.days <= DAYS_MAX:
        return _refused(f"a token lives for 1 to {DAYS_MAX} days")
    if (terms.identity is None) is not bool(terms.roles):
        return _refused("a token stands for an identity, or has roles of its own: name one of the two")
    if not terms.actions or not terms.prefixes:
        return _refused("a token needs at least one action and one prefix")
    for name, held, most in (
        ("prefixes", terms.prefixes, PREFIXES_MAX),
        ("roles", terms.roles, ROLES_MAX),
        ("networks", terms.networks, NETWORKS_MAX),
    ):
        if len(held) > most:
            return _refused(f"a token has at most {most} {name}")
    try:
        roles = tuple(normal_grant(held) for held in terms.roles)
        prefixes = tuple(dict.fromkeys(normal_grant(RoleGrant(Role.OPERATOR, prefix)).prefix for prefix in terms.prefixes))
        networks = tuple(str(ip_network(network, strict=False)) for network in terms.networks)
    except IdentifierError as error:
        return _refused(f"the scope names no prefix: {error}")
    except ValueError as error:
        return _refused(f"the scope names no network: {error}")
    return replace(terms, roles=roles, prefixes=prefixes, networks=networks)


def encode_token(token: Token) -> bytes:
    """The document of a token; its last use is one of its own."""
    terms = token.terms
    fields = [
        _FORM,
        token.token_id,
        token.digest,
        terms.label,
        None if terms.identity is None else [terms.identity.index, terms.identity.identifier],
        [[held.role.value, held.prefix] for held in terms.roles],
        list(terms.prefixes),
        sorted(action.value for action in terms.actions),
        list(terms.networks),
        terms.days,
        token.made_by,
        token.made_s,
        token.expires_s,
        token.revoked_s,
    ]
    packed: bytes = msgpack.packb(fields)
    return packed


def decode_token(document: bytes) -> Token:
    """The reverse of `encode_token`; the last use is not in it."""
    _form, token_id, digest, label, identity, roles, prefixes, actions, networks, days, *facts = msgpack.unpackb(document)
    terms = TokenTerms(
        label,
        None if identity is None else Identity(*identity),
        tuple(RoleGrant(Role(role), prefix) for role, prefix in roles),
        tuple(prefixes),
        frozenset(Action(action) for action in actions),
        tuple(networks),
        days,
    )
    return Token(token_id, digest, terms, *facts)


def encode_use(now: int, address: str) -> bytes:
    """The document of a token's last use: when, and from where."""
    packed: bytes = msgpack.packb([_FORM, now, address])
    return packed


def with_use(token: Token, document: bytes | None) -> Token:
    """A token with its last use, None for one that was not used."""
    if document is None:
        return token
    _form, used_s, used_from = msgpack.unpackb(document)
    return replace(token, used_s=used_s, used_from=used_from)


def _refused(message: str) -> Refusal:
    return Refusal(ResponseCode.INVALID_VALUE, message)
