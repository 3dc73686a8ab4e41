"""Servers that can be asked, and in which order."""

from __future__ import annotations

import pytest

from idis.proto.types.site import HTTP, INTERFACE_ADMIN, INTERFACE_BOTH, INTERFACE_QUERY, TCP, UDP, Interface, Server, Site
from idis.resolver.recursion.target import merge_families, server_address, target_of, targets

X = "88.118.8/ship-001"  # its hash is 811817825: bucket 1 of 2, 2 of 3 (the vectors of the wire specification)
BOTH = (Interface(INTERFACE_BOTH, TCP, 2641), Interface(INTERFACE_QUERY, UDP, 2642))


def server(number: int, address: str, interfaces: tuple[Interface, ...] = BOTH) -> Server:
    """A server of a site."""
    return Server(number, address, b"", interfaces)


def addresses(sites, identifier: str = X, **wish) -> list[str]:
    """First addresses in the order of asking."""
    wish.setdefault("primary_only", False)
    return [target.addresses[0] for target in targets(sites, identifier, **wish)]


class TestOrder:
    """Which server first."""

    @pytest.mark.parametrize(("count", "bucket"), [(1, 0), (2, 1), (3, 2), (4, 1)])
    def test_the_hash_of_the_identifier_picks_the_server(self, count, bucket) -> None:
        """By position in the site."""
        site = Site(servers=tuple(server(number, f"10.0.0.{number}") for number in range(count)))

        assert addresses([site])[0] == f"10.0.0.{bucket}"

    def test_the_other_servers_of_a_site_come_last(self) -> None:
        """After the right server of every site."""
        one = Site(servers=(server(1, "10.0.0.1"), server(2, "10.0.0.2")))
        two = Site(servers=(server(1, "10.0.1.1"), server(2, "10.0.1.2")))

        assert addresses([one, two]) == ["10.0.0.2", "10.0.1.2", "10.0.0.1", "10.0.1.1"]

    def test_the_cheaper_site_comes_first(self) -> None:
        """By the rank that is given."""
        sites = [Site(servers=(server(1, f"10.0.0.{number}"),)) for number in (1, 2)]

        assert addresses(sites, rank=lambda target: -float(target.addresses[0][-1])) == ["10.0.0.2", "10.0.0.1"]

    def test_a_server_named_by_two_sites_is_asked_once(self) -> None:
        """It would say the same."""
        site = Site(servers=(server(1, "10.0.0.1"),))

        assert addresses([site, site]) == ["10.0.0.1"]

    def test_mirrors_are_left_out_for_authoritative_questions(self) -> None:
        """They may be behind."""
        mirror = Site(primary=False, servers=(server(1, "10.0.0.1"),))
        primary = Site(servers=(server(1, "10.0.0.2"),))

        assert addresses([mirror, primary], primary_only=True) == ["10.0.0.2"]

    def test_a_site_without_servers_is_passed_over(self) -> None:
        """It has nobody to ask."""
        assert addresses([Site()]) == []


class TestWays:
    """How a server is reached."""

    def test_ports_follow_the_interfaces(self) -> None:
        """Each transport has its own."""
        target = target_of(Site(), server(1, "10.0.0.1"))

        assert (target.udp_port, target.tcp_port, target.name) == (2642, 2641, "10.0.0.1:2641")

    def test_administration_only_is_not_asked(self) -> None:
        """Nor HTTP, which this resolver does not speak upstream."""
        closed = (Interface(INTERFACE_ADMIN, TCP, 2641), Interface(INTERFACE_BOTH, HTTP, 8000))

        assert target_of(Site(), server(1, "10.0.0.1", closed)) is None

    def test_a_port_that_is_none_is_not_asked(self) -> None:
        """The wire has room for 32 bits."""
        assert target_of(Site(), server(1, "10.0.0.1", (Interface(INTERFACE_BOTH, TCP, 70_000),))) is None

    def test_a_second_address_is_an_attribute(self) -> None:
        """For all servers or for one; IPv6 is tried first, and what is no address is passed over."""
        attributes = (("alt_addr", "no address"), ("alt_addr.1", "2001:db8::1"), ("alt_addr.2", "2001:db8::2"))

        assert target_of(Site(attributes=attributes), server(1, "10.0.0.1")).addresses == ("2001:db8::1", "10.0.0.1")

    def test_versions_stay_within_what_both_speak(self) -> None:
        """2.3 at least, our best at most."""
        assert target_of(Site(version=(2, 1)), server(1, "10.0.0.1")).version == (2, 3)
        assert target_of(Site(version=(2, 10)), server(1, "10.0.0.1")).version == (2, 10)
        assert target_of(Site(version=(3, 0)), server(1, "10.0.0.1")).version == (2, 11)

    def test_an_ipv6_name_has_brackets(self) -> None:
        """As commands take it."""
        assert target_of(Site(), server(1, "2001:db8::1")).name == "[2001:db8::1]:2641"


class TestFamilies:
    """HS_SITE.6 beside HS_SITE."""

    def test_the_same_servers_on_both_families_are_one_site(self) -> None:
        """Each server with two addresses."""
        four = Site(servers=(server(1, "10.0.0.1"), server(2, "10.0.0.2")))
        six = Site(servers=(server(1, "2001:db8::1"), server(2, "2001:db8::2")))

        (merged,) = merge_families([four], [six])

        assert target_of(merged, merged.servers[1]).addresses == ("2001:db8::2", "10.0.0.2")

    def test_different_servers_stay_two_sites(self) -> None:
        """IPv6 first."""
        four = Site(servers=(server(1, "10.0.0.1"),))
        six = Site(servers=(server(1, "2001:db8::1"), server(2, "2001:db8::2")))

        assert merge_families([four], [six]) == (six, four)


class TestAddresses:
    """Servers as people write them."""

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("127.0.0.1:3641", ("127.0.0.1", 3641)),
            ("127.0.0.1", ("127.0.0.1", 2641)),
            ("node.example:1", ("node.example", 1)),
            ("[::1]:3641", ("::1", 3641)),
            ("[::1]", ("::1", 2641)),
            ("::1", ("::1", 2641)),
        ],
    )
    def test_hosts_with_and_without_ports(self, text, expected) -> None:
        """The port is 2641 unless given."""
        assert server_address(text) == expected

    @pytest.mark.parametrize("text", ["", ":2641", "host:0", "host:65536", "host:http", "[::1", "[::1]2641", "host:²"])
    def test_anything_else_is_refused(self, text) -> None:
        """With the text in the sentence."""
        with pytest.raises(ValueError, match="is no server address"):
            server_address(text)
