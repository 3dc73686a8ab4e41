"""Elements drawn at random, with check digits that are right."""

from __future__ import annotations

from hypothesis import strategies as st

from idis.proto.schemes import gmn
from idis.proto.schemes.gs1.application_identifiers import KEYS, TABLE, Component
from idis.proto.schemes.gs1.elements import Elements
from idis.proto.schemes.mod10 import check_digit

DIGITS = "0123456789"
CHARACTERS = {
    "N": DIGITS,
    "X": "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz",
    "Y": "#-/0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
}
# Attributes whose values are free, so that any draw is right.
FREE_ATTRIBUTES = ("17", "240", "242", "30", "3103", "3922", "400", "7004", "8005", "91", "99")


def _component(component: Component) -> st.SearchStrategy[str]:
    alphabet = CHARACTERS[component.type]
    if "csumalpha" in component.linters:
        body = st.tuples(st.text(DIGITS, min_size=4, max_size=8), st.text(alphabet, min_size=1, max_size=15)).map("".join)
        return body.map(lambda text: text + gmn.check_digit(text))
    if "key" in component.linters and component.type != "N":
        return st.tuples(st.text(DIGITS, min_size=4, max_size=8), st.text(alphabet, min_size=1, max_size=20)).map("".join)
    if "csum" in component.linters:
        length = component.length_max - 1
        return st.text(DIGITS, min_size=length, max_size=length).map(lambda text: text + check_digit(text))
    if "zero" in component.linters:
        return st.just("0")
    if "pieceoftotal" in component.linters:
        return st.sampled_from(("0101", "0102", "0512", "9999"))
    if "yymmd0" in component.linters:
        return st.sampled_from(("280131", "990228", "280200"))
    if "nozeroprefix" in component.linters:
        return st.integers(0, 10**12 - 1).map(str)
    if "importeridx" in component.linters:
        return st.sampled_from("-0Aa_")
    plain = st.text(alphabet, min_size=component.length_min, max_size=component.length_max)
    return st.one_of(st.just(""), plain) if component.optional else plain


def value_of(code: str) -> st.SearchStrategy[str]:
    """Right values of one application identifier."""
    return st.tuples(*map(_component, TABLE[code].components)).map("".join)


@st.composite
def paths(draw: st.DrawFn, codes: tuple[str, ...] = tuple(sorted(KEYS))) -> Elements:
    """A primary key with some of its qualifiers, in their order."""
    code = draw(st.sampled_from(codes))
    order = draw(st.sampled_from(KEYS[code].qualifiers or ((),)))
    chosen = [name for name in order if draw(st.booleans())]
    return tuple((name, draw(value_of(name))) for name in (code, *chosen))


@st.composite
def elements(draw: st.DrawFn) -> Elements:
    """A path and some attributes."""
    path = draw(paths())
    names = draw(st.lists(st.sampled_from(FREE_ATTRIBUTES), unique=True, max_size=4))
    return path + tuple((name, draw(value_of(name))) for name in names)
