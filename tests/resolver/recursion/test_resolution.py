"""The state machine that walks the tiers, against a scripted tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from idis.proto.identifier import parse_identifier, site_hash
from idis.proto.outcome import Answer, NotFound, NoValues, Referral, Refused
from idis.proto.query import Query
from idis.proto.types.site import encode_site
from idis.resolver.recursion.budget import REFERRAL_HOPS_MAX, UPSTREAM_PACKETS_MAX, Budget
from idis.resolver.recursion.delegation import Delegation, DelegationTree, Kind
from idis.resolver.recursion.event import Ask, Done, Failure, Reply, Wait
from idis.resolver.recursion.resolution import Resolution

if TYPE_CHECKING:
    from collections.abc import Callable

X = "88.118.8/X"


class TestTiers:
    """From the top to the enterprise."""

    def test_an_identifier_is_found_through_the_tiers(self, world) -> None:
        """National node, secondary node and enterprise are each asked once, the upper two for the prefix only."""
        world.national_tree()

        done = world.resolve(X)

        assert done.outcome == Answer(world.encoded(("URL", b"here")), 3_600)
        assert world.questions == [
            (world.address("root"), "0.NA/88.118.8"),
            (world.address("secondary"), "0.NA/88.118.8"),
            (world.address("enterprise"), X),
        ]

    def test_a_second_identifier_of_the_prefix_goes_straight_to_the_enterprise(self, world) -> None:
        """The prefix is learnt for its TTL."""
        world.national_tree()
        world.resolve(X)
        world.asked.clear()

        world.resolve(X)

        assert world.questions == [(world.address("enterprise"), X)]

    def test_another_prefix_of_the_industry_starts_at_the_secondary_node(self, world) -> None:
        """A referral holds for the parent of the prefix asked for."""
        world.national_tree()
        world.resolve(X)
        world.asked.clear()

        world.resolve("88.118.9/Y")

        assert world.questions == [(world.address("secondary"), "0.NA/88.118.9")]

    def test_what_was_learnt_ends_with_its_ttl(self, world) -> None:
        """After the TTL the tiers are asked anew."""
        world.national_tree()
        world.resolve(X)
        world.asked.clear()
        world.now += 3_600

        world.resolve(X)

        assert world.asked_of("root") == ["0.NA/88.118.8"]

    def test_a_prefix_without_ttl_is_used_and_not_kept(self, world) -> None:
        """TTL 0 forbids caching, not using."""
        world.script("root", "0.NA/88.118.8", world.sites("enterprise", ttl=0))
        world.script("enterprise", X, Answer(world.encoded(("URL", b"here")), 60))

        assert isinstance(world.resolve(X).outcome, Answer)
        assert len(world.tree) == 0

    def test_a_prefix_name_stops_at_the_prefix_record(self, world) -> None:
        """The bare prefix is asked for as a prefix handle, with the asker's own filter."""
        world.national_tree()

        done = world.resolve("88.118.8", types=("HS_SITE",))

        assert done.outcome == world.sites("enterprise")
        assert world.questions[-1] == (world.address("secondary"), "0.NA/88.118.8")
        assert world.asked[-1][1].types == ("HS_SITE",)

    def test_an_answered_prefix_record_teaches_where_the_prefix_lives(self, world) -> None:
        """Who asks for the prefix first saves the walk for its identifiers."""
        world.national_tree()
        world.resolve("88.118.8", types=("HS_SITE",))
        world.asked.clear()

        world.resolve(X)

        assert world.questions == [(world.address("enterprise"), X)]

    def test_an_unknown_prefix_is_an_unknown_identifier(self, world) -> None:
        """The registry of the parent is the authority for what does not exist below it."""
        assert world.resolve("88.999.1/X").outcome == NotFound()

    def test_a_hosted_prefix_is_asked_where_its_record_is(self, world) -> None:
        """A prefix record without sites means that its holder answers."""
        world.script("root", "0.NA/88.118.8", world.prefix_referral("secondary"))
        world.script("secondary", "0.NA/88.118.8", NoValues())
        world.script("secondary", X, Answer(world.encoded(("URL", b"hosted")), 60))

        assert world.resolve(X).outcome == Answer(world.encoded(("URL", b"hosted")), 60)

    def test_a_302_is_followed_with_the_full_identifier(self, world) -> None:
        """A server that lives elsewhere for one identifier says so with 302."""
        world.national_tree()
        world.script("enterprise", X, world.service_referral("workshop"))
        world.script("workshop", X, Answer(world.encoded(("URL", b"there")), 60))

        assert world.resolve(X).outcome == Answer(world.encoded(("URL", b"there")), 60)

    def test_each_referral_raises_the_recursion_count(self, world) -> None:
        """Loops over several nodes are noticed by whoever counts."""
        world.national_tree()
        world.resolve(X)

        assert [query.recursion_count for _address, query in world.asked] == [0, 1, 1]

    def test_upstream_questions_do_not_ask_for_recursion(self, world) -> None:
        """This node walks itself; nobody else does it in its place."""
        world.national_tree()
        world.resolve(X, recursive=True, explain=True)

        assert not any(query.recursive or query.explain for _address, query in world.asked)

    def test_the_askers_filter_and_token_reach_the_enterprise_only(self, world) -> None:
        """Upper tiers learn neither the suffix nor who asks."""
        world.national_tree()
        world.resolve(X, types=("URL",), indexes=(7,), auth=b"token")

        last = world.asked[-1][1]
        assert (last.types, last.indexes, last.auth) == (("URL",), (7,), b"token")
        assert all(query.auth == b"" and query.indexes == () for _address, query in world.asked[:-1])

    def test_names_of_the_root_are_asked_at_the_root(self, world) -> None:
        """Identifiers below `0.` belong to the root itself."""
        world.script("root", "0.SITE/status", Answer(world.encoded(("DESC", b"up")), 60))

        assert isinstance(world.resolve("0.SITE/status").outcome, Answer)
        assert world.questions == [(world.address("root"), "0.SITE/status")]

    def test_hops_tell_the_whole_way(self, world) -> None:
        """Each question with its server, code and time."""
        world.national_tree()

        hops = world.resolve(X).hops

        assert [(hop.response_code, hop.micros) for hop in hops] == [(303, 1_000), (1, 1_000), (1, 1_000)]
        assert hops[0].server == f"{world.address('root')}:2641"
        assert hops[0].question == "0.NA/88.118.8 HS_SITE HS_SITE.6 HS_SERV"

    def test_a_referral_of_the_own_registry_is_the_start(self, world) -> None:
        """A node that is also an authority does not ask the roots for what it knows."""
        world.script("secondary", "0.NA/88.118.8", world.sites("enterprise"))
        world.script("enterprise", X, Answer(world.encoded(("URL", b"here")), 60))
        own = Referral(302, world.values("secondary"), ttl_s=60, prefix="88.118")

        assert isinstance(world.resolve(X, referral=own).outcome, Answer)
        assert world.asked_of("root") == []

    def test_something_closer_than_the_own_referral_is_preferred(self, world) -> None:
        """What was learnt below the own delegation saves the walk."""
        world.script("secondary", "0.NA/88.118.8", world.sites("enterprise"))
        world.script("enterprise", X, Answer(world.encoded(("URL", b"here")), 60))
        own = Referral(302, world.values("secondary"), ttl_s=60, prefix="88.118")
        world.resolve(X, referral=own)
        world.asked.clear()

        world.resolve(X, referral=own)

        assert world.questions == [(world.address("enterprise"), X)]


