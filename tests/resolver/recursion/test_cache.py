"""The cache of a recursive node."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from idis.proto.identifier import parse_identifier
from idis.proto.outcome import Answer, NotFound, NoValues, Refused
from idis.proto.query import Query
from idis.resolver.recursion.cache import AnswerCache, cache_key, entry_bytes, stale_outcome

# One value: index 1, timestamp 0, relative TTL 60, permissions 1110, type "URL", data "x", no references.
VALUES = bytes.fromhex("0000000100000001 00000000 00 0000003c 0e 00000003 55524c 00000001 78 00000000")
# The same with an absolute TTL of unix time 1000.
ABSOLUTE = bytes.fromhex("0000000100000001 00000000 01 000003e8 0e 00000003 55524c 00000001 78 00000000")


def no_jitter() -> float:
    """A random number that makes every lifetime whole."""
    return 0.0


def query(text: str = "88.1/x", **wish: object) -> Query:
    """A query for a text."""
    return Query(text, parse_identifier(text), **wish)  # type: ignore[arg-type]


def key(text: str = "88.1/x", **wish: object):
    """The key of a query."""
    return cache_key(query(text, **wish))


class TestKey:
    """Which questions are the same."""

    def test_the_prefix_is_folded(self) -> None:
        """Prefixes compare without ASCII case everywhere."""
        assert key("ab.1/x") == key("AB.1/x")

    def test_the_suffix_is_not_folded(self) -> None:
        """Only its owner knows whether case matters there."""
        assert key("88.1/x") != key("88.1/X")

    def test_both_spellings_of_a_prefix_are_one_question(self) -> None:
        """`88.1` is `0.NA/88.1`."""
        assert key("88.1") == key("0.NA/88.1")

    def test_filters_make_other_questions(self) -> None:
        """Types and indexes, whatever their order, and the case of types does not matter."""
        assert key(types=("URL", "EMAIL")) == key(types=("email", "url"))
        assert len({key(), key(types=("URL",)), key(indexes=(1,)), key(indexes=(2,))}) == 4

    def test_flags_that_change_the_answer_make_other_questions(self) -> None:
        """Restricted values and followed aliases are answered differently; an explanation is not."""
        assert len({key(), key(public_only=False), key(follow_alias=True)}) == 3
        assert key(explain=True) == key()

    def test_an_answer_for_an_identity_has_no_key(self) -> None:
        """What one reader may see is never shared."""
        assert key(auth=b"token") is None


class TestLifetime:
    """How long an outcome is served."""

    def test_an_answer_is_fresh_for_its_ttl(self) -> None:
        """Until the last moment, and not beyond."""
        cache = AnswerCache(no_jitter)
        entry = cache.put(key(), Answer(VALUES, 60), 100.0, 0.0)

        assert entry.fresh(159.9, 0.0)
        assert not entry.fresh(160.0, 0.0)

    def test_the_remaining_time_is_told_and_the_octets_stay(self) -> None:
        """Signatures cover the TTL field, so only the outcome's own TTL shrinks."""
        cache = AnswerCache(no_jitter)
        entry = cache.put(key(), Answer(VALUES, 60), 100.0, 0.0)

        assert entry.aged(120.0) == Answer(VALUES, 40)

    def test_jitter_only_shortens(self) -> None:
        """At most 5 %."""
        cache = AnswerCache(lambda: 1.0)
        entry = cache.put(key(), Answer(VALUES, 100), 0.0, 0.0)

        assert entry.expires_at == 95.0

    def test_an_answer_without_ttl_is_not_kept(self) -> None:
        """0 forbids caching, and what was known before is over."""
        cache = AnswerCache(no_jitter)
        cache.put(key(), Answer(VALUES, 60), 0.0, 0.0)

        assert cache.put(key(), Answer(VALUES, 0), 1.0, 0.0) is None
        assert cache.get(key(), 1.0) is None

    def test_no_answer_outlives_the_longest_ttl(self) -> None:
        """A year is cut to a day."""
        cache = AnswerCache(no_jitter)
        entry = cache.put(key(), Answer(VALUES, 31_536_000), 0.0, 0.0)

        assert entry.expires_at == 86_400.0

    def test_a_value_with_an_absolute_end_is_not_served_past_it(self) -> None:
        """The wall clock decides there, whatever the monotonic one says."""
        cache = AnswerCache(no_jitter)
        entry = cache.put(key(), Answer(ABSOLUTE, 500), 0.0, 500.0)

        assert entry.fresh(1.0, 999.0)
        assert not entry.fresh(1.0, 1_000.0)

    def test_absent_names_are_kept_a_minute(self) -> None:
        """NotFound and NoValues alike."""
        cache = AnswerCache(no_jitter)

        assert cache.put(key("88.1/a"), NotFound(), 0.0, 0.0).expires_at == 60.0
        assert cache.put(key("88.1/b"), NoValues(), 0.0, 0.0).expires_at == 60.0

    def test_the_negative_ttl_is_capped(self) -> None:
        """A new name must be seen within five minutes, whatever the operator sets."""
        cache = AnswerCache(no_jitter, negative_ttl_s=9_999)

        assert cache.put(key(), NotFound(), 0.0, 0.0).expires_at == 300.0

    def test_an_absence_may_be_kept_for_less(self) -> None:
        """Never for more than any other."""
        cache = AnswerCache(no_jitter, negative_ttl_s=20)

        assert cache.put(key("88.1/a"), NotFound(), 0.0, 0.0, negative_ttl_s=5).expires_at == 5.0
        assert cache.put(key("88.1/b"), NotFound(), 0.0, 0.0, negative_ttl_s=50).expires_at == 20.0

    def test_a_refusal_is_believed_no_longer_than_an_absence(self) -> None:
        """Who is suspended now may be resumed soon: 1, 2, 4 … 60 s, however often it was asked."""
        cache = AnswerCache(no_jitter)
        now, lifetimes = 0.0, []
        for _ in range(9):
            entry = cache.put(key(), Refused(301), now, 0.0)
            lifetimes.append(entry.expires_at - now)
            now = entry.expires_at

        assert lifetimes == [1, 2, 4, 8, 16, 32, 60, 60, 60]

    def test_failures_are_kept_twice_as_long_each_time(self) -> None:
        """1, 2, 4 … 300 s."""
        cache = AnswerCache(no_jitter)
        now, lifetimes = 0.0, []
        for _ in range(11):
            entry = cache.fail(key(), Refused(2), now)
            lifetimes.append(entry.expires_at - now)
            now = entry.expires_at

        assert lifetimes == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]

    def test_an_answer_ends_a_row_of_failures(self) -> None:
        """The next failure counts from one again."""
        cache = AnswerCache(no_jitter)
        cache.fail(key(), Refused(2), 0.0)
        cache.fail(key(), Refused(2), 1.0)
        cache.put(key(), Answer(VALUES, 10), 4.0, 0.0)
        entry = cache.put(key(), Refused(301), 20.0, 0.0)

        assert entry.expires_at == 21.0


