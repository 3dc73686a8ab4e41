"""`idis resolve --verify`: whether answers prove themselves, from one root key (`proto/proof.py`).

The delegations of the prefixes above an identifier are asked of the same node as the answer: it need not be trusted, for
what it makes up has no signature. An answer and its delegations can be saved, and verified later without any network.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from idis.proto.codes import ResponseCode
from idis.proto.errors import IdentifierError, ProtocolError
from idis.proto.identifier import ancestors, parse_identifier, prefix_handle
from idis.proto.proof import Proof, RootKey, Standing, links_of, prove, prove_absence
from idis.proto.statement import NODE_FLAG_INDEX, SIGNED_TYPE, VIEW_FULL, VIEW_PUBLIC, is_node_flag
from idis.proto.status import CURRENT, statuses_of
from idis.proto.types.key_delegation import DELEGATION_TYPE, KeyDelegation, decode_delegation
from idis.proto.types.prefix_status import STATUS_TYPE, PrefixStatus, decode_status
from idis.proto.value import Value, decode_values, encode_values
from idis.proto.view_cover import NotCovered, disclosed
from idis.resolver.cli.json_read import read_json
from idis.resolver.cli.output import CommandError, ExitCode
from idis.resolver.client import Client
from idis.resolver.client_reply import ClientError, Reply

ROOT_KEY_VARIABLE = "IDIS_ROOT_KEY"
BUNDLE_BYTES_MAX = 4 * 1_048_576  # a record of the largest size, in base64, with its delegations
TYPES = (SIGNED_TYPE, DELEGATION_TYPE, STATUS_TYPE)  # asked for with every filter, since they are what is verified


@dataclass(frozen=True, slots=True)
class Bundle:
    """An answer with what proves it.

    Attributes:
        complete: whether all values were asked for.
        known: whether somebody known asked, who may be shown more than the public.
    """

    identifier: str
    code: int
    values: tuple[Value, ...]
    links: tuple[KeyDelegation, ...]
    complete: bool
    statuses: tuple[PrefixStatus, ...] = ()
    known: bool = False


async def collect(client: Client, reply: Reply, *, complete: bool, known: bool = False) -> Bundle:
    """Ask for the delegations and statuses of the prefixes above an answer's identifier."""
    links, statuses = links_of(reply.values), statuses_of(reply.values)
    for prefix in ancestors(parse_identifier(reply.identifier).folded_prefix):
        try:
            above = await client.resolve(prefix_handle(prefix), types=[DELEGATION_TYPE, STATUS_TYPE])
        except ClientError:
            continue  # without it the chain may still be whole
        links += links_of(above.values)
        statuses += statuses_of(above.values)
    unique = tuple(dict.fromkeys(links)), tuple(dict.fromkeys(statuses))
    return Bundle(reply.identifier, reply.code, reply.values, unique[0], complete, unique[1], known)


def only(bundle: Bundle, indexes: Collection[int]) -> Bundle:
    """Some values of a kept answer with what proves them, to be passed on. Raises CommandError."""
    if not bundle.complete:
        raise CommandError("a value is taken from a whole answer: keep one without --type and --index")
    try:
        return replace(bundle, values=disclosed(bundle.values, indexes), complete=False, known=True)
    except NotCovered as error:
        raise CommandError(f"the kept answer does not prove it: {error}", ExitCode.REFUSED) from None


def judge(bundle: Bundle, roots: list[RootKey]) -> Proof:
    """What an answer proves."""
    if bundle.code in (ResponseCode.HANDLE_NOT_FOUND, ResponseCode.VALUES_NOT_FOUND):
        return prove_absence(bundle.identifier)
    if bundle.code != ResponseCode.SUCCESS:
        return Proof(Standing.UNSIGNED, "the node refused, and a refusal is not signed")
    if not roots:
        return Proof(Standing.UNVERIFIABLE, f"no root key is known: give --root-key FILE, or set {ROOT_KEY_VARIABLE}")
    try:
        from idis.registry.suites import verify
    except ModuleNotFoundError as missing:
        raise CommandError(f"verifying needs a library ({missing.name} is missing): pip install 'idis[node]'") from None
    return prove(
        bundle.identifier,
        bundle.values,
        bundle.links,
        roots,
        int(time.time()),
        verify,
        complete=bundle.complete,
        known=bundle.known,
        statuses=bundle.statuses,
    )


