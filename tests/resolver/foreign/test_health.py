"""Which provider is well, and in which order they are asked."""

from __future__ import annotations

from idis.resolver.foreign.health import PROVIDERS_MAX, REST_S_MAX, Health

NAMES = ["a", "b", "c"]


def health() -> Health:
    """Without jitter."""
    return Health(lambda: 0.5)


def test_the_preferred_one_is_asked_first() -> None:
    """While all are well, or nothing is known."""
    assert health().order(NAMES, str, 0.0) == NAMES


def test_one_that_failed_rests_twice_as_long_each_time() -> None:
    """And comes back by itself; an answer ends it."""
    known = health()
    known.failed("a", "down", 0.0)
    assert known.order(NAMES, str, 1.9) == ["b", "c"]
    assert known.order(NAMES, str, 2.0) == NAMES
    known.failed("a", "down", 2.0)
    assert known.order(NAMES, str, 5.9) == ["b", "c"]
    known.answered("a", 0.01)

    assert known.order(NAMES, str, 5.9) == NAMES
    assert known.of("a").well


def test_nobody_rests_for_ever() -> None:
    """At most REST_S_MAX seconds."""
    known = health()
    for _ in range(40):
        known.failed("a", "down", 0.0)

    assert known.of("a").rests_until == REST_S_MAX


def test_while_all_rest_one_is_asked_all_the_same() -> None:
    """The one whose rest ends first."""
    known = health()
    known.failed("a", "down", 1.0)
    known.failed("b", "down", 0.0)
    known.failed("c", "down", 2.0)

    assert known.order(NAMES, str, 1.5) == ["b"]


def test_one_that_is_far_slower_changes_places() -> None:
    """With the one behind it; a little slower is no matter."""
    known = health()
    known.answered("a", 0.5)
    known.answered("b", 0.02)
    assert known.order(NAMES, str, 0.0) == ["b", "a", "c"]
    known.answered("b", 0.6)

    assert known.order(NAMES, str, 0.0) == NAMES


def test_what_is_remembered_is_bounded() -> None:
    """The longest unused one is forgotten."""
    known = health()
    for number in range(PROVIDERS_MAX + 1):
        known.failed(str(number), "down", 0.0)

    assert known.of("0").well
    assert not known.of("1").well