class TestStale:
    """Old answers while the authority is silent."""

    def test_a_failure_leaves_the_old_answer(self) -> None:
        """It is what there is to serve, and nobody asks again for 30 s."""
        cache = AnswerCache(no_jitter)
        cache.put(key(), Answer(VALUES, 60), 0.0, 0.0)
        entry = cache.fail(key(), Refused(2), 100.0)

        assert stale_outcome(entry) == Answer(VALUES, 30)
        assert entry.refresh_at == 130.0

    def test_a_stale_answer_is_dropped_after_a_day(self) -> None:
        """86,400 s beyond its end."""
        cache = AnswerCache(no_jitter)
        cache.put(key(), Answer(VALUES, 60), 0.0, 0.0)

        assert cache.get(key(), 86_459.0) is not None
        assert cache.get(key(), 86_460.0) is None

    def test_an_absent_name_is_never_stale(self) -> None:
        """After its time nothing is known of it."""
        cache = AnswerCache(no_jitter)
        cache.put(key(), NotFound(), 0.0, 0.0)

        assert cache.get(key(), 60.0) is None

    def test_a_refusal_by_the_authority_ends_the_old_answer(self) -> None:
        """A suspended prefix is not served from memory."""
        cache = AnswerCache(no_jitter)
        cache.put(key(), Answer(VALUES, 60), 0.0, 0.0)
        cache.put(key(), Refused(301, "suspended"), 100.0, 0.0)

        assert cache.fail(key(), Refused(2), 102.0).outcome == Refused(2)


