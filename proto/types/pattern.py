"""Regular expressions that cannot run away, for the conditions of template handles.

Whoever owns a prefix writes the expressions and anybody's question runs them, so matching must be linear: a state of the
machine is entered at most once for each position of the text, and a limit ends what is still too long. The language is what
the templates in use need: characters, classes, groups, alternatives and repetition. Back-references and look-around, which
have no linear machine, are refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from idis.proto.errors import DataError

PATTERN_CHARACTERS_MAX = 512
INSTRUCTIONS_MAX = 1_024  # bounded repetition is written out, so `{1000}{1000}` must stop somewhere
REPEAT_MAX = 255
GROUP_DEPTH_MAX = 16
STEPS_MAX = 20_000  # about ten milliseconds of a slow machine

_LAST_CHARACTER = 0x10FFFF

Ranges = tuple[tuple[int, int], ...]

_DIGITS: Ranges = ((0x30, 0x39),)
_WORD: Ranges = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
_SPACE: Ranges = ((0x09, 0x0D), (0x20, 0x20))
_ANY: Ranges = ((0, 0x09), (0x0B, 0x0C), (0x0E, _LAST_CHARACTER))
_NAMED = {"d": _DIGITS, "w": _WORD, "s": _SPACE}
_CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}


@dataclass(frozen=True, slots=True)
class Take:
    """Instruction: take one character that lies in the ranges."""

    ranges: Ranges


@dataclass(frozen=True, slots=True)
class Fork:
    """Instruction: go on at `first`, and at `second` if that fails."""

    first: int
    second: int


@dataclass(frozen=True, slots=True)
class Mark:
    """Instruction: remember the position in a slot; group n has the slots 2n and 2n + 1."""

    slot: int


@dataclass(frozen=True, slots=True)
class Accept:
    """Instruction: the text matches if it ends here."""


Instruction = Take | Fork | Mark | Accept


class Match(NamedTuple):
    """What matching came to: the whole text and its groups (empty where a group took no part) or None, and the steps it took."""

    groups: tuple[str, ...] | None
    steps: int


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled expression."""

    program: tuple[Instruction, ...]
    groups: int

    def full_match(self, text: str, steps_max: int = STEPS_MAX) -> Match:
        """Whether the whole text matches, and what its groups hold.

        Args:
            text: what to match.
            steps_max: where to stop; a text that needs more steps counts as not matching.
        """
        slots = [-1] * (2 * self.groups + 2)
        seen: set[tuple[int, int]] = set()
        todo: list[tuple[int, int, int]] = [(0, 0, -1)]  # instruction, position; or a slot to set back, its value, slot
        while todo:
            at, position, slot = todo.pop()
            if slot >= 0:
                slots[slot] = position
                continue
            if (at, position) in seen:
                continue
            seen.add((at, position))
            if len(seen) > steps_max:
                break
            match self.program[at]:
                case Take(ranges=ranges):
                    if position < len(text) and _within(ord(text[position]), ranges):
                        todo.append((at + 1, position + 1, -1))
                case Fork(first=first, second=second):
                    todo.append((second, position, -1))
                    todo.append((first, position, -1))
                case Mark(slot=mark):
                    todo.append((0, slots[mark], mark))
                    slots[mark] = position
                    todo.append((at + 1, position, -1))
                case Accept():
                    if position == len(text):
                        return Match(self._groups(text, slots), len(seen))
        return Match(None, len(seen))

    def _groups(self, text: str, slots: list[int]) -> tuple[str, ...]:
        slots[0], slots[1] = 0, len(text)
        return tuple(text[slots[2 * n] : slots[2 * n + 1]] if slots[2 * n + 1] >= 0 else "" for n in range(self.groups + 1))


def compile_pattern(expression: str) -> Pattern:
    """Compile an expression that has to match a whole text.

    Raises:
        DataError: it is not in the language above, or passes a limit.
    """
    if len(expression) > PATTERN_CHARACTERS_MAX:
        raise DataError(f"the expression is longer than {PATTERN_CHARACTERS_MAX} characters")
    compiler = _Compiler(expression)
    program = [*compiler.alternatives(0), Accept()]
    if compiler.at < len(expression):
        raise DataError(f"unexpected {expression[compiler.at]!r} in the expression")
    return Pattern(_resolve(program), compiler.groups)


def _within(character: int, ranges: Ranges) -> bool:
    return any(low <= character <= high for low, high in ranges)


def _complement(ranges: Ranges) -> Ranges:
    gaps: list[tuple[int, int]] = []
    start = 0
    for low, high in sorted(ranges):
        if low > start:
            gaps.append((start, low - 1))
        start = max(start, high + 1)
    if start <= _LAST_CHARACTER:
        gaps.append((start, _LAST_CHARACTER))
    return tuple(gaps)


def _resolve(program: list[Instruction]) -> tuple[Instruction, ...]:
    """Forks are compiled with targets relative to themselves; make them absolute."""
    return tuple(Fork(at + step.first, at + step.second) if isinstance(step, Fork) else step for at, step in enumerate(program))


