"""The fourteen attacks of a malicious tier (`trust.md` §3.6), and those on the word of the day about prefixes and keys:
whatever a node in between does to an answer, none verifies.

Each attack is a generator over random trees, records and signers; how often each is tried is an option, `--attacks`. A
forgery that is believed is named by its seed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from idis.proto.proof import LINKS_MAX, Standing, prove_absence
from idis.proto.statement import SIGNED_TYPE, digests_of, stored_spelling
from idis.proto.status import CURRENT
from idis.proto.types.key_delegation import EVERYTHING, KeyDelegation
from idis.proto.types.prefix_status import name_hash
from idis.proto.types.signed import Signed, decode_signed, encode_signed
from idis.proto.value import Value
from idis.registry.suites import SigningKey
from tests.registry.signed_trees import KEYS, NOW, PREFIXES, Answer, Tree, link, statement_value, status


def told(tree: Tree) -> Answer:
    """Every prefix of the chain has a status of the key above it, or of its own."""
    answer = tree.answer()
    for at, prefix in enumerate(PREFIXES):
        answer.statuses.append(status(tree.keys[at + tree.random.randrange(2)], prefix))
    return answer


def any_speaker(tree: Tree) -> tuple[SigningKey, str]:
    """Somebody who may speak for a prefix of the chain."""
    at = tree.random.randrange(len(PREFIXES))
    return tree.keys[at + tree.random.randrange(2)], PREFIXES[at]


def honest(tree: Tree) -> Answer:
    """Nothing is done to it."""
    return tree.answer()


def cut(tree: Tree) -> Answer:
    """A filter left values out, and the statement brings the digests of all."""
    answer = tree.answer()
    return replace(answer, values=_with_digests(tree, answer), complete=False)


def swap_values(tree: Tree) -> Answer:
    """Two values change their places."""
    answer = tree.answer()
    one, other = tree.random.sample(range(len(tree.values)), 2)
    values = answer.values
    values[one], values[other] = (
        replace(values[one], data=values[other].data + b"!", type=values[other].type),
        replace(values[other], data=values[one].data),
    )
    return answer


def drop_one(tree: Tree) -> Answer:
    """A value is left out of a whole answer."""
    answer = tree.answer()
    del answer.values[tree.random.randrange(len(tree.values))]
    return answer


def add_one(tree: Tree) -> Answer:
    """A value is added, in a whole answer or in one that a filter cut."""
    answer = tree.random.choice((honest, cut))(tree)
    added = Value(tree.random.choice([401, *range(1, 10)]), "URL", b"https://evil.example")
    if any(value.index == added.index for value in answer.values):
        added = replace(added, index=402)
    return replace(answer, values=sorted([*answer.values, added], key=lambda value: value.index))


def reorder(tree: Tree) -> Answer:
    """The values, or the digests of a cut answer, come in another order."""
    if tree.random.random() < 0.5:
        answer = tree.answer()
        answer.values.reverse()
        return answer
    return replace(tree.answer(), values=_with_digests(tree, tree.answer(), turned=True), complete=False)


def old_version(tree: Tree) -> Answer:
    """What the owner signed before is served again to a client that has seen what he signed since."""
    answer = tree.answer()
    newer = tree.answer([*tree.values, Value(403, "NOTE", b"recalled")], version=8)
    assert newer.judge().standing is Standing.VERIFIED
    return replace(answer, memory=newer.memory)


def other_identifier(tree: Tree) -> Answer:
    """Another record of the same owner stands in."""
    answer = tree.answer()
    names = (tree.identifier + "0", "88.118.8/other", "88.118/" + tree.identifier.partition("/")[2], "88.118.8")
    return replace(answer, identifier=tree.random.choice(names))


def other_prefix_key(tree: Tree) -> Answer:
    """A key that signs honestly for another prefix, above, beside or alike, signs this one's record."""
    thief = KEYS[tree.random.randrange(len(KEYS))]
    if thief in (tree.owner, tree.keys[0]):  # a root may do everything
        thief = tree.keys[1]
    answer = tree.answer(signer=thief)
    national, secondary = tree.keys[1], tree.keys[2]
    beside = tree.random.choice(
        (
            link(secondary, thief, "88.118.80"),
            link(secondary, thief, "88.118.9"),
            link(national, thief, "88.11"),
            link(secondary, thief, "88.118.8", rights=2),  # may delegate below, not sign
            link(secondary, thief, "88.118.8.1"),
            link(thief, thief, "88.118.8"),  # says so itself
            replace(link(secondary, tree.owner, "88.118.8"), child_key=thief.public.key),
        )
    )
    links = [one for one in answer.links if one.child_kid != thief.public.kid]
    return replace(answer, links=[*links, beside])


