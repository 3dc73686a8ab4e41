"""HS_NAMESPACE: template handles."""

import pytest

from idis.proto.errors import ProtocolError
from idis.proto.types.namespace import EXPANSION_STEPS_MAX, decode_namespace, expand
from idis.proto.value import Value

BASE = (Value(1, "URL", b"http://x/y"), Value(7, "EMAIL", b"a@b"))
BOX = rb"""<namespace><template delimiter="@"><foreach>
<if value="type" test="equals" expression="URL">
  <if value="extension" test="matches" expression="box\((\d+),(\d+)\)" parameter="x">
    <value data="${data}?w=${x[1]}&amp;h=${x[2]}"/></if>
  <else><value data="${data}#${extension}"/></else>
</if><else><value/></else></foreach></template></namespace>"""


def one(rules: str) -> bytes:
    """A namespace with these rules and the delimiter @."""
    return f'<namespace><template delimiter="@">{rules}</template></namespace>'.encode()


@pytest.mark.parametrize(
    ("handle", "url"),
    [("1/a@box(3,44)", b"http://x/y?w=3&h=44"), ("1/a@chapter", b"http://x/y#chapter"), ("1/a@", b"http://x/y#")],
)
def test_values_are_made_from_the_base(handle: str, url: bytes) -> None:
    """The extension is put into the base's values; what no rule changes is copied."""
    made = expand(decode_namespace(BOX), handle, BASE)

    assert made == (Value(1, "URL", url), BASE[1])


def test_a_handle_without_the_delimiter_stays_not_found() -> None:
    """There is nothing to expand."""
    assert expand(decode_namespace(BOX), "1/a", BASE) is None


def test_the_delimiter_is_looked_for_in_the_suffix() -> None:
    """The prefix is never cut, and the first delimiter counts."""
    assert decode_namespace(BOX).cut("1@2/a@b@c") == ("1@2/a", "b@c")


def test_a_namespace_without_a_template() -> None:
    """It says nothing about handles that are not found."""
    assert expand(decode_namespace(b"<namespace><contact>x</contact></namespace>"), "1/a@b", BASE) is None


@pytest.mark.parametrize(
    ("rules", "made"),
    [
        ('<value type="URL" data="${handle} ${base} ${extension} ${none}$"/>', [(1, "URL", b"1/a@b 1/a b $")]),
        ('<value index="5" type="X">${extension}</value>', [(5, "X", b"${extension}")]),
        ('<value type="X" data="1"/><value index="1" type="Y" data="2"/>', [(1, "X", b"1"), (2, "Y", b"2")]),
        ('<def parameter="d">[${extension}]</def><value type="X" data="${d}"/>', [(1, "X", b"[b]")]),
        (
            '<if value="extension" test="equals" expression="b" negate="true"><value type="X"/></if>'
            '<else><value type="Y"/></else>',
            [(1, "Y", b"")],
        ),
        (
            '<if value="extension" test="matches" expression="(.)" parameter="m">'
            '<value type="X" data="${m[0]}${m[1]}${m[9]}"/></if>',
            [(1, "X", b"bb")],
        ),
        ('<if value="extension" test="equals" expression="${extension}"><value type="X"/></if>', [(1, "X", b"")]),
        ('<foreach><value index="9" data="${index}${type}"/></foreach>', [(9, "URL", b"1URL"), (10, "EMAIL", b"7EMAIL")]),
        ('<value index="2147483647" type="X"/><value type="Y"/>', [(2**31 - 1, "X", b""), (1, "Y", b"")]),
        ('<unknown/><value type="X"/>', [(1, "X", b"")]),
    ],
)
def test_rules(rules: str, made: list[tuple[int, str, bytes]]) -> None:
    """What each rule makes of 1/a@b."""
    values = expand(decode_namespace(one(rules)), "1/a@b", BASE)

    assert values is not None
    assert [(value.index, value.type, value.data) for value in values] == made


@pytest.mark.parametrize("rules", ["", '<value data="x"/>', '<value type="X"/><notfound/>', '<else><value type="X"/></else>'])
def test_nothing_is_made(rules: str) -> None:
    """No value, a value without a type, a rule that says so, an alternative to nothing."""
    assert expand(decode_namespace(one(rules)), "1/a@b", BASE) is None


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"text",
        b"<namespace>",
        b"<other/>",
        b"<namespace>\xff</namespace>",
        b'<!DOCTYPE n [<!ENTITY a "aaaa">]><namespace>&a;</namespace>',
        b"<namespace>&unknown;</namespace>",
        b"<namespace>" + b"<a/>" * 1_024 + b"</namespace>",
        b"<namespace>" + b"<a>" * 16 + b"</a>" * 16 + b"</namespace>",
        b"<namespace><template><foreach><if><foreach/></if></foreach></template></namespace>",
        b'<namespace><if test="matches" expression="("/></namespace>',
        b"<namespace>" + b" " * 65_536 + b"</namespace>",
    ],
)
def test_namespaces_refused(octets: bytes) -> None:
    """No well-formed XML, a document type, an expression we do not know, or a limit."""
    with pytest.raises(ProtocolError):
        decode_namespace(octets)


def test_rules_run_within_a_budget() -> None:
    """Many rules over many values end."""
    namespace = decode_namespace(one("<foreach>" + '<def parameter="x"/>' * 100 + "</foreach>"))
    base = (Value(1, "X", b""),) * (EXPANSION_STEPS_MAX // 100 + 1)

    with pytest.raises(ProtocolError, match="rules"):
        expand(namespace, "1/a@b", base)


@pytest.mark.parametrize("rule", ['<def parameter="d">${d}${d}x</def>', '<value type="${d}" data="${data}"/>'])
def test_made_data_is_bounded(rule: str) -> None:
    """Doubling a variable, or copying large values, ends."""
    namespace = decode_namespace(one("<foreach>" + rule + "</foreach>" + rule * 40))

    with pytest.raises(ProtocolError, match="more than an answer"):
        expand(namespace, "1/a@b", [Value(1, "X", b"x" * 10_000)] * 40)


def test_expressions_share_a_budget() -> None:
    """When it is used up nothing matches any more."""
    hopeless = '<if value="extension" test="matches" expression="(.*)(.*)(.*)(.*)b"/>'
    last = '<if value="extension" test="matches" expression="a*"><value type="X"/></if>'

    assert expand(decode_namespace(one(hopeless * 50 + last)), "1/a@" + "a" * 200, ()) is None
    assert expand(decode_namespace(one(last)), "1/a@" + "a" * 200, ()) is not None


def test_made_values_are_bounded() -> None:
    """No more than a record holds."""
    namespace = decode_namespace(one("<foreach><value/><value/></foreach>"))

    with pytest.raises(ProtocolError, match="more values"):
        expand(namespace, "1/a@b", [Value(1, "X", b"")] * 1_025)


def test_one_long_expansion_is_bounded() -> None:
    """A single attribute that repeats a large variable."""
    namespace = decode_namespace(one('<foreach><value data="' + "${data}" * 30 + '"/></foreach>'))

    with pytest.raises(ProtocolError, match="more than an answer"):
        expand(namespace, "1/a@b", [Value(1, "X", b"x" * 10_000)])
