"""The office: all parts of a node's administration, made from its configuration.

Where a node has workers, the keeper has the desk, and the workers hand on to it (`relay.py`).
"""

from __future__ import annotations

import secrets

from idis.proto.types.site import Site, encode_site
from idis.registry.store.base import Store
from idis.resolver.admin.adoption import Adopter, AdoptionClient
from idis.resolver.admin.challenges import Challenges
from idis.resolver.admin.desk import Desk
from idis.resolver.admin.elsewhere import Elsewhere
from idis.resolver.admin.homing import Homing
from idis.resolver.admin.key_trust import key_trust
from idis.resolver.admin.letters import Letters
from idis.resolver.admin.listing import Listing
from idis.resolver.admin.logins import Logins
from idis.resolver.admin.passes import Passes
from idis.resolver.admin.reading import Reading
from idis.resolver.admin.registrar import Registrar
from idis.resolver.admin.relay import RelayClient, RelayServer
from idis.resolver.admin.server_key import ServerKey
from idis.resolver.admin.session_setup import SessionSetups
from idis.resolver.admin.sessions import Sessions
from idis.resolver.admin.verifier import Verifier
from idis.resolver.audit_writer import AuditWriter
from idis.resolver.chain import Chain
from idis.resolver.commits import Commits
from idis.resolver.config import NodeConfig
from idis.resolver.guard.sources import Sources
from idis.resolver.metrics import Metrics
from idis.resolver.service import Service
from idis.resolver.subscription.teller import Teller
from idis.resolver.trace.answering import Answering
from idis.resolver.trace.neighbours import Neighbours
from idis.resolver.trace.trace_pass import TracePasses


class Office:
    """The administration of one process of a node. `desk` is None in a worker, whose keeper has it.

    Args:
        config: of the node.
        store: its registry.
        site: its own.
        server_key: what it signs with; None where it signs nothing.
        chain: its way of a query, which gets the administration here.
        sources: what is known of addresses.
        metrics: what it counts in.
        trail: writes into the audit trail what anybody can try.
        relay: the name of the socket between keeper and workers; empty in a node of one process.
        keeps: whether this process is the keeper, or all of the node.
    """

    def __init__(
        self,
        config: NodeConfig,
        store: Store,
        site: Site,
        server_key: ServerKey | None,
        chain: Chain,
        sources: Sources,
        metrics: Metrics,
        trail: AuditWriter,
        commits: Commits,
        *,
        relay: str,
        keeps: bool,
    ) -> None:
        clock = chain.clock
        self.server_key = server_key
        self.elsewhere = Elsewhere(store, _beginnings(config), clock, key_trust(config))
        self.registrar = Registrar(store, self.elsewhere, clock, trail)
        self.verifier = Verifier(store, self.elsewhere, metrics, trail, weak_secrets=config.admin.weak_secrets)
        self.neighbours = Neighbours(self.elsewhere, clock)
        self.desk = self._make_desk(config, store, site, chain, metrics, trail, commits) if keeps else None
        self._server = RelayServer(relay, self.desk, sources) if relay and self.desk is not None else None
        self._client = None if self.desk is not None else RelayClient(relay, clock)
        self._relay = relay
        self._adopter: Adopter | None = None
        self._giver = None if self.desk is not None else AdoptionClient(relay)
        chain.administration = self.desk or self._client
        chain.give = None if self._giver is None else self._giver.give

    async def open(self, service: Service) -> None:
        """Begin to listen to the workers, and to take over connections, which share this service."""
        if self._server is not None:
            await self._server.open()
            self._adopter = Adopter(self._relay, service)
            self._adopter.open()

    def end_waiting(self) -> None:
        """Answer who waits for changes: the node is stopping."""
        if self.desk is not None:
            self.desk.teller.end()

    async def close(self) -> None:
        """Stop asking, verifying, signing and listening."""
        if self._adopter is not None:
            self._adopter.close()
        if self._giver is not None:
            self._giver.close()
        if self._server is not None:
            await self._server.close()
        if self._client is not None:
            await self._client.close()
        await self.elsewhere.close()
        self.verifier.close()
        if self.desk is not None:
            self.desk.close()

    def _make_desk(
        self,
        config: NodeConfig,
        store: Store,
        site: Site,
        chain: Chain,
        metrics: Metrics,
        trail: AuditWriter,
        commits: Commits,
    ) -> Desk:
        sessions = Sessions(secrets.token_bytes)
        letters = Letters(config.node.site_serial, self.server_key, chain.clock, secrets.token_bytes, metrics)
        desk = Desk(
            store=store,
            registrar=self.registrar,
            homing=Homing(self.registrar, self.elsewhere, site),
            verifier=self.verifier,
            challenges=Challenges(secrets.token_bytes),
            sessions=sessions,
            setups=SessionSetups(sessions, letters, self.verifier, chain.clock, metrics, allowed=config.admin.sessions),
            logins=Logins(),
            letters=letters,
            reading=Reading(chain, self.registrar, encode_site(site), Passes(store, self.verifier)),
            listing=Listing(store, self.registrar),
            replies=chain.replies,
            clock=chain.clock,
            metrics=metrics,
            trail=trail,
            tracing=Answering(
                store, self.registrar, TracePasses(store, self.verifier), self.neighbours, chain.clock, trail, metrics
            ),
            teller=Teller(store, commits),
            random_octets=secrets.token_bytes,
        )
        metrics.gather.append(desk.gauge)
        return desk


def _beginnings(config: NodeConfig) -> tuple[str, ...]:
    """Where questions about keys begin that this node's own registry does not lead to."""
    return (config.admin.resolver,) if config.admin.resolver else config.recursion.roots