class TestServices:
    """HS_SERV: sites named by another handle."""

    def test_a_service_handle_names_the_sites(self, world) -> None:
        """The prefix says HS_SERV, the service handle has the sites."""
        world.script("root", "0.NA/88.118.8", Answer(world.encoded(("HS_SERV", b"99/serv")), 60))
        world.script("root", "0.NA/99", world.sites("keeper"))
        world.script("keeper", "99/serv", world.sites("enterprise"))
        world.script("enterprise", X, Answer(world.encoded(("URL", b"here")), 60))

        assert world.resolve(X).outcome == Answer(world.encoded(("URL", b"here")), 60)

    def test_a_service_may_be_named_by_a_service(self, world) -> None:
        """The chain is followed to the sites, which then serve the prefix, not the service."""
        world.script("root", "0.NA/88.118.8", Answer(world.encoded(("HS_SERV", b"99/one")), 60))
        world.script("root", "0.NA/99", world.sites("keeper"))
        world.script("keeper", "99/one", Answer(world.encoded(("HS_SERV", b"99/two")), 60))
        world.script("keeper", "99/two", world.sites("enterprise"))
        world.script("enterprise", X, Answer(world.encoded(("URL", b"here")), 60))

        assert world.resolve(X).outcome == Answer(world.encoded(("URL", b"here")), 60)
        assert world.asked_of("enterprise") == [X]

    def test_a_referral_may_name_a_service_handle(self, world) -> None:
        """302 and 303 carry a handle in place of values."""
        world.script("root", "0.NA/88.118.8", Referral(303, world.encoded(), handle="99/serv", ttl_s=60))
        world.script("root", "0.NA/99", world.sites("keeper"))
        world.script("keeper", "99/serv", world.sites("secondary"))
        world.script("secondary", "0.NA/88.118.8", world.sites("enterprise"))
        world.script("enterprise", X, Answer(world.encoded(("URL", b"here")), 60))

        assert isinstance(world.resolve(X).outcome, Answer)

    def test_services_that_name_each_other_end(self, world) -> None:
        """A loop of service handles is no answer and no endless walk."""
        world.script("root", "0.NA/88.118.8", Answer(world.encoded(("HS_SERV", b"99/one")), 60))
        world.script("root", "0.NA/99", world.sites("keeper"))
        world.script("keeper", "99/one", Answer(world.encoded(("HS_SERV", b"99/two")), 60))
        world.script("keeper", "99/two", Answer(world.encoded(("HS_SERV", b"99/one")), 60))

        done = world.resolve(X)

        assert done.failed
        assert len(world.asked) == 4

    def test_a_service_that_does_not_exist_leaves_the_next_one(self, world) -> None:
        """Several service handles are tried in turn."""
        world.script("root", "0.NA/88.118.8", Answer(world.encoded(("HS_SERV", b"99/gone"), ("HS_SERV", b"99/serv")), 60))
        world.script("root", "0.NA/99", world.sites("keeper"))
        world.script("keeper", "99/serv", world.sites("enterprise"))
        world.script("enterprise", X, Answer(world.encoded(("URL", b"here")), 60))

        assert isinstance(world.resolve(X).outcome, Answer)

    def test_too_many_services_are_refused(self, world) -> None:
        """Nine services in a chain exceed the limit of eight."""
        world.script("root", "0.NA/88.118.8", Answer(world.encoded(("HS_SERV", b"99/0")), 60))
        world.script("root", "0.NA/99", world.sites("keeper"))
        for number in range(9):
            following = f"99/{number + 1}".encode()
            world.script("keeper", f"99/{number}", Answer(world.encoded(("HS_SERV", following)), 60))

        assert world.resolve(X).outcome == Refused(6, "too many service handles")


