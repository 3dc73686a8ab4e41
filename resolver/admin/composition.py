"""Makes the desk of a node from its configuration."""

from __future__ import annotations

import secrets

from idis.proto.types.site import Site, encode_site
from idis.registry.store.base import Store
from idis.resolver.admin.challenges import Challenges
from idis.resolver.admin.desk import Desk
from idis.resolver.admin.elsewhere import Elsewhere
from idis.resolver.admin.letters import Letters
from idis.resolver.admin.listing import Listing
from idis.resolver.admin.logins import Logins
from idis.resolver.admin.prefixes import Prefixes
from idis.resolver.admin.reading import Reading
from idis.resolver.admin.registrar import Registrar
from idis.resolver.admin.server_key import ServerKey
from idis.resolver.admin.session_setup import SessionSetups
from idis.resolver.admin.sessions import Sessions
from idis.resolver.admin.verifier import Verifier
from idis.resolver.chain import Chain
from idis.resolver.config import AdminSection
from idis.resolver.metrics import Metrics


def make_desk(
    admin: AdminSection,
    *,
    site_serial: int,
    site: Site,
    server_key: ServerKey | None,
    store: Store,
    chain: Chain,
    registrar: Registrar,
    elsewhere: Elsewhere,
    verifier: Verifier,
    metrics: Metrics,
) -> Desk:
    """The desk of a node whose chain answers its public questions.

    Args:
        admin: its settings.
        site_serial: of its HS_SITE.
        site: that site.
        server_key: what it signs with; None where it signs nothing.
        store: the registry.
        chain: its way of a query.
        registrar: what changes the registry.
        elsewhere: what other nodes say.
        verifier: what verifies proofs.
        metrics: what it counts in.
    """
    sessions = Sessions(secrets.token_bytes)
    letters = Letters(site_serial, server_key, chain.clock, secrets.token_bytes, metrics)
    desk = Desk(
        store=store,
        registrar=registrar,
        prefixes=Prefixes(registrar, elsewhere, site),
        verifier=verifier,
        challenges=Challenges(secrets.token_bytes),
        sessions=sessions,
        setups=SessionSetups(sessions, letters, chain.clock, metrics, allowed=admin.sessions),
        logins=Logins(),
        letters=letters,
        reading=Reading(chain, registrar, encode_site(site)),
        listing=Listing(store, registrar),
        replies=chain.replies,
        clock=chain.clock,
        metrics=metrics,
        random_octets=secrets.token_bytes,
    )
    metrics.gather.append(desk.gauge)
    return desk
