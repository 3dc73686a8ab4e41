"""The event hash id: fixed points, and what it must and must not depend on."""

from __future__ import annotations

from typing import Any

import pytest

from idis.registry.trace.hash_id import hash_id, pre_hash
from tests.registry.trace.sample_events import AGGREGATION, ASSOCIATION, FIVE, OBJECT, read_one

# Computed by the public reference implementation (pypi.org/project/epcis-event-hash-generator).
FIXED = [
    (ASSOCIATION, "77ab2dff15bf3b82c270fabef92bbb5a290eeb2e7ba25a43ad69da535a07f5a3"),
    (OBJECT, "790ffaddd0f0e90c82cf63136d0d6ac1a80a3775ac8ef480634b720cbc79991e"),
]


@pytest.mark.parametrize(("members", "digits"), FIXED)
def test_fixed_points(members: dict[str, Any], digits: str) -> None:
    """The ids of two events that others computed."""
    assert hash_id(read_one(members)) == f"ni:///sha-256;{digits}?ver=CBV2.0"


def test_the_whole_string() -> None:
    """What is hashed is the members in their fixed order, without anything between."""
    assert pre_hash(read_one(OBJECT)) == (
        "eventType=ObjectEventeventTime=2026-03-02T01:30:00.500ZeventTimeZoneOffset=+08:00"
        "epcListepc=https://id.gs1.org/01/06901234567892/21/42action=OBSERVE"
        "bizStep=https://ref.gs1.org/cbv/BizStep-shippingdisposition=https://ref.gs1.org/cbv/Disp-in_transit"
    )


@pytest.mark.parametrize(
    ("more", "part"),
    [
        ({"certificationInfo": "https://c.example/1"}, "+08:00certificationInfo=https://c.example/1epcList"),
        ({"epcList": ["urn:x:b", " urn:x:a"]}, "epcListepc=urn:x:aepc=urn:x:baction"),
        (
            {"quantityList": [{"epcClass": "urn:epc:class:lgtin:4012345.012345.998877", "quantity": 200.50, "uom": "KGM"}]},
            "quantityListquantityElementepcClass=https://id.gs1.org/01/04012345123456/10/998877quantity=200.5uom=KGMaction",
        ),
        ({"persistentDisposition": {"unset": ["damaged"], "set": ["available", "active"]}},
            "persistentDispositionset=https://ref.gs1.org/cbv/Disp-activeset=https://ref.gs1.org/cbv/Disp-available"
            "unset=https://ref.gs1.org/cbv/Disp-damaged"),
        ({"readPoint": {"id": "urn:epc:id:sgln:0614141.07346.1234", "ex:rp": "5"}},
            "readPointid=https://id.gs1.org/414/0614141073467/254/1234{https://ns.example.com/epcis/}rp=5"),
        ({"bizTransactionList": [{"type": "po", "bizTransaction": "urn:x:1"}, {"bizTransaction": "urn:x:0"}]},
            "bizTransactionListbizTransaction=urn:x:0bizTransaction=urn:x:1type=https://ref.gs1.org/cbv/BTT-po"),
        ({"ilmd": {"ex:b": ["3", "1"], "ex:a": {"ex:n": 1.10}}},
            "ilmd{https://ns.example.com/epcis/}a{https://ns.example.com/epcis/}n=1.1"
            "{https://ns.example.com/epcis/}b=1{https://ns.example.com/epcis/}b=3"),
        ({"ex:z": "007", "ex:c": "ex:v", "ex:none": ""},
            "{https://ns.example.com/epcis/}c=https://ns.example.com/epcis/v{https://ns.example.com/epcis/}none"
            "{https://ns.example.com/epcis/}z=7"),
        ({"sensorElementList": [{"ex:el": "q", "sensorMetadata": {"time": "2026-03-02T08:00:00+08:00", "ex:m": "b"},
            "sensorReport": [{"uom": "CEL", "value": 26.0, "type": "Temperature", "ex:f": "1"},
             {"type": "gs1:Mass", "booleanValue": True}]}]},
            "sensorElementListsensorElementsensorMetadatatime=2026-03-02T00:00:00.000Z{https://ns.example.com/epcis/}m=b"
            "sensorReporttype=https://gs1.org/voc/MassbooleanValue=true"
            "sensorReporttype=https://gs1.org/voc/Temperaturevalue=26uom=CEL{https://ns.example.com/epcis/}f=1"
            "{https://ns.example.com/epcis/}el=q"),
    ],
)  # fmt: skip
def test_the_form_of_members(more: dict[str, Any], part: str) -> None:
    """Each kind of member has its canonical form."""
    assert part in pre_hash(read_one(OBJECT | more))


@pytest.mark.parametrize(
    "same",
    [
        {"eventID": "urn:uuid:1"},
        {"recordTime": "2026-03-03T00:00:00Z"},
        {"errorDeclaration": {"declarationTime": "2026-03-03T00:00:00Z"}},
        {"eventTime": "2026-03-02T01:30:00.4995Z"},
        {"bizStep": "cbv:BizStep-shipping"},
        {"bizStep": "urn:epcglobal:cbv:bizstep:shipping"},
        {"epcList": ["https://example.cn/x/01/06901234567892/10/L1/21/42?linkType=gs1:pip"]},
        {"rdfs:comment": "no part of what is said"},
    ],
)
def test_what_it_does_not_depend_on(same: dict[str, Any]) -> None:
    """Ids, record times, declarations, comments and other spellings change nothing."""
    assert hash_id(read_one(OBJECT | same)) == hash_id(read_one(OBJECT))


@pytest.mark.parametrize("other", [{"action": "ADD"}, {"eventTimeZoneOffset": "+07:00"}, {"ex:a": "1"}, {"epcList": ["urn:x:1"]}])
def test_what_it_depends_on(other: dict[str, Any]) -> None:
    """Whatever an event says is part of its id."""
    assert hash_id(read_one(OBJECT | other)) != hash_id(read_one(OBJECT))


def test_a_number_is_a_number() -> None:
    """2.50, 2.5 and 25e-1 are one quantity."""
    ids = {
        hash_id(read_one(AGGREGATION | {"childQuantityList": [{"epcClass": "urn:x:1", "quantity": n}]})) for n in (2.50, 25e-1)
    }
    assert len(ids) == 1


def test_the_five_types_differ() -> None:
    """No two of the samples share an id."""
    assert len({hash_id(read_one(members)) for members in FIVE}) == 5


def test_a_handle_scheme_may_be_a_declared_prefix() -> None:
    """`hdl:` is a scheme, which stays, unless the context says that it stands for a namespace."""
    context = ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"]
    named = OBJECT | {"epcList": ["hdl:88.118.8/A"]}

    assert "epc=hdl:88.118.8/A" in pre_hash(read_one(named | {"@context": context}))
    assert "epc=urn:other:88.118.8/A" in pre_hash(read_one(named | {"@context": [*context, {"hdl": "urn:other:"}]}))