class TestAliases:
    """HS_ALIAS, followed on request."""

    def test_an_alias_is_not_followed_unasked(self, world) -> None:
        """It is an ordinary value."""
        world.national_tree()
        world.script("enterprise", X, Answer(world.encoded(("HS_ALIAS", b"88.118.8/Y")), 60))

        assert world.resolve(X).outcome == Answer(world.encoded(("HS_ALIAS", b"88.118.8/Y")), 60)

    def test_an_alias_is_followed_on_request(self, world) -> None:
        """The values are those of the real object, the TTL the shorter of both."""
        world.national_tree()
        world.script("enterprise", X, Answer(world.encoded(("HS_ALIAS", b"88.118.8/Y")), 60))
        world.script("enterprise", "88.118.8/Y", Answer(world.encoded(("URL", b"real")), 3_600))

        assert world.resolve(X, follow_alias=True).outcome == Answer(world.encoded(("URL", b"real")), 60)

    def test_a_filter_does_not_hide_the_alias(self, world) -> None:
        """With a filter the alias is asked for beside what is wanted."""
        world.national_tree()
        world.resolve(X, follow_alias=True, types=("URL",))

        assert world.asked[-1][1].types == ("URL", "HS_ALIAS")

    def test_an_alias_loop_is_refused(self, world) -> None:
        """Two names that point at each other are code 6."""
        world.national_tree()
        world.script("enterprise", X, Answer(world.encoded(("HS_ALIAS", b"88.118.8/Y")), 60))
        world.script("enterprise", "88.118.8/Y", Answer(world.encoded(("HS_ALIAS", b"88.118.8/x")), 60))

        assert world.resolve(X, follow_alias=True).outcome == Refused(6, "aliases form a loop or are too many")

    def test_nine_aliases_are_too_many(self, world) -> None:
        """Eight are followed, the ninth is not."""
        world.national_tree("88.118.8/0")
        for number in range(10):
            following = f"88.118.8/{number + 1}".encode()
            world.script("enterprise", f"88.118.8/{number}", Answer(world.encoded(("HS_ALIAS", following)), 60))

        done = world.resolve("88.118.8/0", follow_alias=True)

        assert done.outcome == Refused(6, "aliases form a loop or are too many")
        assert world.asked_of("enterprise")[-1] == "88.118.8/8"

    def test_an_alias_that_is_no_identifier_is_an_error(self, world) -> None:
        """The owner's mistake is told, not hidden."""
        world.national_tree()
        world.script("enterprise", X, Answer(world.encoded(("HS_ALIAS", b"88..1/Y")), 60))

        outcome = world.resolve(X, follow_alias=True).outcome

        assert outcome == Refused(2, "the alias is no identifier: the prefix has an empty label")


