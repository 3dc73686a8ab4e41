"""What an organisation says of itself when it asks for a prefix."""

from __future__ import annotations

from dataclasses import fields

import pytest

from idis.proto.codes import ResponseCode
from idis.registry.caller import Caller, Role, RoleGrant
from idis.registry.identity import identity_of
from idis.registry.prefix import PrefixEntry
from idis.registry.registration.application import (
    Application,
    DeployMode,
    Filed,
    Nature,
    OrganisationCertificate,
    System,
    SystemKind,
    application_json,
    filed,
    items,
    read_application,
)
from idis.registry.registration.checks import Organisation, Refusal
from idis.registry.registration.life import Event, Registered
from idis.registry.registration.prefix_acts import Advance, Apply, Resubmit, Revoke, Transfer, perform_prefix
from idis.registry.store.memory import MemoryStore

NOW = 1_700_000_000
OPERATOR = Caller("cli root", None, (RoleGrant(Role.OPERATOR),))
APPLICANT = Caller("http 192.0.2.4", identity_of(300, "88.1/yard"))

FORM: dict[str, object] = {
    "orgName": "上海某船厂",
    "orgNature": 2,
    "orgAddrProvince": "310000",
    "orgAddrCity": "310100",
    "orgAddr": "浦东新区某路 1 号",
    "orgCrtType": 1,
    "orgCrtCode": "91310000MA1FL0007C",
    "industryCategory": "C",
    "industrySpecific": "C373",
    "contactName": "张三",
    "contactPhone": "+86 21 5555 0100",
    "contactEmail": "zhang@example.com",
    "legalName": "李四",
    "establishDate": "2001-02-28",
    "entInfoSyses": [{"sysType": 4, "deployMode": 2, "place": "某云", "ipPort": "192.0.2.1:2641"}],
}


def _form(**changes: object) -> Application:
    read = read_application(FORM | changes)
    assert isinstance(read, Application), read
    return read


@pytest.fixture
def store() -> MemoryStore:
    """A secondary node that registers below 88.118."""
    made = MemoryStore(clock=lambda: NOW)
    made.write(lambda txn: txn.put_prefix(PrefixEntry("88.118", homed=True)), actor="test").result()
    return made


def _do(store: MemoryStore, act: object, caller: Caller = OPERATOR) -> object:
    return store.write(lambda txn: perform_prefix(txn, act, caller, NOW), actor="test").result().result  # type: ignore[arg-type]


def test_a_form_is_read_by_its_national_names() -> None:
    """Texts, enumerations by number, and the list of systems."""
    form = _form()

    assert (form.org_name, form.org_nature) == ("上海某船厂", Nature.PRIVATE)
    assert form.certificate is OrganisationCertificate.SOCIAL_CREDIT_CODE
    assert form.systems == (System(SystemKind.RESOLUTION_SERVER, DeployMode.CLOUD, "某云", "192.0.2.1:2641"),)
    assert form.organisation == Organisation("上海某船厂", "91310000MA1FL0007C", "C373")


def test_a_form_is_shown_as_it_was_read() -> None:
    """What is filed upward is what the applicant wrote."""
    assert application_json(_form()) == FORM


def test_every_field_of_the_form_has_its_national_name() -> None:
    """The table of fields and the model name the same fields."""
    assert set(items()) | {"systems"} == {field.name for field in fields(Application)}


@pytest.mark.parametrize("name", [item.name for item in items().values() if item.required])
def test_what_is_required_must_be_there(name: str) -> None:
    """The refusal names the field."""
    read = read_application({key: value for key, value in FORM.items() if key != name})

    assert isinstance(read, Refusal)
    assert read.code == ResponseCode.INVALID_VALUE
    assert read.message.startswith(f"{name}: ")


