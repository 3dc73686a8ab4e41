"""Prefixes as they are shown."""

from __future__ import annotations

from idis.proto.value import decode_values
from idis.registry.prefix import PrefixEntry, RouteEntry
from idis.registry.registration.application import application_json
from idis.registry.registration.consent import Awaiting
from idis.registry.registration.life import Registered
from idis.registry.registration.prefix_queries import PrefixView
from idis.registry.registration.values import sites_in
from idis.resolver.web.v1.operation import Reply
from idis.resolver.web.v1.prefix_model import AwaitingModel, PrefixChanged, PrefixDetail, PrefixModel, RangeModel, Signing
from idis.resolver.web.v1.showing import iso_time
from idis.resolver.web.v1.site_model import SiteModel, model_of_administrator, model_of_site


def prefix_model(entry: PrefixEntry) -> PrefixModel:
    """A prefix."""
    return PrefixModel(
        prefix=entry.prefix,
        state=entry.state,
        homed=entry.homed,
        hosting=entry.hosting,
        owner=entry.owner,
        owner_code=entry.owner_code,
        industry=entry.industry,
        privacy=entry.privacy,
        fold_suffix=entry.fold_suffix,
        quota=entry.quota,
        ttl_s=entry.ttl_s,
        signing=Signing.REQUIRED if entry.signing_required else Signing.OPTIONAL,
        daily_quota=entry.daily_quota,
        reason=entry.reason,
        sites=_sites(entry.values),
        administrator_key=model_of_administrator(decode_values(entry.values)),
        version=entry.version,
    )


def prefix_detail(view: PrefixView) -> PrefixDetail:
    """A prefix with what its administrators see."""
    filing = view.filing
    applicant = None if filing is None or filing.applicant is None else str(filing.applicant)
    return PrefixDetail(
        entry=prefix_model(view.entry),
        records=view.records,
        applicant=applicant,
        applied=None if filing is None else iso_time(filing.at),
        form=None if filing is None or filing.form is None else application_json(filing.form),
        awaiting=tuple(map(_awaiting, view.awaiting)),
        version=view.entry.version,
    )


def range_model(route: RouteEntry) -> RangeModel:
    """A range."""
    return RangeModel(route.start, route.end, _sites(route.values), route.ttl_s, route.version)


def changed_reply(result: Registered | Awaiting, status: int = 200) -> Reply:
    """What a change came to; 202 while a second person is awaited."""
    if isinstance(result, Awaiting):
        return Reply(PrefixChanged(None, False, _awaiting(result), None), 202)
    entry = result.entry
    shown = PrefixChanged(prefix_model(entry), result.changed, None, entry.version)
    return Reply(shown, status if result.changed else 200, entry.version)


def _awaiting(waits: Awaiting) -> AwaitingModel:
    return AwaitingModel(waits.act, waits.prefix, waits.to, waits.person, iso_time(waits.until))


def _sites(values: bytes) -> tuple[SiteModel, ...]:
    return tuple(map(model_of_site, sites_in(decode_values(values))))