class TestFailures:
    """Servers that are silent, wrong or not responsible."""

    def test_the_next_site_is_asked_after_a_silent_one(self, world) -> None:
        """Two sites are full copies of each other."""
        world.script("root", "0.NA/88.118.8", world.sites("dead", "enterprise"))
        world.script("dead", X, world.silent())
        world.script("enterprise", X, Answer(world.encoded(("URL", b"here")), 60))

        assert isinstance(world.resolve(X).outcome, Answer)
        assert world.asked_of("dead") == [X]

    def test_a_busy_server_is_passed_over(self, world) -> None:
        """Code 3 is about the server, not about the identifier."""
        world.script("root", "0.NA/88.118.8", world.sites("busy", "enterprise"))
        world.script("busy", X, Refused(3, "later"))
        world.script("enterprise", X, Answer(world.encoded(("URL", b"here")), 60))

        assert isinstance(world.resolve(X).outcome, Answer)

    def test_when_everybody_is_silent_the_last_reason_is_told(self, world) -> None:
        """Code 2 with the server's name; and it counts as a failure, so that an old answer may be served."""
        world.script("root", "0.NA/88.118.8", world.silent())

        done = world.resolve(X)

        assert done.outcome == Refused(2, f"{world.address('root')}:2641: no answer in time")
        assert done.failed

    def test_not_found_at_a_stand_in_is_no_proof_of_absence(self, world) -> None:
        """The server that holds the bucket is dead: the other one's 100 was believed, and a record vanished."""
        names = ["one", "two"]
        bucket = site_hash(X, 2) % 2
        world.script("root", "0.NA/88.118.8", Answer(world.encoded(("HS_SITE", encode_site(world.site(*names)))), 60))
        world.script(names[bucket], X, world.silent())
        world.script(names[1 - bucket], X, NotFound())

        done = world.resolve(X)

        assert isinstance(done.outcome, Refused)
        assert (done.failed, "no answer in time" in done.outcome.message) == (True, True)

    def test_a_stand_in_that_holds_the_record_is_believed(self, world) -> None:
        """Sites whose servers each hold everything go on without one of them."""
        names = ["one", "two"]
        bucket = site_hash(X, 2) % 2
        world.script("root", "0.NA/88.118.8", Answer(world.encoded(("HS_SITE", encode_site(world.site(*names)))), 60))
        world.script(names[bucket], X, world.silent())
        world.script(names[1 - bucket], X, Answer(world.encoded(("URL", b"here")), 60))

        assert isinstance(world.resolve(X).outcome, Answer)

    def test_a_wrong_bucket_is_asked_at_the_other_servers(self, world) -> None:
        """301 from one server of a site does not speak for the others."""
        names = ("one", "two", "three")
        bucket = site_hash(X, 2) % 3
        world.script("root", "0.NA/88.118.8", Answer(world.encoded(("HS_SITE", encode_site(world.site(*names)))), 60))
        for name in names:
            world.script(name, X, Refused(301, "wrong bucket"))
        right = names[(bucket + 1) % 3]
        world.script(right, X, Answer(world.encoded(("URL", b"here")), 60))

        assert isinstance(world.resolve(X).outcome, Answer)
        assert world.questions[1] == (world.address(names[bucket]), X)

    def test_an_outdated_delegation_is_looked_up_again(self, world) -> None:
        """301 from where the prefix used to live: its parent knows the new place."""
        world.national_tree()
        world.resolve(X)
        world.script("enterprise", X, Refused(301, "moved away"))
        world.script("secondary", "0.NA/88.118.8", world.sites("new"))
        world.script("new", X, Answer(world.encoded(("URL", b"new")), 60))
        world.asked.clear()

        assert world.resolve(X).outcome == Answer(world.encoded(("URL", b"new")), 60)
        assert world.questions[1] == (world.address("secondary"), "0.NA/88.118.8")

    def test_a_prefix_that_left_is_not_responsible(self, world) -> None:
        """When the parent still points there, the 301 stands, and it is no failure that an old answer could cover."""
        world.national_tree()
        world.resolve(X)
        world.script("enterprise", X, Refused(301, "suspended"))

        done = world.resolve(X)

        assert done.outcome == Refused(301, "suspended")
        assert not done.failed

    def test_an_outdated_tier_is_passed_by(self, world) -> None:
        """A secondary node that moved is found again from the root."""
        world.national_tree()
        world.resolve(X)
        world.script("secondary", "0.NA/88.118.9", Refused(301, "moved away"))
        world.script("root", "0.NA/88.118.9", world.prefix_referral("tertiary"))
        world.script("tertiary", "0.NA/88.118.9", world.sites("enterprise"))
        world.script("enterprise", "88.118.9/Y", Answer(world.encoded(("URL", b"y")), 60))

        assert world.resolve("88.118.9/Y").outcome == Answer(world.encoded(("URL", b"y")), 60)

    def test_a_refusal_about_the_asker_is_final(self, world) -> None:
        """402 is the owner's answer; another site would say the same."""
        world.script("root", "0.NA/88.118.8", world.sites("enterprise", "mirror"))
        world.script("enterprise", X, Refused(402))
        world.script("mirror", X, Refused(402))

        assert world.resolve(X, public_only=False).outcome == Refused(402)
        assert len(world.asked) == 2

    def test_a_referral_to_nowhere_is_an_error(self, world) -> None:
        """303 without a site."""
        world.script("root", "0.NA/88.118.8", Referral(303, world.encoded()))

        assert world.resolve(X).outcome == Refused(2, "a referral names no site")

    def test_only_primaries_answer_authoritative_questions(self, world) -> None:
        """A mirror may be behind."""
        mirror = encode_site(world.site("mirror", primary=False))
        primary = encode_site(world.site("primary"))
        world.script("root", "0.NA/88.118.8", Answer(world.encoded(("HS_SITE", mirror), ("HS_SITE", primary)), 60))
        world.script("primary", X, Answer(world.encoded(("URL", b"here")), 60))

        assert isinstance(world.resolve(X, authoritative=True).outcome, Answer)
        assert world.asked_of("mirror") == []

    def test_without_a_primary_an_authoritative_question_cannot_be_asked(self, world) -> None:
        """Better no answer than one that may be behind."""
        mirror = encode_site(world.site("mirror", primary=False))
        world.script("root", "0.NA/88.118.8", Answer(world.encoded(("HS_SITE", mirror)), 60))

        assert world.resolve(X, authoritative=True).outcome == Refused(2, f"no server can be asked about {X}")