def suite_downgrade(tree: Tree) -> Answer:
    """The statement claims another suite for the owner's key, or so does a delegation."""
    answer = tree.answer()
    suite = tree.random.choice((0, 2, 3, 4, 255))
    if tree.random.random() < 0.5:
        return replace(answer, values=[_claiming(value, suite) for value in answer.values])
    at = tree.random.randrange(len(answer.links))
    answer.links[at] = replace(answer.links[at], **{tree.random.choice(("suite", "child_suite")): suite})
    return answer


def expired(tree: Tree) -> Answer:
    """Statement or delegation is past its time, or before it, by more than clocks may differ."""
    late = {"not_before": NOW - 5_000, "not_after": NOW - 301}
    early = {"not_before": NOW + 301, "not_after": NOW + 5_000}
    times = tree.random.choice((late, early))
    if tree.random.random() < 0.5:
        return tree.answer(**times)
    answer = tree.answer()
    answer.links[:] = [
        link(tree.keys[at], tree.keys[at + 1], prefix, **(times if at == 1 else {})) for at, prefix in enumerate(PREFIXES)
    ] + [one for one in answer.links if one.rights == 1]
    return answer


def revoked_key(tree: Tree) -> Answer:
    """A key of the chain has been revoked."""
    answer = tree.answer()
    kids = [tree.owner.public.kid, *(one.kid for one in tree.links), *(one.child_kid for one in tree.links)]
    answer.memory.revoked.add(tree.random.choice(kids))
    return answer


def truncated_chain(tree: Tree) -> Answer:
    """A delegation is missing."""
    answer = tree.answer()
    del answer.links[tree.random.randrange(len(answer.links))]
    return answer


def cyclic_chain(tree: Tree) -> Answer:
    """Delegations lead back to themselves instead of to a root."""
    one, other = tree.random.sample([key for key in KEYS if key not in tree.keys], 2)
    answer = tree.answer(signer=one)
    circle = [link(one, other, "88.118.8"), link(other, one, "88.118.8", rights=1)]
    above = [link(one, other, "88.118"), link(other, one, "88.118.8")]
    itself = [link(one, one, "88.118.8", rights=EVERYTHING), link(one, one, "88", rights=EVERYTHING)]
    return replace(answer, links=tree.random.choice((circle, above, itself, [*tree.links, *circle])))


def oversized_chain(tree: Tree) -> Answer:
    """More delegations than a chain may have, each of them right; or very many of them."""
    if tree.random.random() < 0.5:
        answer = tree.answer()
        return replace(answer, links=answer.links + [link(KEYS[at % 16], KEYS[(at + 1) % 16], "88.9") for at in range(64)])
    labels = [".".join(["88"] * length) for length in range(1, LINKS_MAX + 2)]
    keys = [tree.keys[0], *(key for key in KEYS if key is not tree.keys[0])]
    links = [link(keys[at], keys[at + 1], prefix) for at, prefix in enumerate(labels)]
    identifier = f"{labels[-1]}/x"
    value = statement_value(keys[len(labels)], identifier, tree.values)
    return replace(tree.answer(), identifier=identifier, values=[*tree.values, value], links=links)


def revoked_by_status(tree: Tree) -> Answer:
    """A key of the chain is revoked by the key above it, or by itself, however old that word is."""
    answer = told(tree)
    at = tree.random.randrange(len(PREFIXES))
    kids = [tree.keys[at + 1].public.kid] + ([tree.owner.public.kid] if at == 2 else [])
    times = tree.random.choice(({}, {"issued": NOW - 900_000, "valid_until": NOW - 900_000 + 86_400}))
    speaker = tree.keys[at + tree.random.randrange(2)]
    answer.statuses.append(status(speaker, PREFIXES[at], epoch=2, revoked=(tree.random.choice(kids),), **times))
    tree.random.shuffle(answer.statuses)
    return answer


