"""What a text is read by beside itself: the year, our hosts, and what is known of company prefixes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from idis.proto.schemes.gs1.keys import PrefixLengths

GS1_HOSTS = frozenset({"id.gs1.org"})  # where compressed Digital Links are expected; others are added by a node


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The arguments of a recognition.

    Attributes:
        year: the present one; two-digit years of GS1 dates and the plausibility of battery codes depend on it.
        own_hosts: hosts whose paths are identifiers, in small letters, with their port where it matters.
        gs1_hosts: hosts whose single path segment may be a compressed Digital Link.
        prefix_lengths: digits → length of the GS1 company prefix that they begin with.
        nsi_lengths: version of Ecode → characters of its NSI.
    """

    year: int
    own_hosts: frozenset[str] = frozenset()
    gs1_hosts: frozenset[str] = GS1_HOSTS
    prefix_lengths: PrefixLengths = field(default_factory=dict)
    nsi_lengths: Mapping[str, int] = field(default_factory=dict)
