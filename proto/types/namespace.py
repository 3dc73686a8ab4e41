"""HS_NAMESPACE: template handles, records made by rule when a handle is not found (`wire.md` §12.9).

The handle is cut at a delimiter into base and extension, and the template builds values from the base's. Everything is
bounded: the size and depth of the XML, the rules run for one handle, the values made. Document types, and with them entities,
are refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from xml.parsers import expat

from idis.proto.errors import DataError, ProtocolError
from idis.proto.types.pattern import STEPS_MAX, Pattern, compile_pattern
from idis.proto.value import INDEX_MAX, VALUES_PER_RECORD_MAX, Value

XML_BYTES_MAX = 65_536  # the policy's default for any one value
ELEMENTS_MAX = 1_024
DEPTH_MAX = 16
EXPANSION_STEPS_MAX = 4_096  # rules run for one handle
EXPANSION_BYTES_MAX = 262_144  # data made for one handle: no more fits an answer

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?:\[(\d{1,3})\])?\}")
_NAME = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?:\[(\d{1,3})\])?")


@dataclass(frozen=True, slots=True)
class Rule:
    """One element of a template; `pattern` is its compiled expression when it tests one."""

    name: str
    attributes: Mapping[str, str]
    children: tuple[Rule, ...] = ()
    text: str = ""
    pattern: Pattern | None = None


@dataclass(frozen=True, slots=True)
class Namespace:
    """What an HS_NAMESPACE says about handles that are not found; `delimiter` is empty when there is no template."""

    delimiter: str
    rules: tuple[Rule, ...]

    def cut(self, handle: str) -> tuple[str, str] | None:
        """Base and extension of a handle; None when its suffix holds no delimiter."""
        prefix, slash, suffix = handle.partition("/")
        head, found, extension = suffix.partition(self.delimiter) if self.delimiter else (suffix, "", "")
        return (prefix + slash + head, extension) if found else None


def decode_namespace(octets: bytes) -> Namespace:
    """Read the XML of a namespace.

    Raises:
        ProtocolError: no well-formed XML in UTF-8, a document type, an expression we do not know, or a limit.
    """
    if len(octets) > XML_BYTES_MAX:
        raise ProtocolError(f"a namespace of {len(octets)} octets is longer than {XML_BYTES_MAX}", offset=0)
    root = _read_xml(octets)
    if root.name != "namespace":
        raise ProtocolError("the outermost element is not a namespace", offset=0)
    template = next((rule for rule in root.children if rule.name == "template"), None)
    if template is None:
        return Namespace("", ())
    return Namespace(template.attributes.get("delimiter", ""), template.children)


def expand(namespace: Namespace, handle: str, base_values: Sequence[Value]) -> tuple[Value, ...] | None:
    """The values of a handle that is not found, made from those of its base; None when it stays not found.

    Args:
        namespace: the rules.
        handle: the whole handle as asked.
        base_values: the values of `namespace.cut(handle)`'s base, none if it does not exist.

    Raises:
        ProtocolError: the rules run past EXPANSION_STEPS_MAX or make more than an answer holds.
    """
    cut = namespace.cut(handle)
    if cut is None:
        return None
    expansion = _Expansion(base_values)
    scope: dict[str, tuple[str, ...]] = {"handle": (handle,), "base": (cut[0],), "extension": (cut[1],)}
    try:
        expansion.run(namespace.rules, scope, None)
    except _NotFoundError:
        return None
    return tuple(expansion.made.values()) or None


class _NotFoundError(Exception):
    """A template said <notfound/>."""


@dataclass(slots=True)
class _Expansion:
    """What one handle has cost and made so far."""

    base_values: Sequence[Value]
    made: dict[int, Value] = field(default_factory=dict)
    steps: int = 0
    octets: int = 0
    matching_left: int = STEPS_MAX  # shared by all expressions, each of which stops matching when it is used up

    def run(self, rules: Sequence[Rule], scope: dict[str, tuple[str, ...]], current: Value | None) -> None:
        """Run rules in order. `scope` holds the variables, each a whole and its groups; `current` the base value of a foreach."""
        held = True
        for rule in rules:
            self.steps += 1
            if self.steps > EXPANSION_STEPS_MAX:
                raise ProtocolError(f"a template runs more than {EXPANSION_STEPS_MAX} rules", offset=0)
            match rule.name:
                case "foreach":
                    for value in self.base_values:
                        self.run(rule.children, scope | _variables_of(value), value)
                case "if":
                    inner = dict(scope)
                    held = self._holds(rule, inner)
                    if held:
                        self.run(rule.children, inner, current)
                case "else":
                    if not held:
                        self.run(rule.children, dict(scope), current)
                case "def":
                    made = _fill(rule.text, scope)
                    self._spend(len(made))
                    scope[rule.attributes.get("parameter", "")] = (made,)
                case "value":
                    self._make(rule, scope, current)
                case "notfound":
                    raise _NotFoundError

    def _make(self, rule: Rule, scope: Mapping[str, tuple[str, ...]], current: Value | None) -> None:
        wanted = {name: _fill(rule.attributes[name], scope) for name in ("index", "type", "data") if name in rule.attributes}
        if current is None and "type" not in wanted:
            return
        value = current or Value(0, "", rule.text.strip().encode("utf-8"))
        if "data" in wanted:
            value = replace(value, data=wanted["data"].encode("utf-8"))
        value = replace(value, type=wanted.get("type", value.type), index=self._free(wanted.get("index", str(value.index))))
        self._spend(len(value.data) + len(value.type))
        self.made[value.index] = value
        if len(self.made) > VALUES_PER_RECORD_MAX:
            raise ProtocolError("a template makes more values than a record holds", offset=0)

    def _spend(self, octets: int) -> None:
        self.octets += octets
        if self.octets > EXPANSION_BYTES_MAX:
            raise ProtocolError("a template makes more than an answer holds", offset=0)

    def _holds(self, rule: Rule, scope: dict[str, tuple[str, ...]]) -> bool:
        """Whether a condition is met; its match becomes the variable its `parameter` names."""
        name = _NAME.fullmatch(rule.attributes.get("value", ""))
        subject = _lookup(scope, name[1], name[2]) if name else ""
        groups: tuple[str, ...] | None = (subject,)
        if rule.pattern is not None:
            groups, steps = rule.pattern.full_match(subject, self.matching_left)
            self.matching_left = max(self.matching_left - steps, 0)
        elif subject != _fill(rule.attributes.get("expression", ""), scope):
            groups = None
        if groups is not None and "parameter" in rule.attributes:
            scope[rule.attributes["parameter"]] = groups
        return (groups is not None) != (rule.attributes.get("negate") == "true")

    def _free(self, wanted: str) -> int:
        """The index wanted, or the first free one above all made when it is none or taken."""
        index = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) <= 10 else 0
        if 0 < index <= INDEX_MAX and index not in self.made:
            return index
        highest = max(self.made, default=0)
        return highest + 1 if highest < INDEX_MAX else next(n for n in range(1, INDEX_MAX) if n not in self.made)


def _variables_of(value: Value) -> dict[str, tuple[str, ...]]:
    return {"index": (str(value.index),), "type": (value.type,), "data": (value.text,)}


def _lookup(scope: Mapping[str, tuple[str, ...]], name: str, group: str | None) -> str:
    found = scope.get(name, ())
    number = int(group or 0)
    return found[number] if number < len(found) else ""


def _fill(template: str, scope: Mapping[str, tuple[str, ...]]) -> str:
    """Put variables in place of `${name}` and `${name[n]}`; an unknown one leaves nothing."""
    pieces: list[str] = []
    size = at = 0
    for found in _VARIABLE.finditer(template):
        piece = _lookup(scope, found[1], found[2])
        size += len(piece)
        if size > EXPANSION_BYTES_MAX:
            raise ProtocolError("a template makes more than an answer holds", offset=0)
        pieces += (template[at : found.start()], piece)
        at = found.end()
    return "".join(pieces) + template[at:]


def _read_xml(octets: bytes) -> Rule:
    builder = _Builder()
    parser = expat.ParserCreate("UTF-8")
    parser.StartDoctypeDeclHandler = builder.refuse_document_type
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.characters
    try:
        parser.Parse(octets, True)
    except expat.ExpatError as error:
        raise ProtocolError("a namespace is not well-formed XML", offset=max(parser.ErrorByteIndex, 0)) from error
    assert builder.root is not None, "well-formed XML has an outermost element"
    return builder.root


class _Builder:
    """Collects elements as the parser meets them."""

    __slots__ = ("_elements", "_open", "root")

    def __init__(self) -> None:
        self.root: Rule | None = None
        self._elements = 0
        self._open: list[tuple[str, dict[str, str], list[Rule], list[str]]] = []

    def refuse_document_type(self, *_: object) -> None:
        """A document type could define entities that grow without end."""
        raise ProtocolError("a namespace has no document type", offset=0)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        self._elements += 1
        if self._elements > ELEMENTS_MAX or len(self._open) >= DEPTH_MAX:
            raise ProtocolError(f"a namespace has at most {ELEMENTS_MAX} elements, {DEPTH_MAX} deep", offset=0)
        if name == "foreach" and any(outer == "foreach" for outer, *_ in self._open):
            raise ProtocolError("a foreach holds no other", offset=0)
        self._open.append((name, attributes, [], []))

    def end(self, _: str) -> None:
        """The innermost element ends."""
        name, attributes, children, text = self._open.pop()
        rule = Rule(name, attributes, tuple(children), "".join(text), _pattern(name, attributes))
        if self._open:
            self._open[-1][2].append(rule)
        else:
            self.root = rule

    def characters(self, data: str) -> None:
        """Text inside the innermost element."""
        self._open[-1][3].append(data)


def _pattern(name: str, attributes: Mapping[str, str]) -> Pattern | None:
    if name != "if" or attributes.get("test") != "matches":
        return None
    try:
        return compile_pattern(attributes.get("expression", ""))
    except DataError as error:
        raise ProtocolError(str(error), offset=0) from None