class TestBailiwick:
    """What a server says is believed only for what it is responsible for."""

    def test_a_node_cannot_replace_its_own_delegation(self, world) -> None:
        """What the secondary node says about its own derived prefixes is used now, not kept in place of the parent's word."""
        world.national_tree()
        world.resolve(X)
        world.script("secondary", "0.NA/88.118.9", world.prefix_referral("intruder"))
        world.resolve("88.118.9/Y")

        known = world.tree.enclosing("88.118.7", world.now)

        assert known.prefix == "88.118"
        assert known.sites[0].servers[0].address == world.address("secondary")

    def test_nothing_is_learnt_for_the_root(self, world) -> None:
        """A referral for a top prefix does not become the new root."""
        world.script("root", "0.NA/88", world.prefix_referral("national"))
        world.script("national", "0.NA/88", NotFound())
        world.resolve("88/X")

        assert world.tree.enclosing("77.1", world.now) is world.tree.root
        assert len(world.tree) == 0

    def test_a_neighbour_that_looks_alike_is_not_below(self, world) -> None:
        """`88.10` is no part of `88.1`."""
        world.tree.learn(Delegation("88.1", Kind.DERIVED, (world.site("secondary"),), 60), world.now)

        assert world.tree.enclosing("88.10.5", world.now) is world.tree.root

    def test_a_302_for_one_identifier_does_not_move_the_prefix(self, world) -> None:
        """The enterprise may send one identifier elsewhere; the next one is asked at the enterprise again."""
        world.national_tree()
        world.script("enterprise", X, world.service_referral("workshop"))
        world.resolve(X)
        world.asked.clear()

        world.resolve("88.118.8/Y")

        assert world.questions == [(world.address("enterprise"), "88.118.8/Y")]


