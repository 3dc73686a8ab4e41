from __future__ import annotations

from idis.proto.codes import Permission, ResponseCode
from idis.proto.identifier import parse_identifier
from idis.proto.outcome import Answer, NotFound, Outcome, Refused
from idis.proto.query import Query
from idis.proto.value import Value, decode_values, encode_values
from idis.registry.authority import answer
from idis.registry.prefix import PrefixEntry, Privacy
from idis.registry.record import Record, prepare
from idis.registry.store.memory import MemoryStore

NOW = 1_800_000_000
SECRET = int(Permission.ADMIN_READ)
RULE = b"""<namespace><template delimiter="@"><foreach>
<if value="type" test="equals" expression="URL"><value data="${data}#page=${extension}"/></if>
</foreach></template></namespace>"""
OWN_RULE = b"""<namespace><template delimiter="@"><value type="NOTE" index="1" data="of ${base}"/></template></namespace>"""


def _asked(
    spelling: str,
    rule: bytes,
    *base: Value,
    permissions: int = 14,
    types: tuple[str, ...] = (),
    privacy: Privacy = Privacy.HANDLE,
    beside: Record | None = None,
) -> Outcome:
    store = MemoryStore()
    values = encode_values([Value(5, "HS_NAMESPACE", rule, permissions=permissions)])
    entry = PrefixEntry("88.118.8", homed=True, values=values, privacy=privacy)
    store.write(lambda txn: txn.put_prefix(entry), actor="test").result()
    if beside is not None:
        store.write(lambda txn: txn.put_record(prepare(beside, NOW)), actor="test").result()
    if base:
        store.write(lambda txn: txn.put_record(prepare(Record("88.118.8/BOOK", base), NOW)), actor="test").result()
    with store.read() as txn:
        return answer(Query(spelling, parse_identifier(spelling), types=types), txn, NOW)


def _data(outcome: Outcome) -> list[bytes]:
    assert isinstance(outcome, Answer)
    return [value.data for value in decode_values(outcome.values)]


def test_one_record_answers_for_every_page() -> None:
    """The rule of the prefix makes the values of a name that nobody registered."""
    assert _data(_asked("88.118.8/book@7", RULE, Value(1, "URL", b"https://x/book"))) == [b"https://x/book#page=7"]


def test_the_base_itself_is_answered_as_registered() -> None:
    """A name without the delimiter is a name like any other."""
    assert _data(_asked("88.118.8/BOOK", RULE, Value(1, "URL", b"https://x/book"))) == [b"https://x/book"]


def test_filters_hold_for_made_values() -> None:
    """A made value is wanted or not like a stored one."""
    base = (Value(1, "URL", b"https://x/book"), Value(2, "EMAIL", b"a@b"))

    assert _data(_asked("88.118.8/BOOK@7", RULE, *base, types=("URL",))) == [b"https://x/book#page=7"]


def test_hidden_values_of_the_base_are_not_made_visible() -> None:
    """Only what everybody may read goes into the rule."""
    base = (Value(1, "URL", b"https://x/book"), Value(2, "URL", b"https://secret/", permissions=SECRET))

    assert _data(_asked("88.118.8/BOOK@7", RULE, *base)) == [b"https://x/book#page=7"]


def test_the_base_may_have_a_rule_of_its_own() -> None:
    """It goes before the rule of the prefix."""
    assert _data(_asked("88.118.8/BOOK@7", RULE, Value(5, "HS_NAMESPACE", OWN_RULE))) == [b"of 88.118.8/BOOK"]


def test_a_name_without_the_delimiter_stays_not_found() -> None:
    """The rule says nothing about it."""
    assert _asked("88.118.8/OTHER", RULE) == NotFound()


def test_a_hidden_rule_is_no_rule() -> None:
    """A namespace that is not public makes nothing."""
    assert _asked("88.118.8/BOOK@7", RULE, Value(1, "URL", b"https://x/book"), permissions=SECRET) == NotFound()


def test_a_record_that_is_hidden_whole_is_answered_as_an_absent_one() -> None:
    """Below a strict prefix the rule makes what it would make if nothing were registered under the name."""
    hidden = Record("88.118.8/BOOK@7", (Value(1, "NOTE", b"secret", permissions=SECRET),))
    base = Value(1, "URL", b"https://x/book")
    absent = _asked("88.118.8/BOOK@7", RULE, base, privacy=Privacy.STRICT)

    assert isinstance(absent, Answer)
    assert _asked("88.118.8/BOOK@7", RULE, base, beside=hidden, privacy=Privacy.STRICT) == absent


def test_a_broken_rule_is_an_error_that_names_the_prefix() -> None:
    """The asker cannot mend it; the owner of the prefix can."""
    outcome = _asked("88.118.8/BOOK@7", b"<namespace><template>", Value(1, "URL", b"https://x/book"))

    assert isinstance(outcome, Refused)
    assert outcome.code == ResponseCode.ERROR
    assert "88.118.8" in outcome.message
