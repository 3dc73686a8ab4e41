"""What other nodes know of identities: their public keys, whether a secret is right, and who is in a group (`wire.md` §9).

Such a question is answered by the node that is responsible for the identifier, found as any other: from where this node's
own registry points, or from the roots. It is put over TCP, where an answer cannot be forged from beside the way, and to
the authority itself, so that a key that was withdrawn is not believed out of a cache. What the answer must prove is a
setting (`key_trust.py`). Whoever waits for it has proved nothing yet, so few such questions are under way at once.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence

from idis.proto.challenge import HS_PUBKEY, Challenge, Verification
from idis.proto.codes import OpCode, ResponseCode
from idis.proto.errors import ProtocolError
from idis.proto.identifier import Identifier, ancestors, parse_identifier, prefix_handle
from idis.proto.message import EXPIRATION_S, MESSAGE_BYTES_EXTENSION, Message, decode_message, encode_message
from idis.proto.outcome import Answer, NotFound, NoValues, Outcome, Referral, Refused
from idis.proto.proof import Memory, links_of
from idis.proto.query import Query
from idis.proto.responses import Verified, read_response
from idis.proto.status import statuses_of
from idis.proto.types.key_delegation import DELEGATION_TYPE
from idis.proto.types.prefix_status import STATUS_TYPE
from idis.proto.value import Value, decode_values
from idis.registry import authority
from idis.registry.identity import Identity
from idis.registry.registration.checks import Refusal
from idis.registry.rights import HS_VLIST, held_values, read_members
from idis.registry.store.base import Store
from idis.resolver.admin.certified import CertifiedUpstream, OverTcp, wanted_signed
from idis.resolver.admin.key_trust import KeyTrust, RemoteKeys
from idis.resolver.admin.signed_keys import signed_values
from idis.resolver.admin.verifier import Proof
from idis.resolver.recursion.delegation import home_pointers
from idis.resolver.recursion.recursor import Clock, Recursor
from idis.resolver.recursion.resolution import SITE_TYPES
from idis.resolver.recursion.resolved import Resolved
from idis.resolver.recursion.settings import RecursorSettings
from idis.resolver.recursion.target import Target, server_address, site_at, targets

WAITING_MAX = 256  # questions under way at once
CACHE_BYTES = 4_194_304  # keys are not kept, only who is responsible for what
VERIFY_S_MAX = 5.0  # the other node's threads check the secret, and may be busy
_REQUEST_IDS = 2**31 - 1


class Elsewhere:
    """Asks other nodes about identities: `verifier.KeySource` and `registrar.GroupSource`.

    Args:
        store: this node's registry, which knows where its delegated prefixes are answered.
        roots: where to begin for all others, `ADDRESS:PORT`; without any they cannot be asked for.
        clock: unix and monotonic time.
        trust: what is believed of identities.

    Raises:
        ValueError: a root is no ADDRESS:PORT.
    """

    def __init__(self, store: Store, roots: tuple[str, ...], clock: Clock, trust: KeyTrust) -> None:
        self._store = store
        self._roots = roots
        self._clock = clock
        self._verifying = 0
        self._trust = trust
        self._upstream = OverTcp(clock=clock.monotonic, wall_clock=clock.time)
        # What another node hides of a genealogy comes in one piece.
        self._upstream.pool.message_bytes_max = MESSAGE_BYTES_EXTENSION
        settings = RecursorSettings(roots=roots, cache_bytes=CACHE_BYTES, pending_queries=WAITING_MAX)
        self._recursor = Recursor(settings, clock, upstream=self._upstream)
        # What it has learnt was certified, and stays apart from what was not.
        self._certified: CertifiedUpstream | None = None
        self._careful = self._recursor
        if trust.mode is RemoteKeys.CERTIFIED:
            self._certified = CertifiedUpstream(roots, trust.anchors, clock=clock.monotonic, wall_clock=clock.time)
            self._careful = Recursor(settings, clock, upstream=self._certified)
        self._seen = Memory()

    async def close(self) -> None:
        """Stop asking."""
        await self._recursor.close()
        if self._careful is not self._recursor:
            await self._careful.close()

    async def send(self, target: Target, address: str, frame: bytes) -> bytes:
        """One frame to a server, over a connection that is kept, and its answer; the caller sets the time limit.

        Raises:
            OSError: there is no connection to be had, or it ended first.
        """
        return await self._upstream.pool.ask(address, target.tcp_port, frame)

    async def public_keys(self, identity: Identity) -> Sequence[Value] | Refusal:
        """The HS_PUBKEY values of an identity, none when it does not exist."""
        found = await self.believed_values(identity.identifier, HS_PUBKEY)
        return found if isinstance(found, Refusal) else [value for value in found if identity.index in (0, value.index)]

    async def members(self, group: Identity) -> tuple[Identity, ...] | None:
        """The members of a group; None when it cannot be had."""
        found = await self.believed_values(group.identifier, HS_VLIST)
        if isinstance(found, Refusal):
            return None
        groups = [value for value in found if value.type.upper() == HS_VLIST and group.index in (0, value.index)]
        return tuple(member for value in groups for member in read_members(value.data))

    async def verify_secret(self, identity: Identity, proof: Proof, challenge: Challenge) -> bool | Refusal:
        """Let the responsible node say whether an answer was made with a secret it holds (operation 201)."""
        if self._trust.mode is RemoteKeys.SIGNED:
            return Refusal(
                ResponseCode.AUTHENTICATION_ERROR,
                f"the secret of {identity} is kept by another node, whose word is not taken here: prove a signed public key",
            )
        if self._verifying >= WAITING_MAX:
            return Refusal(ResponseCode.SERVER_TOO_BUSY, "too many secrets are being verified elsewhere: ask again in a second")
        self._verifying += 1
        try:
            target = await self._responsible(identity, self._careful)
            return target if isinstance(target, Refusal) else await self._have_verified(target, identity, proof, challenge)
        finally:
            self._verifying -= 1

    async def _have_verified(self, target: Target, identity: Identity, proof: Proof, challenge: Challenge) -> bool | Refusal:
        body = Verification(identity.identifier, identity.index, challenge.nonce, challenge.digest, proof.octets).encode()
        request = Message(
            opcode=int(OpCode.VERIFY_CHALLENGE),
            body=body,
            request_id=secrets.randbelow(_REQUEST_IDS) + 1,
            expiration=int(self._clock.time()) + EXPIRATION_S,
            version=target.version,
        )
        if self._certified is not None:
            request = wanted_signed(request)
        for address in target.addresses:
            try:
                async with asyncio.timeout(VERIFY_S_MAX):
                    frame = await self._upstream.pool.ask(address, target.tcp_port, encode_message(request))
                response = decode_message(frame)
                if self._certified is not None and (why := self._certified.refuse(target, request, response)):
                    return _unavailable(identity, f"{target.name}: {why}")
                if response.response_code != ResponseCode.SUCCESS:
                    return _unavailable(identity, f"{target.name} answered with code {response.response_code}")
                _digest, verified = read_response(response)
            except (OSError, TimeoutError):
                continue
            except ProtocolError as error:
                return _unavailable(identity, f"{target.name}: {error}")
            return isinstance(verified, Verified) and verified.valid
        return _unavailable(identity, f"{target.name} does not answer")

    async def values(self, identifier: str, *types: str) -> tuple[Value, ...] | Refusal:
        """The public values of these types (all, without any) that an identifier has at its own node, whatever proves them."""
        return await self._values(identifier, types, self._recursor)

    async def believed_values(self, identifier: str, *types: str) -> tuple[Value, ...] | Refusal:
        """The same, as far as they are proved as the node's settings want it; `types` narrow what is asked, not what comes."""
        if self._trust.mode is not RemoteKeys.SIGNED:
            return await self._values(identifier, types, self._careful)
        values = await self.values(identifier)
        if isinstance(values, Refusal) or not values:
            return values
        prefixes = ancestors(parse_identifier(identifier).folded_prefix)
        above = await asyncio.gather(*map(self._words_about, prefixes))
        said = tuple(dict.fromkeys(value for found in (values, *above) for value in found))
        roots, now = self._trust.roots, int(self._clock.time())
        proved = signed_values(identifier, values, links_of(said), roots, now, self._seen, statuses_of(said))
        return _unavailable(identifier, proved) if isinstance(proved, str) else proved

    async def _words_about(self, prefix: str) -> Sequence[Value]:
        """Delegations and statuses in the record of a prefix, which need not be believed: they prove themselves."""
        handle = prefix_handle(prefix)
        with self._store.read() as txn:
            held = held_values(txn, handle)
        found = held or await self.values(handle, DELEGATION_TYPE, STATUS_TYPE)
        return () if isinstance(found, Refusal) else found

    async def _values(
        self, identifier: str, types: tuple[str, ...], recursor: Recursor
    ) -> tuple[Value, ...] | Refusal:
        query = Query(identifier, parse_identifier(identifier), types=types, authoritative=True, recursive=True)
        resolved = await self._resolve(query, recursor)
        if isinstance(resolved, Refusal):
            return resolved
        match resolved.outcome:
            case Answer(values=values):
                return tuple(decode_values(values))
            case NotFound() | NoValues():
                return ()
            case Refused(message=message) if message:
                return _unavailable(identifier, message)
            case _:
                return _unavailable(identifier, "the node responsible for it cannot be asked")

    async def _resolve(self, query: Query, recursor: Recursor) -> Resolved | Refusal:
        with self._store.read() as txn:
            here: Outcome = authority.answer(query, txn, int(self._clock.time()))
        referral = here if isinstance(here, Referral) else None
        if referral is None and not self._roots:
            return Refusal(
                ResponseCode.AUTHENTICATION_ERROR,
                f"{query.spelling} is not on this node, and no other is known to ask: name one as 'resolver' in [admin]",
            )
        return await recursor.resolve(query, referral=referral)

    async def _responsible(self, identity: Identity, recursor: Recursor) -> Target | Refusal:
        """The server that holds the record of an identity."""
        named = parse_identifier(identity.identifier)
        prefix = named.prefix
        if named.suffix is None:
            # The record of a prefix is kept by the node that grants it.
            prefix = prefix.rpartition(".")[0]
            if not prefix:
                return self._root() or _unavailable(identity, "no root is known to ask")
        return await self._server_of(prefix, identity.identifier, recursor)

    async def server_of(self, prefix: str) -> Target | Refusal:
        """The server that answers for a prefix over TCP."""
        return await self._server_of(prefix, prefix, self._recursor)

    async def _server_of(self, prefix: str, identifier: str, recursor: Recursor) -> Target | Refusal:
        """The same; of several, the one that has an identifier."""
        query = Query(prefix, Identifier(prefix, None), types=SITE_TYPES, recursive=True)
        resolved = await self._resolve(query, recursor)
        if isinstance(resolved, Refusal):
            return resolved
        sites = home_pointers(resolved.outcome.values).sites if isinstance(resolved.outcome, Answer) else ()
        if not sites and isinstance(resolved.outcome, Answer | NoValues) and resolved.hops:
            # A prefix without sites is answered by the node that holds its record.
            sites = (site_at(*server_address(resolved.hops[-1].server)),)
        for target in targets(sites, identifier, primary_only=True):
            if target.tcp_port:
                return target
        return _unavailable(identifier, f"nobody is known to answer for {prefix} over TCP")

    def _root(self) -> Target | None:
        if not self._roots:
            return None
        found = targets([site_at(*server_address(self._roots[0]))], "", primary_only=True)
        return found[0] if found else None


def _unavailable(wanted: Identity | str, why: str) -> Refusal:
    return Refusal(ResponseCode.AUTHENTICATION_ERROR, f"the key of {wanted} cannot be had: {why}")