class TestBounds:
    """Memory."""

    def test_the_octets_are_bounded(self) -> None:
        """However many names come, the count stays below the bound."""
        cache = AnswerCache(no_jitter, bytes_max=100_000)
        for number in range(1_000):
            cache.put(key(f"88.1/{number}"), Answer(VALUES, 60), 0.0, 0.0)

        assert 75_000 < cache.bytes_used <= 100_000
        assert cache.evictions == 1_000 - len(cache)

    def test_absent_names_do_not_evict_real_ones(self) -> None:
        """They have a tenth of the room to themselves."""
        cache = AnswerCache(no_jitter, bytes_max=100_000)
        cache.put(key("88.1/real"), Answer(VALUES, 60), 0.0, 0.0)
        for number in range(1_000):
            cache.put(key(f"88.1/{number}"), NotFound(), 0.0, 0.0)

        assert cache.get(key("88.1/real"), 1.0) is not None
        assert cache.bytes_used <= 12_000

    def test_failures_have_a_fiftieth(self) -> None:
        """A broken authority does not crowd out anybody."""
        cache = AnswerCache(no_jitter, bytes_max=100_000)
        for number in range(1_000):
            cache.fail(key(f"88.1/{number}"), Refused(2, "no answer in time"), 0.0)

        assert cache.bytes_used <= 2_000

    def test_what_was_asked_for_again_survives_a_scan(self) -> None:
        """A walk over many names passes through the small queue."""
        cache = AnswerCache(no_jitter, bytes_max=100_000)
        for number in range(10):
            entry = cache.put(key(f"88.1/hot{number}"), Answer(VALUES, 60), 0.0, 0.0)
            entry.referenced = True
        for number in range(5_000):
            cache.put(key(f"88.1/{number}"), Answer(VALUES, 60), 0.0, 0.0)

        assert all(cache.get(key(f"88.1/hot{number}"), 1.0) is not None for number in range(10))

    def test_an_answer_larger_than_its_share_is_not_kept(self) -> None:
        """It is served and forgotten."""
        cache = AnswerCache(no_jitter, bytes_max=10_000)

        assert cache.put(key(), Answer(VALUES[:4] + VALUES[4:30] + VALUES[30:], 60), 0.0, 0.0) is not None
        large = bytes.fromhex("0000000100000001 00000000 00 0000003c 0e 00000000 00004000") + bytes(0x4000) + bytes(4)
        assert cache.put(key("88.1/large"), Answer(large, 60), 0.0, 0.0) is None

    def test_a_replaced_answer_is_counted_once(self) -> None:
        """Refreshing does not fill the cache."""
        cache = AnswerCache(no_jitter)
        entry = cache.put(key(), Answer(VALUES, 60), 0.0, 0.0)
        for _ in range(100):
            cache.put(key(), Answer(VALUES, 60), 0.0, 0.0)

        assert cache.bytes_used == entry_bytes(entry)

    def test_flushing_a_prefix_drops_what_is_at_and_below_it(self) -> None:
        """`88.10` is not below `88.1`."""
        cache = AnswerCache(no_jitter)
        for text in ("88.1/x", "88.1.5/x", "88.1", "88.10/x"):
            cache.put(key(text), Answer(VALUES, 60), 0.0, 0.0)

        assert cache.flush("88.1") == 3
        assert cache.get(key("88.10/x"), 1.0) is not None

    def test_flushing_everything_leaves_nothing(self) -> None:
        """The count of octets agrees."""
        cache = AnswerCache(no_jitter)
        cache.put(key("88.1/a"), Answer(VALUES, 60), 0.0, 0.0)
        cache.put(key("88.1/b"), NotFound(), 0.0, 0.0)
        cache.fail(key("88.1/c"), Refused(2), 0.0)

        assert cache.flush("") == 3
        assert (len(cache), cache.bytes_used) == (0, 0)


class CacheMachine(RuleBasedStateMachine):
    """The cache against a dictionary of what was last said and until when, with room for everything."""

    def __init__(self) -> None:
        super().__init__()
        self.cache = AnswerCache(no_jitter, bytes_max=10_000_000, stale_max_s=50)
        self.now = 0.0
        self.model: dict[str, tuple[object, float]] = {}
        self.rows: dict[str, int] = {}

    names = st.sampled_from(["88.1/a", "88.1/b", "88.2/a", "88.1.2/a"])

    @rule(seconds=st.integers(0, 40))
    def wait(self, seconds: int) -> None:
        """Time passes."""
        self.now += seconds

    @rule(name=names, ttl_s=st.integers(0, 100))
    def answer(self, name: str, ttl_s: int) -> None:
        """The authority answers."""
        self.cache.put(key(name), Answer(VALUES, ttl_s), self.now, 0.0)
        if ttl_s:
            self.model[name] = (Answer(VALUES, ttl_s), self.now + ttl_s)
        else:
            self.model.pop(name, None)

    @rule(name=names)
    def absent(self, name: str) -> None:
        """The authority knows no such name."""
        self.cache.put(key(name), NotFound(), self.now, 0.0)
        self.model[name] = (NotFound(), self.now + 60)

    @rule(name=names)
    def silence(self, name: str) -> None:
        """The authority is silent: an answer not older than stale ones may be stays, anything else becomes a failure."""
        known, until = self.model.get(name, (None, 0.0))
        self.cache.fail(key(name), Refused(2), self.now)
        if isinstance(known, Answer) and self.now < until + 50:
            return
        in_a_row = self.rows.get(name, 0) if isinstance(known, Refused) and self.now < until + 300 else 0
        self.model[name] = (Refused(2), self.now + min(2**in_a_row, 300))
        self.rows[name] = in_a_row + 1

    @rule(prefix=st.sampled_from(["88.1", "88.2", ""]))
    def flush(self, prefix: str) -> None:
        """The owner changed something."""
        self.cache.flush(prefix)
        for name in list(self.model):
            owner = name.partition("/")[0]
            if not prefix or owner == prefix or owner.startswith(prefix + "."):
                del self.model[name]

    @invariant()
    def agrees(self) -> None:
        """What is fresh in one is fresh in the other, with the same outcome."""
        for name in ("88.1/a", "88.1/b", "88.2/a", "88.1.2/a"):
            entry = self.cache.get(key(name), self.now)
            known, until = self.model.get(name, (None, -1.0))
            if entry is not None and entry.fresh(self.now, 0.0):
                assert entry.outcome == known
                assert entry.expires_at == until
            else:
                assert self.now >= until


CacheMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestCacheAgainstModel = CacheMachine.TestCase
