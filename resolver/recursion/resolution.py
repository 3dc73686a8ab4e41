"""One resolution as a state machine without sockets and clocks: `next_query` says whom to ask what, `receive` takes the reply.

To resolve `p/s`: ask the closest known servers for the record of prefix `p` (FIND), follow referrals down the tiers until
it says where the identifiers of `p` live, and ask there for `p/s` itself (ASK). A prefix name stops at the prefix record.
A prefix record without sites means that the server which holds it hosts the prefix. Whatever is learnt on the way goes
into the delegation tree, but only for prefixes strictly below the one the answering server is responsible for (its
bailiwick, `trust.md` T2): nobody can redirect a neighbour or outlive the parent's word.

Goals form a stack: the question itself at the bottom, above it the service handles (HS_SERV) whose sites it needs. It
ends because every question to a server is asked once, and because one budget counts referrals, aliases, services and
packets for all goals together.
"""

from __future__ import annotations

from dataclasses import replace

from idis.proto.codes import ResponseCode
from idis.proto.errors import IdentifierError
from idis.proto.identifier import Identifier, fold, parse_identifier, prefix_handle
from idis.proto.outcome import Answer, NotFound, NoValues, Outcome, Referral, Refused, outcome_code
from idis.proto.query import Query
from idis.proto.types.site import Site
from idis.proto.value import decode_values
from idis.resolver.recursion.budget import UPSTREAM_PACKETS_MAX, Budget
from idis.resolver.recursion.delegation import (
    Delegation,
    DelegationTree,
    Kind,
    Pointers,
    home_pointers,
    referral_pointers,
)
from idis.resolver.recursion.event import Ask, Done, Failure, Reply, Wait
from idis.resolver.recursion.goal import Goal, Next, Step
from idis.resolver.recursion.resolved import Hop
from idis.resolver.recursion.target import Rank, Target, targets

HOSTED_TTL_S = 60  # how long "this prefix has no site of its own" is believed: as long as any negative answer

# Nothing here evaluates HS_NAMESPACE, so it is not asked for; referrals carry their .PREFIX values unasked.
SITE_TYPES = ("HS_SITE", "HS_SITE.6", "HS_SERV")

_ALIAS = "HS_ALIAS"
_MISDIRECTED = frozenset({ResponseCode.SERVER_NOT_RESPONSIBLE, ResponseCode.OUT_OF_DATE_SITE_INFO})
_SERVER_FAILURES = frozenset(
    {
        ResponseCode.ERROR,
        ResponseCode.SERVER_TOO_BUSY,
        ResponseCode.PROTOCOL_ERROR,
        ResponseCode.OPERATION_NOT_SUPPORTED,
        ResponseCode.SERVER_BACKUP,
        ResponseCode.PREFIX_REFERRAL,  # as a refusal it is what servers before 2.5 called SERVER_BACKUP
        ResponseCode.SESSION_TIMEOUT,
        ResponseCode.SESSION_FAILED,
    }
)


