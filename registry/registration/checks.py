"""What a registration is refused for, and the sentences that say what would help.

A refusal is a result: it carries the response code for the wire and one sentence for a person, and nothing happened.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice

from idis.proto.codes import ResponseCode
from idis.proto.errors import IdentifierError
from idis.proto.identifier import fold, parse_prefix
from idis.proto.schemes import uscc
from idis.registry.prefix import ROOT_PREFIX, PrefixEntry, PrefixState
from idis.registry.store.base import ReadTxn

LABEL_CHARACTERS_MAX = 20  # the enterprise label of the national numbering
OWNER_CHARACTERS_MAX = 255  # orgName of the national interface
INDUSTRY_CHARACTERS_MAX = 50
REASON_CHARACTERS_MAX = 255
PAGE_ENTRIES = 512  # prefix entries read at once; the whole tree is never held
_NEIGHBOURS_SHOWN = 3

_LABEL = re.compile(r"[0-9A-Z][0-9A-Z-]*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

STATE_WORDS = {
    PrefixState.SUSPENDED: "suspended 停用",
    PrefixState.ACTIVE: "active 启用",
    PrefixState.REVOKED: "revoked 待删除",
    PrefixState.REJECTED: "rejected 被驳回",
    PrefixState.APPLIED: "applied 待审核",
    PrefixState.IN_REVIEW: "in review 审核中",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Nothing happened; one sentence says why and what would help."""

    code: int
    message: str


@dataclass(frozen=True, slots=True)
class Organisation:
    """Who owns a prefix. `code` is its unified social credit code, empty for an owner that has none."""

    owner: str = ""
    code: str = ""
    industry: str = ""


def judge_organisation(organisation: Organisation) -> Organisation | Refusal:
    """The organisation as it is stored: trimmed, its code in its one spelling; or what is wrong with it."""
    owner, industry = organisation.owner.strip(), organisation.industry.strip()
    for name, text, limit in (("owner", owner, OWNER_CHARACTERS_MAX), ("industry", industry, INDUSTRY_CHARACTERS_MAX)):
        if not is_line(text, limit):
            return Refusal(ResponseCode.INVALID_VALUE, f"the {name} is one line of at most {limit} characters")
    if not organisation.code.strip():
        return Organisation(owner, "", industry)
    verdict = uscc.check(organisation.code)
    if not verdict.ok:
        return Refusal(ResponseCode.INVALID_VALUE, f"{organisation.code} is no unified social credit code: {verdict.message}")
    return Organisation(owner, verdict.canonical, industry)


def refuse_parent(txn: ReadTxn, parent: str) -> Refusal | None:
    """What forbids registering below a prefix: it must be homed here, or anybody could grant anybody's numbers."""
    entry = txn.prefix(parent)
    if entry is not None and entry.state is PrefixState.ACTIVE and entry.homed:
        return None
    if parent == ROOT_PREFIX:
        return Refusal(
            ResponseCode.SERVER_NOT_RESPONSIBLE,
            f"prefixes of one label are registered at a root; this node does not home {parent}",
        )
    if entry is None:
        return Refusal(
            ResponseCode.SERVER_NOT_RESPONSIBLE,
            f"{unknown(txn, parent).message}, so nothing is registered below it: check the prefix, or home {parent} here first",
        )
    if entry.state is not PrefixState.ACTIVE:
        return Refusal(
            ResponseCode.SERVER_NOT_RESPONSIBLE, f"{parent} is {STATE_WORDS[entry.state]}, nothing is registered below it"
        )
    return Refusal(
        ResponseCode.SERVER_NOT_RESPONSIBLE, f"{parent} is not homed here: the prefixes below it are registered at its own node"
    )


def refuse_name(prefix: str) -> Refusal | None:
    """What forbids a folded prefix by its spelling."""
    try:
        parse_prefix(prefix)
    except IdentifierError as error:
        return Refusal(ResponseCode.INVALID_HANDLE, f"{prefix}: {error}")
    label = prefix.rpartition(".")[2]
    if _LABEL.fullmatch(label) is None or len(label) > LABEL_CHARACTERS_MAX:
        return Refusal(
            ResponseCode.INVALID_HANDLE,
            f"{label!r} is no label: 1 to {LABEL_CHARACTERS_MAX} digits, letters A to Z or hyphens, not starting with a hyphen",
        )
    return None


def is_line(text: str, most: int) -> bool:
    """Whether a text is one line of at most so many characters."""
    return len(text) <= most and _CONTROL.search(text) is None


def refuse_reason(reason: str) -> Refusal | None:
    """What forbids a reason by its length or its characters."""
    if not is_line(reason, REASON_CHARACTERS_MAX):
        return Refusal(ResponseCode.INVALID_VALUE, f"a reason is one line of at most {REASON_CHARACTERS_MAX} characters")
    return None


def unknown(txn: ReadTxn, prefix: str) -> Refusal:
    """The refusal of a prefix that is not registered, naming those that are and look most like it."""
    folded = fold(prefix)
    above = txn.longest_prefix(folded)
    beside = [entry.prefix for entry in islice(entries(txn, below=above.prefix if above else ""), PAGE_ENTRIES)]
    near = ([above.prefix] if above else []) + sorted(get_close_matches(folded, beside, _NEIGHBOURS_SHOWN))
    hint = f"registered here: {', '.join(near)}" if near else "nothing like it is registered here"
    return Refusal(ResponseCode.HANDLE_NOT_FOUND, f"the prefix {prefix} is not registered here ({hint})")


def entries(txn: ReadTxn, *, below: str = "") -> Iterator[PrefixEntry]:
    """Entries in key order: all of them, or those whose prefix lies below a folded one."""
    head = f"{below}." if below else ""
    after: str | None = head or None
    while page := txn.prefixes(after, PAGE_ENTRIES):
        for entry in page:
            if not entry.prefix.startswith(head):
                return
            yield entry
        after = page[-1].prefix