def old_status(tree: Tree) -> Answer:
    """The status from before a revocation is served again to a client that has seen the revocation."""
    answer = told(tree)
    speaker, prefix = tree.keys[2], PREFIXES[2]
    newer = status(speaker, prefix, epoch=2, revoked=(tree.keys[3].public.kid,))
    seen = replace(tree.answer(), statuses=[newer])
    assert seen.judge().standing is Standing.FAILED
    return replace(answer, statuses=[*answer.statuses, status(speaker, prefix)], memory=seen.memory)


def forged_status(tree: Tree) -> Answer:
    """A status that bears the name of a key of the chain, and was not made with it."""
    answer = told(tree)
    speaker, prefix = any_speaker(tree)
    thief = next(key for key in KEYS if key not in tree.keys)
    honest_one = status(speaker, prefix, epoch=tree.random.randint(2, 9))
    changes: list[dict[str, Any]] = [{"signature": thief.sign(honest_one.octets())}, {"valid_until": NOW + 7_200}, {"epoch": 99}]
    answer.statuses.append(replace(honest_one, **tree.random.choice(changes)))
    return answer


def superseded(tree: Tree) -> Answer:
    """The owner has said that only a later version of the record counts: a recall."""
    answer = told(tree)
    floors = ((name_hash(stored_spelling(tree.identifier)), 8),)
    answer.statuses.append(status(tree.keys[2 + tree.random.randrange(2)], PREFIXES[2], epoch=2, floors=floors))
    return answer


def voided(tree: Tree) -> Answer:
    """Everything that was signed before a moment is void."""
    answer = told(tree)
    answer.statuses.append(status(tree.keys[2 + tree.random.randrange(2)], PREFIXES[2], epoch=2, min_signed_at=NOW - 100))
    return answer


def stopped(tree: Tree) -> Answer:
    """A prefix of the chain is suspended or revoked, or something is said of it that is not known here."""
    answer = told(tree)
    speaker, prefix = any_speaker(tree)
    answer.statuses.append(status(speaker, prefix, epoch=2, word=tree.random.choice((2, 3, 77))))
    return answer


def many_statuses(tree: Tree) -> Answer:
    """More of them than anybody needs: work for the verifier."""
    answer = told(tree)
    return replace(answer, statuses=[*answer.statuses, *(status(KEYS[at % 16], "88.9", epoch=at) for at in range(64))])


def withheld(tree: Tree) -> Answer:
    """The status of one prefix is left out."""
    answer = told(tree)
    del answer.statuses[tree.random.randrange(len(answer.statuses))]
    return answer


def outlived(tree: Tree) -> Answer:
    """The status of one prefix is of yesterday, or of tomorrow."""
    answer = told(tree)
    at = tree.random.randrange(len(PREFIXES))
    times = tree.random.choice(((NOW - 90_000, NOW - 3_700), (NOW + 301, NOW + 3_600)))
    answer.statuses[at] = status(tree.keys[at], PREFIXES[at], issued=times[0], valid_until=times[1])
    return answer


def of_another(tree: Tree) -> Answer:
    """The status of one prefix is another's, or of a key that has no say in it."""
    answer = told(tree)
    at = tree.random.randrange(len(PREFIXES))
    thief = next(key for key in KEYS if key not in tree.keys)
    strange = [status(tree.keys[at + 1], f"{PREFIXES[at]}.9"), status(thief, PREFIXES[at])]
    if tree.owner is tree.keys[4] and at == 2:
        strange.append(status(tree.owner, PREFIXES[2]))  # a mere signer
    answer.statuses[at] = tree.random.choice(strange)
    return answer


ATTACKS: tuple[Callable[[Tree], Answer], ...] = (
    swap_values,
    drop_one,
    add_one,
    reorder,
    old_version,
    other_identifier,
    other_prefix_key,
    suite_downgrade,
    expired,
    revoked_key,
    truncated_chain,
    cyclic_chain,
    oversized_chain,
    revoked_by_status,
    old_status,
    forged_status,
    superseded,
    voided,
    stopped,
    many_statuses,
)