class TestLimits:
    """Loops and budgets."""

    def test_a_node_that_refers_to_itself_ends(self, world) -> None:
        """No progress is code 6."""
        world.script("root", "0.NA/88.118.8", world.prefix_referral("root"))

        assert world.resolve(X).outcome == Refused(6, "referrals form a loop")
        assert len(world.asked) == 1

    def test_two_nodes_that_refer_to_each_other_end(self, world) -> None:
        """The same server is not asked the same question twice."""
        world.script("root", "0.NA/88.118.8", world.prefix_referral("other"))
        world.script("other", "0.NA/88.118.8", world.prefix_referral("root"))

        assert world.resolve(X).outcome == Refused(6, "referrals form a loop")
        assert len(world.asked) == 2

    def test_a_chain_of_nine_referrals_is_too_long(self, world) -> None:
        """Eight are followed."""
        world.script("root", "0.NA/88.118.8", world.prefix_referral("node0"))
        for number in range(12):
            world.script(f"node{number}", "0.NA/88.118.8", world.prefix_referral(f"node{number + 1}"))

        assert world.resolve(X).outcome == Refused(6, "too many referrals")
        assert len(world.asked) == REFERRAL_HOPS_MAX + 1

    def test_a_query_that_was_passed_on_before_has_fewer_hops(self, world) -> None:
        """The count the asker sends is honoured, so circles of recursive nodes end."""
        world.national_tree()
        resolution = Resolution(world.query(X), world.tree, Budget(0.0, hops=REFERRAL_HOPS_MAX), 0.0)
        step = resolution.next_query(0.0)
        assert isinstance(step, Ask)
        resolution.receive(Reply(world.prefix_referral("secondary"), "", "udp"), 0.0)

        assert resolution.next_query(0.0).outcome == Refused(6, "too many referrals")

    def test_sixteen_packets_are_all(self, world) -> None:
        """An authority that names many silent sites does not turn one question into a flood."""
        names = [f"dead{number}" for number in range(8)]
        world.default = Refused(2, "broken")
        world.script(
            "root",
            "0.NA/88.118.8",
            Answer(world.encoded(*(("HS_SITE", encode_site(world.site(name, name + "a", name + "b"))) for name in names)), 60),
        )

        done = world.resolve(X)

        assert done.outcome == Refused(2, "16 questions to other nodes were not enough")
        assert len(world.asked) == UPSTREAM_PACKETS_MAX

    def test_time_is_limited(self, world) -> None:
        """Two seconds after the question there is an answer, whatever it is."""
        world.national_tree()
        world.step_s = 1.5

        done = world.resolve(X)

        assert done.outcome == Refused(2, "no answer in time")
        assert done.failed
        assert len(world.asked) == 2

    def test_while_a_reply_is_due_there_is_nothing_to_ask(self, world) -> None:
        """One question at a time."""
        resolution = Resolution(world.query(X), world.tree, Budget(0.0), 0.0)
        resolution.next_query(0.0)

        assert resolution.next_query(0.5) == Wait(2.0)

    def test_a_reply_after_the_end_changes_nothing(self, world) -> None:
        """The asker has been answered already."""
        resolution = Resolution(world.query(X), world.tree, Budget(0.0), 0.0)
        resolution.next_query(0.0)
        done = resolution.next_query(3.0)
        resolution.receive(Reply(NotFound(), "", "udp"), 3.1)

        assert resolution.next_query(3.2) is done


