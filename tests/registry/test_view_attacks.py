"""Attacks of a malicious tier on what only some may see: sealed statements, their salts, and single values passed on.

Each attack is a generator over random trees and records; how often each is tried is an option, `--attacks`. A forgery that
is believed is named by its seed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

import pytest

from idis.proto.proof import Standing
from idis.proto.statement import (
    SIGNED_INDEX,
    SIGNED_TYPE,
    VIEW_FULL,
    VIEW_PUBLIC,
    digest_of,
    digests_of,
    sealed_digest,
    stored_spelling,
)
from idis.proto.types.prefix_status import name_hash
from idis.proto.types.signed import Signed, decode_signed, encode_signed
from idis.proto.value import Value
from idis.proto.view_cover import NotCovered, disclosed
from idis.registry.identity import parse_identity
from idis.registry.record import MARK_LISTED, unmarked
from idis.registry.registration.checks import Refusal
from idis.registry.registration.sealing import seal
from tests.registry.signed_trees import KEYS, NOW, PREFIXES, Answer, Tree, statement_value, status

BUYER, AUDITED = (parse_identity(text) for text in ("300:88.9/buyer", "300:88.9/audited"))
HIDDEN = range(500, 520)


@dataclass
class Sealed:
    """A tree whose record has values for buyers, for those who audit, and for the owner alone."""

    tree: Tree
    hidden: list[Value]
    statements: dict[int, Value]
    buyers: int  # their view
    audited: int

    @classmethod
    def grown(cls, seed: int, signed_at: int = NOW) -> Sealed:
        """A random one; of one seed, all but salts and places is the same."""
        tree = Tree.grown(seed)
        random = Random(seed)
        indexes = sorted(random.sample(HIDDEN, random.randint(3, 7)))
        hidden = [Value(index, "price", b"%d" % random.randrange(1_000)) for index in indexes]
        names = [(BUYER,), (AUDITED,), *(random.choice(((BUYER, AUDITED), (BUYER,), ())) for _ in hidden[2:])]
        lists = {value.index: whom for value, whom in zip(hidden, names, strict=True)}
        marked = [replace(value, permissions=value.permissions | MARK_LISTED) for value in hidden]
        made = seal(tree.owner, stored_spelling(tree.identifier), [*tree.values, *marked], lists, None, signed_at, 500)
        assert not isinstance(made, Refusal)
        statements = {value.index - SIGNED_INDEX: unmarked(value) for value in made}
        buyers, audited = (
            next(
                view
                for view, value in statements.items()
                if view != VIEW_FULL
                and decode_signed(value.data).opened.keys() & set(HIDDEN) == {at for at in lists if name in lists[at]}
            )
            for name in (BUYER, AUDITED)
        )
        return cls(tree, hidden, statements, buyers, audited)

    def signed(self, view: int) -> Signed:
        """The statement of a view."""
        return decode_signed(self.statements[view].data)

    def answer(self, view: int) -> Answer:
        """What somebody gets whose view it is."""
        shown = [value for value in self.hidden if value.index in self.signed(view).opened]
        return self.of([*self.tree.values, *shown, self.statements[view], self.public()])

    def of(self, values: list[Value]) -> Answer:
        """An answer of these values."""
        values = sorted(values, key=lambda value: value.index)
        return replace(self.tree.answer(), values=values, known=True)

    def public(self) -> Value:
        """The public statement, with its digests."""
        carrier = statement_value(self.tree.owner, self.tree.identifier, self.tree.values)
        signed = decode_signed(carrier.data)
        return replace(carrier, data=encode_signed(replace(signed, digests=digests_of(self.tree.values, signed.suite))))

    def other(self, view: int) -> Value:
        """A hidden value that a view does not show."""
        return self.tree.random.choice([value for value in self.hidden if value.index not in self.signed(view).opened])

    def drawn(self) -> int:
        """Some view."""
        return self.tree.random.choice(list(self.statements))


def altered(answer: Answer, view: int, **changed: object) -> Answer:
    """An answer whose statement of a view says something else."""
    index = SIGNED_INDEX + view
    values = [
        replace(value, data=encode_signed(replace(decode_signed(value.data), **changed))) if value.index == index else value  # type: ignore[arg-type]
        for value in answer.values
    ]
    return replace(answer, values=values)


def cut(sealed: Sealed, view: int) -> Answer:
    """One hidden value of a view, as a filter leaves it or as it is passed on."""
    whole = sealed.answer(view)
    kept = sealed.tree.random.choice([value.index for value in whole.values if value.index in HIDDEN])
    return replace(whole, values=list(disclosed(whole.values, (kept,))), complete=False)


def moved_value(sealed: Sealed) -> Answer:
    """A value of one view is shown in another, with or without the salt it has there."""
    view = sealed.tree.random.choice((sealed.buyers, sealed.audited))
    moved = sealed.other(view)
    answer = sealed.answer(view)
    answer = replace(answer, values=sorted([*answer.values, moved], key=lambda value: value.index))
    salts = [(moved.index, one.opened[moved.index]) for one in map(sealed.signed, sealed.statements) if moved.index in one.opened]
    if sealed.tree.random.random() < 0.5:
        return answer
    salts.append((moved.index, sealed.tree.random.randbytes(16)))
    extended = tuple(sorted((*sealed.signed(view).salts, sealed.tree.random.choice(salts))))
    return altered(answer, view, salts=extended)


def swapped_view(sealed: Sealed) -> Answer:
    """The statement of another view stands in, at its place or at its own, under its number or another."""
    view, other = sealed.tree.random.sample([sealed.buyers, sealed.audited, VIEW_FULL], 2)
    if view == VIEW_FULL or sealed.signed(other).opened.keys() <= sealed.signed(view).opened.keys():
        view, other = other, view  # less than all of it is no forgery: it is what the smaller view shows
    stranger = sealed.statements[other]
    if sealed.tree.random.random() < 0.7:
        number = sealed.tree.random.choice((view, other))
        data = encode_signed(replace(sealed.signed(other), view=number))
        stranger = replace(stranger, index=SIGNED_INDEX + view, data=data)
    if stranger == sealed.statements[view]:
        return moved_value(sealed)
    kept = [value for value in sealed.answer(view).values if value.index != SIGNED_INDEX + view]
    return sealed.of([*kept, stranger])


def value_as_padding(sealed: Sealed) -> Answer:
    """A value is left out, and its salt is given as one that stands for no value, or left out too."""
    view = sealed.drawn()
    answer = sealed.answer(view)
    gone = sealed.tree.random.choice([value for value in answer.values if value.index in sealed.signed(view).opened])
    salts = [pair for pair in sealed.signed(view).salts if pair[0] != gone.index]
    if sealed.tree.random.random() < 0.7:
        salts.append((0, sealed.signed(view).opened[gone.index]))
    answer = replace(answer, values=[value for value in answer.values if value is not gone])
    return altered(answer, view, salts=tuple(sorted(salts)))


def padding_as_value(sealed: Sealed) -> Answer:
    """A value is added in the place of a digest that stands for none; or more of these are added."""
    view = sealed.drawn()
    answer, signed = sealed.answer(view), sealed.signed(view)
    pads = [pair for pair in signed.salts if not pair[0]]
    if not pads or sealed.tree.random.random() < 0.3:
        return altered(answer, view, salts=tuple(sorted((*signed.salts, (0, sealed.tree.random.randbytes(16))))))
    added = Value(530, "price", b"1")
    salts = tuple(sorted((*(pair for pair in signed.salts if pair != pads[0]), (added.index, pads[0][1]))))
    return altered(replace(answer, values=[*answer.values, added]), view, salts=salts)


def reused_salt(sealed: Sealed) -> Answer:
    """Two values, or two salts, change their places: the salt of one is given for another."""
    view = sealed.drawn()
    signed = sealed.signed(view)
    one, other = sealed.tree.random.sample(sorted(signed.opened), 2)
    turned = {one: signed.opened[other], other: sealed.tree.random.choice((signed.opened[one], signed.opened[other]))}
    salts = tuple(sorted((index, turned.get(index, salt)) for index, salt in signed.salts))
    return altered(sealed.answer(view), view, salts=tuple(dict.fromkeys(salts)))


def changed_value(sealed: Sealed) -> Answer:
    """A hidden value, or a public one that the view covers too, says something else; in a whole answer, or passed on."""
    view = sealed.drawn()
    answer = sealed.tree.random.choice((sealed.answer(view), cut(sealed, view)))
    at = sealed.tree.random.choice([at for at, value in enumerate(answer.values) if value.index in sealed.signed(view).opened])
    answer.values[at] = replace(answer.values[at], data=answer.values[at].data + b"0")
    return answer


def old_view(sealed: Sealed) -> Answer:
    """What the owner signed for a view before is served again to whoever has seen what he signed since."""
    view = VIEW_FULL
    older = replace(sealed, statements=Sealed.grown(0, NOW - 1).statements)
    older.statements[view] = _signed_before(sealed, view)
    newer = sealed.answer(view)
    assert newer.judge().standing is Standing.VERIFIED
    return replace(older.answer(view), memory=newer.memory)


def _signed_before(sealed: Sealed, view: int) -> Value:
    lists = {value.index: () for value in sealed.hidden}
    marked = [replace(value, permissions=value.permissions | MARK_LISTED) for value in sealed.hidden]
    spelling = stored_spelling(sealed.tree.identifier)
    made = seal(sealed.tree.owner, spelling, [*sealed.tree.values, *marked], lists, None, NOW - 1, 500)
    assert not isinstance(made, Refusal)
    return next(unmarked(value) for value in made if value.index == SIGNED_INDEX + view)


def extra_value(sealed: Sealed) -> Answer:
    """A value is added that nobody signed: hidden or public, by itself, with a salt, or with its digest in the list."""
    view = sealed.drawn()
    random = sealed.tree.random
    answer = random.choice((sealed.answer(view), cut(sealed, view)))
    added = Value(random.choice((402, 530)), "price", b"1", permissions=random.choice((12, 14)))
    answer = replace(answer, values=sorted([*answer.values, added], key=lambda value: value.index))
    signed = next(decode_signed(value.data) for value in answer.values if value.index == SIGNED_INDEX + view)
    if random.random() < 0.3:
        return answer
    salt = random.randbytes(16)
    changed: dict[str, object] = {"salts": tuple(sorted((*signed.salts, (added.index, salt))))}
    if random.random() < 0.5:
        changed["digests"] = tuple(sorted((*signed.digests, sealed_digest(added, salt, signed.suite))))
    return altered(answer, view, **changed)


def older_public(sealed: Sealed) -> Answer:
    """Beside the view of today stands a public statement about other values."""
    view = sealed.drawn()
    others = [replace(sealed.tree.values[0], data=b"before"), *sealed.tree.values[1:]]
    carrier = statement_value(sealed.tree.owner, sealed.tree.identifier, others)
    signed = decode_signed(carrier.data)
    carrier = replace(carrier, data=encode_signed(replace(signed, digests=digests_of(others, signed.suite))))
    kept = [value for value in sealed.answer(view).values if value.index != SIGNED_INDEX]
    return sealed.of([*kept, carrier])


def superseded(sealed: Sealed) -> Answer:
    """Only a later version of the record counts, whose public statement is left out or is the old one."""
    answer = sealed.answer(sealed.drawn())
    floors = ((name_hash(stored_spelling(sealed.tree.identifier)), 8),)
    answer.statuses.append(status(sealed.tree.keys[2], PREFIXES[2], epoch=2, floors=floors))
    if sealed.tree.random.random() < 0.5:
        answer.values[:] = [value for value in answer.values if value.index != SIGNED_INDEX]
    return answer


def other_key(sealed: Sealed) -> Answer:
    """The view is signed by somebody else, or its signature is of another view."""
    view, other = sealed.tree.random.sample(list(sealed.statements), 2)
    signed = sealed.signed(view)
    thief = next(key for key in KEYS if key not in sealed.tree.keys)
    forged = thief.sign(signed.statement(stored_spelling(sealed.tree.identifier), ()).octets())
    return altered(sealed.answer(view), view, signature=sealed.tree.random.choice((forged, sealed.signed(other).signature)))


ATTACKS: tuple[Callable[[Sealed], Answer], ...] = (
    moved_value,
    swapped_view,
    value_as_padding,
    padding_as_value,
    reused_salt,
    changed_value,
    old_view,
    extra_value,
    older_public,
    superseded,
    other_key,
)


@pytest.fixture(scope="module")
def seeds(request: pytest.FixtureRequest) -> range:
    """One for each try."""
    return range(request.config.getoption("--attacks"))


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_no_attack_on_a_view_is_believed(seeds: range, attack: Callable[[Sealed], Answer]) -> None:
    """Whoever may see more is deceived no more easily."""
    believed = [seed for seed in seeds if attack(Sealed.grown(seed)).judge().standing is not Standing.FAILED]

    assert believed == []


def test_an_honest_view_is_verified(seeds: range) -> None:
    """Whole, or a single value of it that is passed on: or all the refusals above would prove nothing."""
    verdicts = set()
    for seed in seeds:
        sealed = Sealed.grown(seed)
        for view in (VIEW_FULL, sealed.buyers, sealed.audited):
            for answer in (sealed.answer(view), cut(sealed, view)):
                proof = answer.judge()
                verdicts.add((proof.standing, proof.reason, proof.view == view, proof.uncovered))

    assert verdicts == {(Standing.VERIFIED, "", True, ())}


def test_what_no_statement_is_about_is_named(seeds: range) -> None:
    """A node that leaves the view's statement out proves the public values alone: the others are not covered."""
    for seed in seeds[:20]:
        sealed = Sealed.grown(seed)
        answer = sealed.answer(sealed.buyers)
        bare = replace(answer, values=[value for value in answer.values if value.index != SIGNED_INDEX + sealed.buyers])
        proof = bare.judge()
        hidden = tuple(value.index for value in bare.values if value.index in HIDDEN)

        assert (proof.standing, proof.view, proof.uncovered) == (Standing.VERIFIED, VIEW_PUBLIC, hidden)