class Resolution:
    """The resolution of one query.

    Args:
        query: the client's question.
        tree: known delegations; what is learnt goes in, unless the tree was flushed since this began.
        budget: what the question may cost.
        now: reading of the monotonic clock that all later readings come from, in seconds.
        rank: cost of asking a target, lower is earlier.
        referral: this node's own registry already refers the query there.
    """

    def __init__(
        self,
        query: Query,
        tree: DelegationTree,
        budget: Budget,
        now: float,
        *,
        rank: Rank | None = None,
        referral: Referral | None = None,
    ) -> None:
        self._query = query
        self._tree = tree
        self._flushes = tree.flushes
        self._budget = budget
        self._rank = rank
        self._hops: list[Hop] = []
        self._visited: set[tuple[object, ...]] = set()
        self._local: dict[tuple[str, Kind], Delegation] = {}  # learnt here; valid here even without a TTL
        self._avoided: set[tuple[str, Kind]] = set()
        self._services_seen: set[str] = set()
        self._aliases_seen = {_folded(query.identifier)}
        self._ttl_s: int | None = None
        self._asked: tuple[Target, Query, float] | None = None
        self._done: Done | None = None
        goal = Goal(self._final_query(query.identifier))
        self._goals = [goal]
        if referral is None or not self._begin_at(goal, referral, now):
            self._begin(goal, now)

    def next_query(self, now: float) -> Ask | Wait | Done:
        """What to do next."""
        while self._done is None:
            if self._asked is not None and now < self._budget.deadline:
                return Wait(self._budget.deadline)
            if now >= self._budget.deadline:
                return self._fail(Refused(ResponseCode.ERROR, self._late()))
            goal = self._goals[-1]
            query = self._question(goal)
            target = self._unvisited(goal, query)
            if target is None:
                self._exhausted(goal, now)
            elif self._budget.packets >= UPSTREAM_PACKETS_MAX:
                self._fail(Refused(ResponseCode.ERROR, f"{UPSTREAM_PACKETS_MAX} questions to other nodes were not enough"))
            else:
                self._asked = (target, query, now)
                return Ask(target, query, self._budget)
        return self._done

    def receive(self, event: Reply | Failure, now: float) -> None:
        """Take what the server asked last had to say."""
        if self._done is not None:
            return
        assert self._asked is not None, "nobody was asked"
        target, query, since = self._asked
        self._asked = None
        question = " ".join((query.spelling, *query.types))
        code = outcome_code(event.outcome) if isinstance(event, Reply) else 0
        self._hops.append(Hop(event.peer, event.transport, question, int(code), round((now - since) * 1e6)))
        goal = self._goals[-1]
        match event:
            case Reply(outcome=NotFound()) if target.stand_in and not _is_misdirected(goal.failure):
                # The server that would hold it is silent: that another one of its site does not is no proof of absence.
                goal.failure = goal.failure or Refused(ResponseCode.ERROR, f"{event.peer} holds another part of its site")
            case Reply(outcome=outcome):
                self._judge(goal, outcome, now)
            case Failure(text=text, peer=peer):
                goal.failure = Refused(ResponseCode.ERROR, f"{peer}: {text}")

    # What a reply means

    def _judge(self, goal: Goal, outcome: Outcome, now: float) -> None:
        match outcome:
            case Refused(code=code) if code in _MISDIRECTED or code in _SERVER_FAILURES:
                goal.failure = outcome
            case Referral():
                self._refer(goal, outcome, now)
            case Answer(values=values, ttl_s=ttl_s) if goal.step is Step.FIND:
                self._found(goal, home_pointers(values), ttl_s, now)
            case NoValues() if goal.step is Step.FIND:
                self._found(goal, Pointers((), ()), HOSTED_TTL_S, now)
            case Answer() | NoValues() | NotFound() | Refused():
                self._settle(goal, outcome, now)

    def _refer(self, goal: Goal, referral: Referral, now: float) -> None:
        """A referral leads to servers of a longer prefix, or to other servers for the same one."""
        if not self._budget.take_hop():
            self._fail(Refused(ResponseCode.RECURSION_COUNT_TOO_HIGH, "too many referrals"))
            return
        found = _with_handle(referral_pointers(referral.values), referral.handle)
        if not (found.sites or found.services):
            goal.failure = Refused(ResponseCode.ERROR, "a referral names no site")
            return
        zone, kind = goal.zone, None
        if goal.step is Step.FIND or goal.query.identifier.names_prefix:
            parent = goal.prefix.rpartition(".")[0]
            if _is_below(parent, zone):
                zone, kind = parent, Kind.DERIVED
        self._lead_on(goal, found, Next(goal.step, zone, kind, referral.ttl_s), now)

    def _found(self, goal: Goal, found: Pointers, ttl_s: int, now: float) -> None:
        """The prefix record is known: ask its sites, or whoever holds it when it names none."""
        if not (found.sites or found.services):
            found = Pointers(goal.sites, ())
        kind = Kind.HOME if _is_below(goal.prefix, goal.zone) else None
        self._lead_on(goal, found, Next(Step.ASK, goal.prefix, kind, ttl_s), now)

    def _settle(self, goal: Goal, outcome: Outcome, now: float) -> None:
        """The goal's own question is answered, or its prefix does not exist."""
        if len(self._goals) > 1:
            self._settle_service(goal, outcome, now)
            return
        if isinstance(outcome, Answer):
            self._ttl_s = outcome.ttl_s if self._ttl_s is None else min(self._ttl_s, outcome.ttl_s)
            outcome = replace(outcome, ttl_s=self._ttl_s)
            self._learn_home(goal, outcome, now)
            if self._query.follow_alias and (alias := _alias(outcome.values)) is not None:
                self._follow_alias(alias, now)
                return
        of_prefix = goal.step is Step.FIND or goal.query.identifier.names_prefix
        self._done = Done(outcome, tuple(self._hops), no_prefix=of_prefix and isinstance(outcome, NotFound))

    def _settle_service(self, goal: Goal, outcome: Outcome, now: float) -> None:
        found = home_pointers(outcome.values) if isinstance(outcome, Answer) else Pointers((), ())
        if found.sites and isinstance(outcome, Answer):
            self._deliver(found.sites, outcome.ttl_s, now)
            return
        goal.targets.clear()
        goal.source = goal.failure = goal.next = None
        goal.services = list(found.services)

    def _deliver(self, sites: tuple[Site, ...], ttl_s: int, now: float) -> None:
        """Hand the sites of a service to the goal that needs them; a service named by a service passes them on."""
        self._goals.pop()
        while self._goals[-1].next is None:
            self._goals.pop()
        goal = self._goals[-1]
        assert goal.next is not None, "a goal that waits for a service knows what to do next"
        plan = replace(goal.next, ttl_s=min(goal.next.ttl_s, ttl_s))
        self._lead_on(goal, Pointers(sites, tuple(goal.services)), plan, now)

    def _follow_alias(self, text: str, now: float) -> None:
        try:
            identifier = parse_identifier(text)
        except IdentifierError as error:
            self._done = Done(Refused(ResponseCode.ERROR, f"the alias is no identifier: {error}"), tuple(self._hops))
            return
        if _folded(identifier) in self._aliases_seen or not self._budget.take_alias():
            self._fail(Refused(ResponseCode.RECURSION_COUNT_TOO_HIGH, "aliases form a loop or are too many"))
            return
        self._aliases_seen.add(_folded(identifier))
        self._goals = [Goal(self._final_query(identifier))]
        self._begin(self._goals[0], now)

    # Whom to ask

    def _begin(self, goal: Goal, now: float) -> None:
        """Start from the closest delegation that is known and has not proved wrong."""
        prefix = goal.prefix
        if goal.query.identifier.names_prefix:
            self._aim(goal, Step.ASK, self._enclosing(prefix, now))
        elif prefix == "0" or prefix.startswith("0."):
            self._aim(goal, Step.ASK, self._tree.root)
        elif (home := self._home(prefix, now)) is not None:
            self._aim(goal, Step.ASK, home)
        else:
            self._aim(goal, Step.FIND, self._enclosing(prefix, now))

    def _begin_at(self, goal: Goal, referral: Referral, now: float) -> bool:
        """Start where this node's own registry refers to, unless something closer is known; False if so."""
        covered = fold(referral.prefix)
        names_prefix = goal.query.identifier.names_prefix
        if not names_prefix and self._home(goal.prefix, now) is not None:
            return False
        if covered != goal.prefix and len(self._enclosing(goal.prefix, now).prefix) > len(covered):
            return False
        found = _with_handle(referral_pointers(referral.values), referral.handle)
        if not (found.sites or found.services):
            return False
        if names_prefix or covered == goal.prefix or not covered:
            plan = Next(Step.ASK, covered or goal.prefix, None, referral.ttl_s)
        else:
            plan = Next(Step.FIND, covered, None, referral.ttl_s)
        self._budget.take_hop()
        self._lead_on(goal, found, plan, now)
        return True

    def _lead_on(self, goal: Goal, found: Pointers, plan: Next, now: float) -> None:
        """Go on at other servers, or at the service handles that name them."""
        goal.services = list(found.services)
        goal.next = plan
        if found.sites:
            delegation = Delegation(plan.zone, plan.kind or Kind.HOME, found.sites, plan.ttl_s)
            if plan.kind is not None:
                self._local[(plan.zone, plan.kind)] = delegation
                self._learn(delegation, now)
            self._aim(goal, plan.step, delegation)
        else:
            goal.targets.clear()
        goal.source = goal.failure = None
        goal.repeated = False

    def _aim(self, goal: Goal, step: Step, delegation: Delegation) -> None:
        goal.step = step
        goal.zone = delegation.prefix
        goal.source = None if delegation is self._tree.root else delegation
        goal.sites = delegation.sites
        question = self._question(goal)
        goal.targets = targets(delegation.sites, question.spelling, primary_only=question.authoritative, rank=self._rank)

    def _unvisited(self, goal: Goal, query: Query) -> Target | None:
        while goal.targets:
            target = goal.targets.pop(0)
            visit = (*target.key, fold(query.identifier.prefix), query.identifier.suffix, query.types, query.indexes)
            if visit not in self._visited:
                self._visited.add(visit)
                return target
            goal.repeated = True
        return None

    def _exhausted(self, goal: Goal, now: float) -> None:
        """No server is left: try a service handle, then what lies above a delegation that led nowhere."""
        if goal.services:
            self._enter_service(goal.services.pop(0), now)
        elif goal.source is not None:
            self._avoided.add((goal.source.prefix, goal.source.kind))
            goal.verdict = goal.failure or goal.verdict
            if _is_misdirected(goal.failure):
                self._tree.forget(goal.source)
            self._begin(goal, now)
        elif len(self._goals) > 1:
            self._goals.pop()
        else:
            self._give_up(goal)

    def _give_up(self, goal: Goal) -> None:
        failure = goal.failure or goal.verdict
        if failure is None and goal.repeated:
            failure = Refused(ResponseCode.RECURSION_COUNT_TOO_HIGH, "referrals form a loop")
        if failure is None:
            failure = Refused(ResponseCode.ERROR, f"no server can be asked about {self._question(goal).spelling}")
        self._done = Done(failure, tuple(self._hops), failed=not _is_misdirected(failure))

    def _enter_service(self, service: Identifier, now: float) -> None:
        if _folded(service) in self._services_seen:
            return
        if not self._budget.take_service():
            self._fail(Refused(ResponseCode.RECURSION_COUNT_TOO_HIGH, "too many service handles"))
            return
        self._services_seen.add(_folded(service))
        goal = Goal(Query(_spelling(service), service, types=SITE_TYPES))
        self._goals.append(goal)
        self._begin(goal, now)

    def _home(self, prefix: str, now: float) -> Delegation | None:
        key = (prefix, Kind.HOME)
        if key in self._avoided:
            return None
        return self._local.get(key) or self._tree.home(prefix, now)

    def _enclosing(self, prefix: str, now: float) -> Delegation:
        """The closest delegation above a prefix that has not been found wanting."""
        while prefix:
            known = self._tree.enclosing(prefix, now)
            local = self._local_enclosing(prefix)
            if local is not None and len(local.prefix) >= len(known.prefix):
                known = local
            if (known.prefix, known.kind) not in self._avoided:
                return known
            prefix = known.prefix
        return self._tree.root

    def _local_enclosing(self, prefix: str) -> Delegation | None:
        above = [entry for (known, kind), entry in self._local.items() if kind is Kind.DERIVED and _is_below(prefix, known)]
        return max(above, key=lambda entry: len(entry.prefix), default=None)

    # What to ask

    def _question(self, goal: Goal) -> Query:
        count = min(self._query.recursion_count + self._budget.hops, 255)
        if goal.step is Step.ASK:
            return replace(goal.query, recursion_count=count)
        prefix = goal.query.identifier.prefix
        return Query(prefix_handle(prefix), Identifier(prefix, None), types=SITE_TYPES, recursion_count=count)

    def _final_query(self, identifier: Identifier) -> Query:
        """The client's question for an identifier, as one node asks another."""
        types = self._query.types
        if self._query.follow_alias and not self._query.wants_all and _ALIAS not in types:
            types = (*types, _ALIAS)
        return replace(
            self._query,
            spelling=_spelling(identifier),
            identifier=identifier,
            types=types,
            recursive=False,
            do_not_refer=False,
            follow_alias=False,
            explain=False,
        )

    def _learn_home(self, goal: Goal, answer: Answer, now: float) -> None:
        """An answer about a prefix that shows its sites saves the next resolution a question."""
        if not goal.query.identifier.names_prefix or not (goal.query.wants_all or "HS_SITE" in goal.query.types):
            return
        sites = home_pointers(answer.values).sites
        if sites and _is_below(goal.prefix, goal.zone):
            self._learn(Delegation(goal.prefix, Kind.HOME, sites, answer.ttl_s), now)

    def _learn(self, delegation: Delegation, now: float) -> None:
        if self._tree.flushes == self._flushes:
            self._tree.learn(delegation, now)

    # How it ends

    def _fail(self, outcome: Outcome) -> Done:
        self._done = Done(outcome, tuple(self._hops), failed=True)
        return self._done

    def _late(self) -> str:
        failure = self._goals[-1].failure
        reason = f" ({failure.message})" if failure is not None and failure.message else ""
        return f"no answer in time{reason}"


def _spelling(identifier: Identifier) -> str:
    """The spelling sent upstream: every peer knows a prefix as `0.NA/…`, few know it bare."""
    return prefix_handle(identifier.prefix) if identifier.names_prefix else str(identifier)


def _folded(identifier: Identifier) -> str:
    return fold(str(identifier))


def _is_below(prefix: str, zone: str) -> bool:
    return prefix.startswith(zone + ".") if zone else prefix != ""


def _is_misdirected(failure: Refused | None) -> bool:
    return failure is not None and failure.code in _MISDIRECTED


def _alias(values: bytes) -> str | None:
    return next((value.text for value in decode_values(values) if value.type.upper() == _ALIAS and value.public), None)


def _with_handle(found: Pointers, handle: str) -> Pointers:
    """A referral may name a service handle beside its values, or instead of them."""
    if not handle:
        return found
    try:
        return Pointers(found.sites, (*found.services, parse_identifier(handle)))
    except IdentifierError:
        return found