NODES = ("root", "a", "b", "c", "d")


def _random_world(make: Callable[[], object], choices: list[int]) -> object:
    """A world in which node n's answers about prefixes, services and identifiers are drawn from `choices`."""
    world = make()
    world.tree = DelegationTree([world.site("root")])

    def answer(code: int, query: Query) -> object:
        name = NODES[code % 5]
        kind = code // 5
        return (
            world.prefix_referral(name, ttl=kind),
            world.service_referral(name),
            world.sites(name, ttl=60),
            Answer(world.encoded(("HS_SERV", f"9{code % 3}/s".encode())), 60),
            Answer(world.encoded(("HS_ALIAS", f"8{code % 3}.1/x".encode())), 60),
            Referral(303, world.encoded(), handle=f"9{code % 3}/s", ttl_s=60),
            Refused(301, "not mine"),
            NoValues(),
            world.silent(),
        )[kind % 9]

    for position, name in enumerate(NODES):
        for number, spelling in enumerate(SPELLINGS):
            code = choices[(position * len(SPELLINGS) + number) % len(choices)]
            drawn = answer(code, None)
            world.script(name, spelling, drawn if isinstance(drawn, Failure) else (lambda query, drawn=drawn: drawn))
    return world


SPELLINGS = (
    [f"0.NA/{p}" for p in ("80.1", "81.1", "82.1", "90", "91", "92")]
    + [f"{p}/x" for p in ("80.1", "81.1", "82.1")]
    + [f"{p}/s" for p in ("90", "91", "92")]
)


class TestEveryGraph:
    """Random trees of at most five nodes."""

    @settings(max_examples=150, deadline=None)
    @given(choices=st.lists(st.integers(0, 44), min_size=60, max_size=60), follow=st.booleans())
    def test_every_walk_ends_within_its_budget(self, new_world, choices, follow) -> None:
        """Whatever the nodes say, there is an outcome, at most 16 questions, and no question twice to one server."""
        world = _random_world(new_world, choices)

        done = world.resolve("80.1/x", follow_alias=follow)

        asked = [(address, query.spelling, query.types) for address, query in world.asked]
        assert isinstance(done, Done)
        assert len(asked) <= UPSTREAM_PACKETS_MAX
        assert len(asked) == len(set(asked))
        assert len(done.hops) == len(asked)

    @settings(max_examples=100, deadline=None)
    @given(targets=st.lists(st.integers(0, 4), min_size=5, max_size=5))
    def test_every_graph_of_referrals_ends_with_the_same_code(self, new_world, targets) -> None:
        """Five nodes that only refer: a loop is always code 6."""
        world = new_world()
        world.tree = DelegationTree([world.site("root")])
        for name, target in zip(NODES, targets, strict=True):
            world.script(name, "0.NA/80.1", world.prefix_referral(NODES[target]))

        done = world.resolve("80.1/x")

        assert done.outcome == Refused(6, "referrals form a loop")
        assert len(world.asked) <= len(NODES)


def test_an_identifier_asked_with_another_case_of_its_prefix_uses_what_is_known(world) -> None:
    """Prefixes compare without ASCII case."""
    world.script("root", "0.NA/88.AbC", world.sites("enterprise"))
    world.script("enterprise", "88.AbC/x", Answer(world.encoded(("URL", b"here")), 60))
    world.resolve("88.AbC/x")
    world.asked.clear()

    world.resolve("88.aBc/x")

    assert world.questions == [(world.address("enterprise"), "88.aBc/x")]
    assert parse_identifier("88.aBc/x").folded_prefix == "88.ABC"
