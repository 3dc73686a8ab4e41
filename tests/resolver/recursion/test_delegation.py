"""Who answers for which prefix."""

from __future__ import annotations

from idis.proto.identifier import Identifier
from idis.resolver.recursion.delegation import Delegation, DelegationTree, Kind, home_pointers, referral_pointers


def delegation(world, prefix: str, kind: Kind = Kind.DERIVED, ttl_s: int = 60) -> Delegation:
    """A delegation to a node called like the prefix."""
    return Delegation(prefix, kind, (world.site(prefix),), ttl_s)


class TestPointers:
    """Reading site and service values."""

    def test_a_prefix_record_points_home(self, world) -> None:
        """HS_SITE and HS_SERV; where derived prefixes are registered is another question."""
        encoded = world.values("a")[4:]
        derived = world.values("b", kind="HS_SITE.PREFIX")[4:]
        found = home_pointers(b"\x00\x00\x00\x02" + encoded + derived)

        assert [site.servers[0].address for site in found.sites] == [world.address("a")]

    def test_a_referral_points_to_the_derived_sites(self, world) -> None:
        """If it has any."""
        encoded = world.values("a")[4:]
        derived = world.values("b", kind="HS_SITE.PREFIX")[4:]
        found = referral_pointers(b"\x00\x00\x00\x02" + encoded + derived)

        assert [site.servers[0].address for site in found.sites] == [world.address("b")]

    def test_a_referral_may_use_the_plain_types(self, world) -> None:
        """As 302 does."""
        assert len(referral_pointers(world.values("a")).sites) == 1

    def test_types_are_read_in_any_case(self, world) -> None:
        """The wire compares them without it."""
        assert len(home_pointers(world.values("a", kind="hs_site")).sites) == 1

    def test_services_are_listed_once(self, world) -> None:
        """In their order."""
        values = world.encoded(("HS_SERV", b"99/s"), ("HS_SERV", b"99/s"), ("HS_SERV", b"99/t"))

        assert home_pointers(values).services == (Identifier("99", "s"), Identifier("99", "t"))

    def test_broken_values_are_passed_over(self, world) -> None:
        """One bad site does not hide a good one."""
        values = world.encoded(("HS_SITE", b"garbage"), ("HS_SERV", b"9..9/s"), ("HS_SERV", b"\xff/x"), ("HS_SERV", b"99/s"))

        found = home_pointers(values)

        assert (found.sites, found.services) == ((), (Identifier("99", "s"),))

    def test_octets_that_are_no_values_point_nowhere(self) -> None:
        """A count without values."""
        assert home_pointers(b"\x00\x00\x00\x07").sites == ()


class TestTree:
    """Looking up and forgetting."""

    def test_the_closest_ancestor_is_found(self, world) -> None:
        """By label."""
        for prefix in ("88", "88.118"):
            world.tree.learn(delegation(world, prefix), 0.0)

        assert world.tree.enclosing("88.118.8", 1.0).prefix == "88.118"
        assert world.tree.enclosing("88.119.8", 1.0).prefix == "88"
        assert world.tree.enclosing("88", 1.0) is world.tree.root

    def test_home_and_derived_are_two_facts(self, world) -> None:
        """Of one prefix."""
        world.tree.learn(delegation(world, "88.118", Kind.HOME), 0.0)

        assert world.tree.home("88.118", 1.0) is not None
        assert world.tree.enclosing("88.118.8", 1.0) is world.tree.root

    def test_a_delegation_ends_with_its_ttl(self, world) -> None:
        """And is gone from memory when it is next looked at."""
        world.tree.learn(delegation(world, "88"), 0.0)

        assert world.tree.enclosing("88.1", 59.0).prefix == "88"
        assert world.tree.enclosing("88.1", 60.0) is world.tree.root
        assert len(world.tree) == 0

    def test_a_year_is_a_day(self, world) -> None:
        """A delegation is checked again, whatever its TTL."""
        world.tree.learn(delegation(world, "88", ttl_s=31_536_000), 0.0)

        assert world.tree.enclosing("88.1", 86_400.0) is world.tree.root

    def test_what_proved_wrong_is_forgotten(self, world) -> None:
        """But not what has taken its place meanwhile."""
        old, new = delegation(world, "88"), delegation(world, "88", ttl_s=120)
        world.tree.learn(old, 0.0)
        world.tree.learn(new, 0.0)
        world.tree.forget(old)

        assert world.tree.enclosing("88.1", 1.0) is new
        world.tree.forget(new)
        assert len(world.tree) == 0

    def test_flushing_a_prefix_drops_what_is_at_and_below_it(self, world) -> None:
        """Not its neighbours."""
        for prefix in ("88.1", "88.1.5", "88.10"):
            world.tree.learn(delegation(world, prefix), 0.0)

        assert world.tree.flush("88.1") == 2
        assert world.tree.enclosing("88.10.1", 1.0).prefix == "88.10"

    def test_the_tree_is_bounded(self, world) -> None:
        """The least recently used goes."""
        tree = DelegationTree([world.site("root")], delegations_max=2)
        tree.learn(delegation(world, "1"), 0.0)
        tree.learn(delegation(world, "2"), 0.0)
        tree.enclosing("1.5", 1.0)
        tree.learn(delegation(world, "3"), 0.0)

        assert [tree.enclosing(f"{prefix}.5", 1.0).prefix for prefix in ("1", "2", "3")] == ["1", "", "3"]