def test_what_is_passed_on_tells_nothing_of_the_rest(seeds: range) -> None:
    """Not how many there are, and of a value of a thousand possible ones not which: no guess meets a digest."""
    for seed in seeds[:10]:
        sealed = Sealed.grown(seed)
        answer = cut(sealed, VIEW_FULL)
        (shown,) = (value for value in answer.values if value.index in HIDDEN)
        signed = next(decode_signed(value.data) for value in answer.values if value.index == SIGNED_INDEX + VIEW_FULL)
        salts = [b"", bytes(16), signed.opened[shown.index]]
        guesses = [
            replace(value, data=b"%d" % number) for value in sealed.hidden if value != shown for number in range(1_000)
        ]

        assert list(signed.opened) == [shown.index]
        assert len(signed.digests) % 4 == 0
        assert sorted(signed.digests) == list(signed.digests)
        assert not {sealed_digest(guess, salt, signed.suite) for guess in guesses for salt in salts} & set(signed.digests)


def test_a_guess_would_meet_a_digest_without_salt() -> None:
    """So that the test above can fail."""
    value = Value(500, "price", b"421")

    assert digest_of(value, 1) in {sealed_digest(replace(value, data=b"%d" % number), b"", 1) for number in range(1_000)}


def test_what_nobody_signed_is_not_passed_on() -> None:
    """Nor what is not there."""
    sealed = Sealed.grown(1)
    answer = sealed.answer(sealed.buyers)

    with pytest.raises(NotCovered, match="no statement is about a value 999"):
        disclosed(answer.values, (999,))


def test_statements_of_two_groups_cover_what_both_see() -> None:
    """Whoever is in both is shown both."""
    sealed = Sealed.grown(3)
    views = {view: sealed.signed(view).opened for view in (sealed.buyers, sealed.audited)}
    shown = [value for value in sealed.hidden if any(value.index in opened for opened in views.values())]
    answer = sealed.of([*sealed.tree.values, *shown, *(sealed.statements[view] for view in views), sealed.public()])

    assert (answer.judge().standing, answer.judge().uncovered) == (Standing.VERIFIED, ())


def test_an_answer_with_a_statement_out_of_place_is_refused() -> None:
    """A sealed statement that everybody could read is none."""
    sealed = Sealed.grown(4)
    answer = sealed.answer(VIEW_FULL)
    values = [replace(value, permissions=14) if value.type == SIGNED_TYPE else value for value in answer.values]

    assert replace(answer, values=values).judge().standing is Standing.FAILED
