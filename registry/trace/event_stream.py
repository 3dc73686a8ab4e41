"""A document of events, read one event at a time: 64 MiB of JSON pass through the memory of one event.

The text is cut where the list of events has its commas; each piece is parsed whole by the standard library. What comes
before the list is kept (the context is needed to read an event), what comes after it is checked.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, BinaryIO, NoReturn

from idis.registry.trace.event import Json
from idis.registry.trace.event_problem import EventProblem, Problem, step

CHUNK_BYTES = 65_536
PIECE_CHARACTERS_MAX = 1_048_576  # of one event, or of one member of the document beside the list
NUMBER_CHARACTERS_MAX = 64  # no measurement has more digits
EXPONENT_MAX = 400  # beyond any double; keeps a number of few characters from being printed with a billion digits

DOCUMENT, QUERY_DOCUMENT = "EPCISDocument", "EPCISQueryDocument"

_BLANKS = " \t\n\r"
_NEAR_END = 32  # characters: an error nearer to the end of what has been read may be a piece that was cut

# Where the list of events is, by the members that lead to it.
_WAYS = (
    ("epcisBody", "eventList"),
    ("epcisBody", "queryResults", "resultsBody", "eventList"),
    ("queryResults", "resultsBody", "eventList"),
)
_SINGLE = ("epcisBody", "event")
_TOO_DEEP = "it is nested too deep"


class BrokenDocument(Exception):
    """The document cannot be read any further.

    Attributes:
        problem: where and why.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class UnusableJson(ValueError):
    """JSON that no event may hold: a name twice in one object, or a number beyond measure."""


def parse_json(text: str) -> Json:
    """One JSON text, numbers as Decimal.

    Raises:
        ValueError: it is none, or unusable.
    """
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise UnusableJson(_TOO_DEEP) from None