def root_keys(path: Path | None) -> list[RootKey]:
    """The keys that are trusted, of a file or of the file the environment names; none without either."""
    name = path or os.environ.get(ROOT_KEY_VARIABLE)
    if not name:
        return []
    try:
        from idis.resolver.cli.key_file import read_public_keys
    except ModuleNotFoundError as missing:
        raise CommandError(f"verifying needs a library ({missing.name} is missing): pip install 'idis[node]'") from None
    return [RootKey(key.suite, key.key) for key in read_public_keys(Path(name))]


def proof_line(proof: Proof) -> str:
    """A proof in one line for people."""
    if proof.standing is not Standing.VERIFIED:
        return f"{proof.standing.value}: {proof.reason}"
    until = datetime.fromtimestamp(proof.not_after, UTC).strftime("%Y-%m-%d")
    what = "" if proof.view == VIEW_PUBLIC else f" ({view_name(proof.view)})"
    word = f"verified{what}: version {proof.version}, signed with the key {proof.kid.hex()}, good until {until}"
    if proof.status != CURRENT:
        return f"{word}; status {proof.status}"
    return f"{word}; keys and prefixes current until {datetime.fromtimestamp(proof.status_until, UTC):%Y-%m-%d %H:%M} UTC"


def uncovered_lines(values: Iterable[Value], proof: Proof) -> list[str]:
    """What no statement is about in a verified answer, for people: what was left out, and the flag of a node, which is not."""
    beside = [value for value in values if value.index in proof.uncovered and is_node_flag(value)]
    lines = [f"recall flag {value.text}: the node says so ({value.index}), the owner has not signed it" for value in beside]
    left = [str(index) for index in proof.uncovered if not beside or index != NODE_FLAG_INDEX]
    return lines + ([f"left out, since no statement is about them: value {', '.join(left)}"] if left else [])


def covered(values: Iterable[Value], proof: Proof | None) -> list[Value]:
    """The values of an answer without those that its proof is not about; a node's recall flag stays, for it warns."""
    return [value for value in values if proof is None or value.index not in proof.uncovered or is_node_flag(value)]


def view_name(view: int) -> str:
    """A view in words."""
    return {VIEW_PUBLIC: "public view", VIEW_FULL: "full view"}.get(view, "view of a group of readers")


def proof_document(proof: Proof) -> dict[str, object]:
    """The same for programs."""
    document: dict[str, object] = {"standing": proof.standing.name.lower(), "reason": proof.reason}
    if proof.standing is Standing.VERIFIED:
        document |= {"kid": proof.kid.hex(), "version": proof.version, "notAfter": proof.not_after, "status": proof.status}
        document |= {"view": proof.view, "uncovered": list(proof.uncovered)}
        document |= {"statusUntil": proof.status_until} if proof.status == CURRENT else {}
    return document


def save(path: Path, bundle: Bundle) -> None:
    """Write an answer down with what proves it. Raises CommandError."""
    document = {
        "identifier": bundle.identifier,
        "code": bundle.code,
        "values": base64.b64encode(encode_values(bundle.values)).decode("ascii"),
        "delegations": [base64.b64encode(link.encode()).decode("ascii") for link in bundle.links],
        "statuses": [base64.b64encode(status.encode()).decode("ascii") for status in bundle.statuses],
        "complete": bundle.complete,
        "known": bundle.known,
    }
    try:
        path.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", "utf-8")
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}") from None


def load(path: Path) -> Bundle:
    """Read what `save` wrote. Raises CommandError."""
    try:
        with path.open("rb") as file:
            document = read_json(file.read(BUNDLE_BYTES_MAX))
        identifier, values, links = document["identifier"], document["values"], document["delegations"]
        parse_identifier(identifier)
        return Bundle(
            identifier,
            int(document["code"]),
            decode_values(base64.b64decode(values, validate=True)),
            tuple(decode_delegation(base64.b64decode(link, validate=True)) for link in links),
            document["complete"] is True,
            tuple(decode_status(base64.b64decode(status, validate=True)) for status in document.get("statuses", ())),
            document.get("known") is True,
        )
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, KeyError, AttributeError, binascii.Error, ProtocolError, IdentifierError):
        raise CommandError(f"{path} holds no saved answer: write one with 'idis resolve --verify --save FILE'") from None