@pytest.fixture(scope="module")
def seeds(request: pytest.FixtureRequest) -> range:
    """One for each try."""
    return range(request.config.getoption("--attacks"))


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_no_attack_is_believed(seeds: range, attack: Callable[[Tree], Answer]) -> None:
    """Never verified, and never a word that would pass for it; with no more signatures checked than a chain has."""
    believed = []
    for seed in seeds:
        answer = attack(Tree.grown(seed))
        standing = answer.judge().standing
        if standing is Standing.VERIFIED or answer.checks > 4 * LINKS_MAX + 2:
            believed.append((seed, standing, answer.checks))

    assert believed == []


def test_a_forged_absence_is_not_believed(seeds: range) -> None:
    """The fourteenth: nobody signs that a name does not exist, and nobody is told that somebody did."""
    assert {prove_absence(f"88.118.8/{seed}").standing for seed in seeds} == {Standing.UNSIGNED}


@pytest.mark.parametrize("make", [honest, cut], ids=lambda make: make.__name__)
def test_an_honest_answer_is_verified(seeds: range, make: Callable[[Tree], Answer]) -> None:
    """Whole, or cut by a filter; in any case of its name: or all the refusals above would prove nothing."""
    verdicts = []
    for seed in seeds:
        answer = make(Tree.grown(seed))
        verdicts.append(replace(answer, identifier=answer.identifier.lower()).judge())

    assert {(proof.standing, proof.version, proof.reason) for proof in verdicts} == {(Standing.VERIFIED, 7, "")}


def test_a_chain_whose_prefixes_have_their_word_is_current(seeds: range) -> None:
    """Until the first of the words ends."""
    proofs = [told(Tree.grown(seed)).judge() for seed in seeds]

    assert {(proof.standing, proof.status, proof.status_until) for proof in proofs} == {
        (Standing.VERIFIED, CURRENT, NOW + 3_600)
    }


@pytest.mark.parametrize("attack", [honest, withheld, outlived, of_another], ids=lambda attack: attack.__name__)
def test_what_lacks_a_word_is_never_current(seeds: range, attack: Callable[[Tree], Answer]) -> None:
    """Verified, and the status is unknown; by whom it should have been told is said."""
    proofs = [attack(Tree.grown(seed)).judge() for seed in seeds]

    assert {proof.standing for proof in proofs} == {Standing.VERIFIED}
    assert all(proof.status.startswith("unknown: no valid status of 88") for proof in proofs)


def test_a_word_that_was_believed_serves_on() -> None:
    """A client that has seen the statuses needs no signature for them again, and knows them when they are left out."""
    answer = told(Tree.grown(1))
    answer.judge()
    again = replace(answer, statuses=[], checks=0)

    assert (again.judge().status, again.checks) == (CURRENT, 1)


def test_a_second_proof_costs_one_signature() -> None:
    """The delegations are known by then."""
    answer = honest(Tree.grown(1))
    answer.judge()
    again = replace(answer, checks=0)

    assert again.judge().standing is Standing.VERIFIED
    assert again.checks == 1


def test_an_unknown_suite_is_neither_verified_nor_forged() -> None:
    """A chain in an algorithm that is not known here says nothing about the record."""
    tree, suite = Tree.grown(2), 4
    parent, public = tree.keys[2], tree.keys[3].public
    bare = KeyDelegation(
        parent.public.suite, parent.public.kid, "88.118.8", suite, public.key, EVERYTHING, 9, NOW - 5, NOW + 5
    )
    unknown = replace(bare, parent_signature=parent.sign(bare.octets()), child_signature=b"of that suite")
    signed = Signed(suite, unknown.child_kid, 7, NOW - 5, NOW + 5, 0, b"of that suite")
    answer = tree.answer()
    answer.links.append(unknown)
    values = [*tree.values, Value(410, SIGNED_TYPE, encode_signed(signed))]

    assert replace(answer, values=values).judge().standing is Standing.UNVERIFIABLE


def _with_digests(tree: Tree, answer: Answer, *, turned: bool = False) -> list[Value]:
    """Some of the values, and the statement with the digests of all."""
    carrier = answer.values[-1]
    signed = decode_signed(carrier.data)
    digests = digests_of(tree.values, signed.suite)
    data = encode_signed(replace(signed, digests=digests[::-1] if turned else digests))
    kept = [value for value in tree.values if tree.random.random() < 0.5]
    return [*kept, replace(carrier, data=data)]


def _claiming(value: Value, suite: int) -> Value:
    if value.type != SIGNED_TYPE:
        return value
    return replace(value, data=encode_signed(replace(decode_signed(value.data), suite=suite)))