@dataclass(slots=True)
class _Compiler:
    """Reads an expression from left to right; each method gives the instructions of what it has read."""

    expression: str
    at: int = 0
    groups: int = 0

    def alternatives(self, depth: int) -> list[Instruction]:
        if depth > GROUP_DEPTH_MAX:
            raise DataError(f"groups are nested deeper than {GROUP_DEPTH_MAX}")
        branches = [self._sequence(depth)]
        while self._next() == "|":
            self.at += 1
            branches.append(self._sequence(depth))
        program = branches.pop()
        for branch in reversed(branches):
            # Each branch ends with a fork whose two ways are the same: a jump over the rest.
            over = len(program) + 1
            program = [Fork(1, len(branch) + 2), *branch, Fork(over, over), *program]
        return self._bounded(program)

    def _sequence(self, depth: int) -> list[Instruction]:
        program: list[Instruction] = []
        while self._next() not in ("", "|", ")"):
            if self._anchor(program, depth):
                continue
            program += self._repeated(self._atom(depth))
            self._bounded(program)
        return program

    def _anchor(self, program: list[Instruction], depth: int) -> bool:
        """Pass over an anchor where it says nothing new, since the whole text has to match."""
        here = self._next()
        if here == "^" and depth == 0 and not program:
            self.at += 1
            return True
        if here == "$" and depth == 0 and self.expression[self.at + 1 : self.at + 2] in ("", "|"):
            self.at += 1
            return True
        if here in ("^", "$"):
            raise DataError("an anchor stands only at an end of the expression")
        return False

    def _atom(self, depth: int) -> list[Instruction]:
        here = self.expression[self.at]
        self.at += 1
        match here:
            case "(":
                return self._group(depth)
            case "[":
                return [Take(self._character_class())]
            case ".":
                return [Take(_ANY)]
            case "\\":
                return [Take(self._escape())]
            case "*" | "+" | "?" | "{":
                raise DataError(f"{here!r} repeats nothing")
            case _:
                return [Take(((ord(here), ord(here)),))]

    def _group(self, depth: int) -> list[Instruction]:
        number = 0
        if self.expression[self.at : self.at + 2] == "?:":
            self.at += 2
        elif self._next() == "?":
            raise DataError("look-around and flags are not part of the expressions")
        else:
            self.groups += 1
            number = self.groups
        inner = self.alternatives(depth + 1)
        if self._next() != ")":
            raise DataError("a group is not closed")
        self.at += 1
        return [Mark(2 * number), *inner, Mark(2 * number + 1)] if number else inner

    def _repeated(self, atom: list[Instruction]) -> list[Instruction]:
        bounds = self._bounds()
        if bounds is None:
            return atom
        least, most = bounds
        lazy = self._next() == "?"
        if lazy:
            self.at += 1
        if self._next() in ("*", "+", "{") or (lazy and self._next() == "?"):
            raise DataError("a repetition is not repeated itself without a group")
        self._bounded(atom * (most if most is not None else least + 1))
        program = atom * least
        if most is None:
            loop = [_fork(1, len(atom) + 2, lazy), *atom, Fork(-len(atom) - 1, -len(atom) - 1)]
            return program + loop
        optional: list[Instruction] = []
        for _ in range(most - least):
            optional = [_fork(1, len(atom) + len(optional) + 1, lazy), *atom, *optional]
            self._bounded(optional)
        return program + optional

    def _bounds(self) -> tuple[int, int | None] | None:
        here = self._next()
        if here in ("*", "+", "?"):
            self.at += 1
            return {"*": (0, None), "+": (1, None), "?": (0, 1)}[here]
        if here != "{":
            return None
        end = self.expression.find("}", self.at)
        low, comma, high = self.expression[self.at + 1 : end if end > 0 else self.at + 1].partition(",")
        self.at = end + 1
        if not _is_bound(low) or (comma and high and not _is_bound(high)):
            raise DataError(f"a repetition is like {{2,5}}, each at most {REPEAT_MAX}")
        least = int(low)
        most = (int(high) if high else None) if comma else least
        if most is not None and most < least:
            raise DataError("a repetition has its smaller bound first")
        return least, most

    def _character_class(self) -> Ranges:
        negated = self._next() == "^"
        self.at += negated
        ranges: list[tuple[int, int]] = []
        first = True
        while first or self._next() != "]":
            first = False
            low = self._class_item()
            if self._next() == "-" and self.expression[self.at + 1 : self.at + 2] not in ("]", ""):
                self.at += 1
                high = self._class_item()
                if len(low) != 1 or len(high) != 1 or high[0][1] < low[0][0]:
                    raise DataError("a range of characters runs from the lower to the higher")
                low = ((low[0][0], high[0][1]),)
            ranges += low
        self.at += 1
        return _complement(tuple(ranges)) if negated else tuple(ranges)

    def _class_item(self) -> Ranges:
        here = self._next()
        if here in ("", "[", "&"):
            raise DataError("a class of characters is not closed, or holds another")
        self.at += 1
        return self._escape() if here == "\\" else ((ord(here), ord(here)),)

    def _escape(self) -> Ranges:
        here = self._next()
        self.at += 1
        if here.lower() in _NAMED:
            ranges = _NAMED[here.lower()]
            return _complement(ranges) if here.isupper() else ranges
        if here in _CONTROLS:
            here = _CONTROLS[here]
        elif not here or here.isalnum():
            raise DataError(f"the escape \\{here} is not part of the expressions")
        return ((ord(here), ord(here)),)

    def _next(self) -> str:
        return self.expression[self.at : self.at + 1]

    def _bounded(self, program: list[Instruction]) -> list[Instruction]:
        if len(program) > INSTRUCTIONS_MAX:
            raise DataError("the expression repeats too much")
        return program


def _fork(inside: int, past: int, lazy: bool) -> Fork:
    return Fork(past, inside) if lazy else Fork(inside, past)


def _is_bound(digits: str) -> bool:
    return digits.isascii() and digits.isdigit() and len(digits) <= 3 and int(digits) <= REPEAT_MAX