class EventStream:
    """The events of a document as JSON objects.

    Args:
        stream: octets of UTF-8.

    Attributes:
        header: the members of the document that were read so far, those on the way to the events left out; all members
            where it holds no list of events: then it is an event itself.
        listed: whether a list of events was met.
        read: where the value that was read last lies in what is held.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._decode = codecs.getincrementaldecoder("utf-8-sig")()
        self._text = ""
        self._at = 0
        self._before = 0  # characters that were dropped
        self._ended = False
        self._way: tuple[str, ...] = ()
        self.header: dict[str, Json] = {}
        self.listed = False
        self.read = 0, 0

    @property
    def piece(self) -> str:
        """The text of the event that was given last, until the next one is asked for."""
        return self._text[slice(*self.read)]

    def pieces(self) -> Iterator[tuple[str, Json]]:
        """Each event with its JSON pointer.

        Raises:
            BrokenDocument: nothing more can be read.
        """
        if self._next() != "{":
            self._broken("an EPCIS document or event is a JSON object")
        yield from self._members(())
        if self._peek():
            self._broken("something follows the end of the document")

    def _members(self, way: tuple[str, ...]) -> Iterator[tuple[str, Json]]:
        """What lies in an object whose brace has been read."""
        self._way = way
        if self._peek() == "}":
            self._at += 1
            return
        seen: set[str] = set()
        while True:
            if self._peek() != '"':
                self._broken("the name of a member is missing")
            name = self._value()
            if name in seen:
                self._broken(f"the member {name[:100]!r} is there twice")
            seen.add(name)
            if self._next() != ":":
                self._broken("a colon is missing")
            yield from self._member((*way, name))
            self._way = way
            match self._next():
                case ",":
                    continue
                case "}":
                    return
                case _:
                    self._broken("a comma or the end of the object is missing")

    def _member(self, way: tuple[str, ...]) -> Iterator[tuple[str, Json]]:
        self._way = way
        follows = self._peek()
        if way in _WAYS and follows == "[":
            self._at += 1
            yield from self._items(way)
        elif follows == "{" and any(known[: len(way)] == way for known in _WAYS):
            self._at += 1
            yield from self._members(way)
        elif way == _SINGLE and follows == "{":
            self.listed = True
            yield _pointer(way), self._value()
        else:
            value = self._value()
            if len(way) == 1:
                self.header[way[0]] = value

    def _items(self, way: tuple[str, ...]) -> Iterator[tuple[str, Json]]:
        """The events of the list whose bracket has been read."""
        if self.listed:
            self._broken("there are two lists of events")
        self.listed = True
        head, index = _pointer(way), 0
        if self._peek() == "]":
            self._at += 1
            return
        while True:
            self._way = (*way, str(index))
            yield f"{head}/{index}", self._value()
            index += 1
            match self._next():
                case ",":
                    continue
                case "]":
                    return
                case _:
                    self._broken("a comma or the end of the list is missing")

    def _peek(self) -> str:
        """The next character that is not blank; empty at the end."""
        while True:
            text, at = self._text, self._at
            if at < len(text) and text[at] not in _BLANKS:
                return text[at]
            while at < len(text) and text[at] in _BLANKS:
                at += 1
            self._at = at
            if at < len(text):
                return text[at]
            if self._ended:
                return ""
            self._more()

    def _next(self) -> str:
        found = self._peek()
        self._at += 1
        return found

    def _value(self) -> Json:
        """One JSON value from here on."""
        self._peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except UnusableJson as error:
                self._broken(str(error))
            except RecursionError:
                self._broken(_TOO_DEEP)
            except json.JSONDecodeError as error:
                held = len(self._text) - self._at
                cut = error.msg.startswith("Unterminated") or error.pos >= len(self._text) - _NEAR_END
                if self._ended or not cut:
                    self._broken(f"this is no JSON: {error.msg}", error.pos)
                if held > PIECE_CHARACTERS_MAX:
                    self._broken(f"one piece of it is longer than {PIECE_CHARACTERS_MAX} characters")
                self._more()
                continue
            if end == len(self._text) and not self._ended:
                self._more()  # a number may go on
                continue
            if self._text.find("\\u", self._at, end) >= 0 and not _is_text(value):
                self._broken("a string holds half of a surrogate pair")
            if end - self._at > PIECE_CHARACTERS_MAX:
                self._broken(f"one piece of it is longer than {PIECE_CHARACTERS_MAX} characters")
            self.read = self._at, end
            self._at = end
            return value

    def _more(self) -> None:
        """Read on, as much again as is held, so that a long piece is not parsed once for each chunk."""
        held = len(self._text) - self._at
        octets = self._stream.read(max(CHUNK_BYTES, held))
        self._ended = not octets
        try:
            more = self._decode.decode(octets, self._ended)
        except UnicodeDecodeError:
            self._broken("it is not UTF-8")
        self._before += self._at
        self._text = self._text[self._at :] + more
        self._at = 0

    def _broken(self, sentence: str, at: int | None = None) -> NoReturn:
        place = self._before + (self._at if at is None else at)
        raise BrokenDocument(Problem(_pointer(self._way), "json", f"{sentence} (character {place + 1})"))


def broken(error: BrokenDocument) -> EventProblem:
    """The problem of a whole document."""
    return EventProblem(None, (error.problem,))


def _pointer(way: tuple[str, ...]) -> str:
    return "".join(step(name) for name in way)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise UnusableJson(f"the member {twice[:100]!r} is there twice")
    return members


def _number(text: str) -> Decimal:
    if len(text) > NUMBER_CHARACTERS_MAX:
        raise UnusableJson(f"a number is longer than {NUMBER_CHARACTERS_MAX} characters")
    number = Decimal(text)
    if (not number.is_zero() and abs(number.adjusted()) > EXPONENT_MAX) or abs(int(number.as_tuple().exponent)) > EXPONENT_MAX:
        raise UnusableJson(f"the number {text} is beyond measure")
    return number


def _no_number(text: str) -> NoReturn:
    raise UnusableJson(f"{text} is no number of JSON")


def _is_text(value: Json) -> bool:
    """Whether all strings have a UTF-8 form."""
    try:
        json.dumps(value, ensure_ascii=False, default=str).encode()
    except (UnicodeEncodeError, RecursionError):
        return False
    return True


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_float=_number, parse_int=_number, parse_constant=_no_number)