@pytest.mark.parametrize("item", [item for item in items().values() if item.most], ids=lambda item: item.name)
def test_a_text_longer_than_its_field_is_refused(item: object) -> None:
    """Each text has the length of the national interface."""
    name, most = item.name, item.most  # type: ignore[attr-defined]
    read = read_application(FORM | {name: "1" * (most + 1)})

    assert isinstance(read, Refusal)
    assert read.message.startswith(f"{name}: ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("orgNature", 6),
        ("orgNature", True),
        ("orgNature", "private"),
        ("orgCrtType", 0),
        ("orgCrtCode", "91310000MA1FL0007X"),
        ("contactEmail", "nobody"),
        ("contactPhone", "call me"),
        ("orgAddrProvince", "Shanghai"),
        ("industryCategory", "shipbuilding"),
        ("establishDate", "2001-02-29"),
        ("establishDate", "20010228"),
        ("orgName", "two\nlines"),
        ("orgName", 7),
        ("legalCrtType", 4),
        ("entInfoSyses", "none"),
        ("entInfoSyses", [{}] * 6),
    ],
)
def test_a_wrong_field_is_named(name: str, value: object) -> None:
    """One sentence that begins with the field."""
    read = read_application(FORM | {name: value})

    assert isinstance(read, Refusal)
    assert read.message.startswith(f"{name}: ")


def test_a_system_is_wrong_in_its_own_fields() -> None:
    """Its kind is one of five."""
    read = read_application(FORM | {"entInfoSyses": [{"sysType": 6, "deployMode": 1, "place": "x"}]})

    assert isinstance(read, Refusal)
    assert read.message.startswith("sysType: one of 1 registration")


def test_an_unknown_field_is_refused() -> None:
    """A misspelled name must not be lost in silence."""
    read = read_application(FORM | {"orgname": "x"})

    assert read == Refusal(ResponseCode.INVALID_VALUE, "orgname: no such field")


def test_another_proof_than_the_social_credit_code_is_not_checked() -> None:
    """And is no code of the prefix's owner."""
    form = _form(orgCrtType=2, orgCrtCode="HRB-1234")

    assert form.organisation.code == ""


def test_the_form_is_kept_with_its_applicant(store: MemoryStore) -> None:
    """As a document beside the prefix, whose owner it names."""
    done = _do(store, Apply("88.118.8", form=_form()), APPLICANT)
    with store.read() as txn:
        kept = filed(txn, "88.118.8")

    assert isinstance(done, Registered)
    assert (done.entry.owner, done.entry.owner_code, done.entry.industry) == ("上海某船厂", "91310000MA1FL0007C", "C373")
    assert kept == Filed(APPLICANT.identity, NOW, _form())


def test_an_organisation_has_one_prefix(store: MemoryStore) -> None:
    """Kind and number of its certificate are jointly unique."""
    _do(store, Apply("88.118.8", form=_form()))
    again = _do(store, Apply("88.118.9", form=_form(orgName="the same under another name")))
    other = _do(store, Apply("88.118.9", form=_form(orgCrtType=2)))

    assert isinstance(again, Refusal)
    assert again.code == ResponseCode.HANDLE_ALREADY_EXISTS
    assert "88.118.8" in again.message
    assert isinstance(other, Registered)


def test_a_corrected_certificate_frees_the_wrong_one(store: MemoryStore) -> None:
    """After a rejection the applicant files another number; the first is anybody's again."""
    _do(store, Apply("88.118.8", form=_form(orgCrtType=2, orgCrtCode="WRONG")), APPLICANT)
    _do(store, Advance("88.118.8", Event.REJECT, "number unreadable"))
    _do(store, Resubmit("88.118.8", form=_form(orgCrtType=2, orgCrtCode="RIGHT")), APPLICANT)
    wrong = _do(store, Apply("88.118.9", form=_form(orgCrtType=2, orgCrtCode="WRONG")))
    right = _do(store, Apply("88.118.10", form=_form(orgCrtType=2, orgCrtCode="RIGHT")))

    assert isinstance(wrong, Registered)
    assert isinstance(right, Refusal)


@pytest.mark.parametrize("end", [Revoke("88.118.8", alone=True), Transfer("88.118.8", Organisation("another"), alone=True)])
def test_an_organisation_whose_prefix_has_ended_may_ask_again(store: MemoryStore, end: object) -> None:
    """Revoked, or given to somebody else."""
    _do(store, Apply("88.118.8", form=_form()))
    _do(store, Advance("88.118.8", Event.REVIEW))
    _do(store, Advance("88.118.8", Event.APPROVE))
    _do(store, end)

    assert isinstance(_do(store, Apply("88.118.9", form=_form())), Registered)
