"""What an organisation says of itself when it asks for a prefix (`domain.md` §3.2, `entBasicInfo` and what goes with it).

One flat form with the field names, lengths and enumerations of the national interface, so that what an operator files
upward (tables T1 and T6) is what the applicant wrote. A form is judged whole before anything is stored, and stored as a
document beside the prefix; the certificate's kind and number belong to one organisation only, and so to one prefix.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from enum import IntEnum
from typing import Annotated, Any, get_args, get_type_hints

import msgpack

from idis.proto.codes import ResponseCode
from idis.proto.schemes import uscc
from idis.registry.document import DocumentKind
from idis.registry.identity import Identity, parse_identity
from idis.registry.registration.checks import Organisation, Refusal, is_line
from idis.registry.store.base import ReadTxn, WriteTxn

FORM_VERSION = 1
SYSTEMS_MAX = 5  # one of each kind
_PREFIX_HEAD = b"p\x00"  # keys of the documents: of a prefix,
_ORGANISATION_HEAD = b"o\x00"  # and of an organisation's certificate, whose document is the prefix it has

_PHONE = re.compile(r"[+0-9][0-9 ()-]{4,}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_REGION = re.compile(r"[0-9]{2,8}")  # administrative divisions, GB/T 2260
_INDUSTRY = re.compile(r"[A-T]?[0-9]{0,4}")  # sections, divisions, groups and classes of GB/T 4754


class Nature(IntEnum):
    """Whose an organisation is, orgNature 单位性质."""

    STATE = 1  # 国有控股
    PRIVATE = 2  # 民营控股
    FOREIGN = 3  # 外商控股
    PUBLIC_INSTITUTION = 4  # 事业单位
    NON_PROFIT = 5  # 民营非盈利


class OrganisationCertificate(IntEnum):
    """What proves an organisation, orgCrtType."""

    SOCIAL_CREDIT_CODE = 1  # 统一社会信用代码, which is checked
    OTHER = 2


class PersonCertificate(IntEnum):
    """What proves a person, contactCrtType and legalCrtType."""

    ID_CARD = 1
    PASSPORT = 2
    OTHER = 3


class SystemKind(IntEnum):
    """A system an applicant runs, sysType."""

    REGISTRATION = 1
    REGISTRATION_DATA = 2
    REGISTRATION_BACKUP = 3
    RESOLUTION_SERVER = 4
    SERVICE_BACKUP = 5


class DeployMode(IntEnum):
    """Where it runs, deployMode."""

    ON_PREMISES = 1
    CLOUD = 2


@dataclass(frozen=True, slots=True)
class Item:
    """A field of the form: its name there, what it is, its longest text, its shape, and whether it must be there."""

    name: str
    line: str
    most: int = 0
    shape: re.Pattern[str] | None = None
    choices: type[IntEnum] | None = None
    required: bool = False
    is_date: bool = False


@dataclass(frozen=True, slots=True)
class System:
    """One system an applicant runs: which, how, and where it is found."""

    kind: SystemKind
    mode: DeployMode
    place: str  # the address, or the provider's name
    ip_port: str = ""


def _text(name: str, line: str, most: int, *, required: bool = False, shape: re.Pattern[str] | None = None) -> Item:
    return Item(name, line, most, shape, required=required)


@dataclass(frozen=True, slots=True)
class Application:
    """The form, judged: build it with `read_application`."""

    org_name: Annotated[str, _text("orgName", "the organisation's full name", 255, required=True)]
    org_nature: Annotated[Nature, Item("orgNature", "whose it is", choices=Nature, required=True)]
    province: Annotated[str, _text("orgAddrProvince", "code of its province", 8, required=True, shape=_REGION)]
    city: Annotated[str, _text("orgAddrCity", "code of its city", 8, required=True, shape=_REGION)]
    address: Annotated[str, _text("orgAddr", "its address", 255, required=True)]
    certificate: Annotated[
        OrganisationCertificate,
        Item("orgCrtType", "what proves it", choices=OrganisationCertificate, required=True),
    ]
    certificate_code: Annotated[str, _text("orgCrtCode", "the number of that proof", 32, required=True)]
    industry: Annotated[str, _text("industryCategory", "its industry, GB/T 4754", 50, required=True, shape=_INDUSTRY)]
    contact_name: Annotated[str, _text("contactName", "whom to ask", 50, required=True)]
    contact_phone: Annotated[str, _text("contactPhone", "the contact's telephone", 50, required=True, shape=_PHONE)]
    contact_email: Annotated[str, _text("contactEmail", "the contact's address", 50, required=True, shape=_EMAIL)]
    legal_name: Annotated[str, _text("legalName", "the legal representative", 50, required=True)]
    county: Annotated[str, _text("orgAddrCounty", "code of its county", 8, shape=_REGION)] = ""
    industry_detail: Annotated[str, _text("industrySpecific", "its class within it, GB/T 4754", 50, shape=_INDUSTRY)] = ""
    description: Annotated[str, _text("orgDesc", "what it does", 1024)] = ""
    website: Annotated[str, _text("website", "its web site", 255)] = ""
    authority: Annotated[str, _text("regAuthority", "where it is registered", 255)] = ""
    capital: Annotated[str, _text("regCapital", "its registered capital", 50)] = ""
    established: Annotated[str, Item("establishDate", "when it was founded, YYYY-MM-DD", 10, is_date=True)] = ""
    valid_until: Annotated[str, Item("periodValidity", "until when it is licensed, YYYY-MM-DD", 10, is_date=True)] = ""
    contact_certificate: Annotated[
        PersonCertificate | None, Item("contactCrtType", "what proves the contact", choices=PersonCertificate)
    ] = None
    contact_certificate_code: Annotated[str, _text("contactCrtNo", "the number of that proof", 32)] = ""
    legal_certificate: Annotated[
        PersonCertificate | None, Item("legalCrtType", "what proves the representative", choices=PersonCertificate)
    ] = None
    legal_certificate_code: Annotated[str, _text("legalCrtNo", "the number of that proof", 32)] = ""
    legal_phone: Annotated[str, _text("legalPhone", "the representative's telephone", 50, shape=_PHONE)] = ""
    legal_email: Annotated[str, _text("legalEmail", "the representative's address", 50, shape=_EMAIL)] = ""
    systems: tuple[System, ...] = ()

    @property
    def organisation(self) -> Organisation:
        """The organisation as a prefix names its owner."""
        coded = self.certificate is OrganisationCertificate.SOCIAL_CREDIT_CODE
        return Organisation(self.org_name, self.certificate_code if coded else "", self.industry_detail or self.industry)


@dataclass(frozen=True, slots=True)
class Filed:
    """What is kept of an application: who asked, when (unix seconds), and the form if there was one."""

    applicant: Identity | None
    at: int
    form: Application | None = None


def items() -> dict[str, Item]:
    """The fields of the form by attribute, in their order; `systems` is a list and not among them."""
    hints = get_type_hints(Application, include_extras=True)
    return {field.name: get_args(hints[field.name])[1] for field in fields(Application) if field.name != "systems"}


def read_application(data: Mapping[str, object]) -> Application | Refusal:
    """The form as a program sends it, by the national names; or the first thing that is wrong with it, in one sentence."""
    known: dict[str, Any] = {}
    names = {item.name: attribute for attribute, item in _ITEMS.items()} | {"entInfoSyses": "systems"}
    if (stranger := next((name for name in data if name not in names), None)) is not None:
        return _wrong(str(stranger)[:64], "no such field")
    for name, attribute in names.items():
        given = data.get(name)
        read = _read_systems(given) if attribute == "systems" else _read_item(_ITEMS[attribute], given)
        if isinstance(read, Refusal):
            return read
        if read is not None:
            known[attribute] = read
    return _judge(Application(**known))


def application_json(form: Application) -> dict[str, object]:
    """The form by its national names; what is empty is left out."""
    shown: dict[str, object] = {}
    for attribute, item in _ITEMS.items():
        value = getattr(form, attribute)
        if value not in ("", None):
            shown[item.name] = int(value) if isinstance(value, IntEnum) else value
    if form.systems:
        shown["entInfoSyses"] = [
            {"sysType": int(one.kind), "deployMode": int(one.mode), "place": one.place, "ipPort": one.ip_port}
            for one in form.systems
        ]
    return shown


def filed(txn: ReadTxn, prefix: str) -> Filed | None:
    """What is kept of the application for a folded prefix."""
    body = txn.document(DocumentKind.APPLICATION, _PREFIX_HEAD + prefix.encode())
    if body is None:
        return None
    _version, applicant, at, form = msgpack.unpackb(body)
    read = None if form is None else read_application(form)
    assert not isinstance(read, Refusal), "what was stored was judged"
    return Filed(parse_identity(applicant) if applicant else None, at, read)


def refuse_organisation(txn: ReadTxn, prefix: str, form: Application) -> Refusal | None:
    """What forbids an organisation to have a folded prefix: another one that it has here."""
    holder = txn.document(DocumentKind.APPLICATION, _organisation_key(form))
    if holder is None or holder == prefix.encode():
        return None
    return Refusal(
        ResponseCode.HANDLE_ALREADY_EXISTS,
        f"the organisation {form.certificate_code} has the prefix {holder.decode()} here already: "
        "use that one, or let it be transferred or revoked first",
    )


def file_application(txn: WriteTxn, prefix: str, filing: Filed) -> None:
    """Keep an application that `refuse_organisation` did not refuse, in the place of an earlier one."""
    free_organisation(txn, prefix)
    if filing.form is not None:
        txn.put_document(DocumentKind.APPLICATION, _organisation_key(filing.form), prefix.encode())
    form = None if filing.form is None else application_json(filing.form)
    body = msgpack.packb([FORM_VERSION, str(filing.applicant) if filing.applicant else "", filing.at, form])
    txn.put_document(DocumentKind.APPLICATION, _PREFIX_HEAD + prefix.encode(), body)


def free_organisation(txn: WriteTxn, prefix: str) -> None:
    """Let the organisation of a prefix that has ended ask for another one; what it wrote stays."""
    kept = filed(txn, prefix)
    if kept is not None and kept.form is not None:
        txn.delete_document(DocumentKind.APPLICATION, _organisation_key(kept.form))


def _organisation_key(form: Application) -> bytes:
    return _ORGANISATION_HEAD + bytes((form.certificate,)) + form.certificate_code.upper().encode()


def _read_item(item: Item, given: object) -> object:
    if given is None or given == "":
        return _wrong(item.name, f"{item.line} is missing") if item.required else None
    if item.choices is not None:
        return _read_choice(item.name, item.choices, given)
    if not isinstance(given, str):
        return _wrong(item.name, "a text is expected")
    text = given.strip()
    if not is_line(text, item.most):
        return _wrong(item.name, f"{item.line} is one line of at most {item.most} characters")
    if item.shape is not None and item.shape.fullmatch(text) is None:
        return _wrong(item.name, f"{text!r} is not {item.line}")
    if item.is_date and not _is_date(text):
        return _wrong(item.name, f"{text!r} is no date: {item.line}")
    return text


def _read_choice(name: str, choices: type[IntEnum], given: object) -> IntEnum | Refusal:
    number = int(given) if isinstance(given, str) and given.isascii() and given.isdigit() else given
    if isinstance(number, int) and not isinstance(number, bool) and number in {int(choice) for choice in choices}:
        return choices(number)
    words = ", ".join(f"{int(choice)} {choice.name.lower()}" for choice in choices)
    return _wrong(name, f"one of {words} is expected")


def _read_systems(given: object) -> tuple[System, ...] | Refusal | None:
    if given is None:
        return None
    if not isinstance(given, list | tuple) or len(given) > SYSTEMS_MAX:
        return _wrong("entInfoSyses", f"a list of at most {SYSTEMS_MAX} systems is expected")
    systems: list[System] = []
    for one in given:
        if not isinstance(one, Mapping):
            return _wrong("entInfoSyses", "a system is an object with sysType, deployMode and place")
        kind = _read_choice("sysType", SystemKind, one.get("sysType"))
        mode = _read_choice("deployMode", DeployMode, one.get("deployMode"))
        place = _read_item(_text("place", "where the system is", 255, required=True), one.get("place"))
        ip_port = _read_item(_text("ipPort", "its address and port", 64), one.get("ipPort"))
        for read in (kind, mode, place, ip_port):
            if isinstance(read, Refusal):
                return read
        systems.append(System(SystemKind(kind), DeployMode(mode), str(place), str(ip_port or "")))  # type: ignore[arg-type]
    return tuple(systems)


def _judge(form: Application) -> Application | Refusal:
    """What fields mean together."""
    if form.certificate is not OrganisationCertificate.SOCIAL_CREDIT_CODE:
        return form
    verdict = uscc.check(form.certificate_code)
    if not verdict.ok:
        return _wrong("orgCrtCode", f"{form.certificate_code} is no unified social credit code: {verdict.message}")
    return replace(form, certificate_code=verdict.canonical)


def _is_date(text: str) -> bool:
    try:
        return len(text) == len("2026-01-31") and bool(date.fromisoformat(text))
    except ValueError:
        return False


def _wrong(name: str, message: str) -> Refusal:
    return Refusal(ResponseCode.INVALID_VALUE, f"{name}: {message}")


_ITEMS = items()
