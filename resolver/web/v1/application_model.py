"""The application for a prefix, as the registry's own form has it: names, lengths and choices stand there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, make_dataclass
from typing import Annotated, Any

from idis.registry.registration.application import SYSTEMS_MAX, DeployMode, Item, SystemKind, items
from idis.resolver.web.v1.field import BLANKS, Field, members
from idis.resolver.web.v1.showing import show


@dataclass(frozen=True, slots=True)
class ApplicantSystem:
    """A system that the applicant runs."""

    sysType: Annotated[  # the national interface's own name
        int,
        Field(
            "1 registration, 2 its data, 3 its backup, 4 resolution server, 5 backup of the service",
            "系统类型",
            min(SystemKind),
            max(SystemKind),
            example=4,
        ),
    ]
    deployMode: Annotated[int, Field("1 on premises, 2 in a cloud", "部署方式", min(DeployMode), max(DeployMode), example=1)]
    place: Annotated[str, Field("the address, or the provider's name", "地址", 1, 255, example="上海市浦东新区")]
    ipPort: Annotated[str | None, Field("its address and port", "IP与端口", 1, 64)] = None


_EXAMPLES: dict[str, object] = {
    "orgName": "示例船舶有限公司",
    "orgNature": 1,
    "orgAddrProvince": "310000",
    "orgAddrCity": "310100",
    "orgAddr": "浦东大道1号",
    "orgCrtType": 1,
    "orgCrtCode": "91310000MA1FL0007C",
    "industryCategory": "C37",
    "contactName": "张三",
    "contactPhone": "+86 21 0000 0000",
    "contactEmail": "zhang@example.com",
    "legalName": "李四",
}


def _annotation(item: Item) -> Any:
    required = item.required
    if item.choices is not None:
        words = ", ".join(f"{int(choice)} {choice.name.lower().replace('_', ' ')}" for choice in item.choices)
        told = Field(f"{item.line}: {words}", "", min(item.choices), max(item.choices), example=_EXAMPLES.get(item.name))
        return Annotated[int if required else int | None, told]
    pattern = "" if item.shape is None else item.shape.pattern.replace(r"\s", BLANKS)
    told = Field(item.line, "", 1, item.most, pattern, "date" if item.is_date else "", _EXAMPLES.get(item.name))
    return Annotated[str if required else str | None, told]


_SYSTEMS = Annotated[tuple[ApplicantSystem, ...], Field("the systems it runs, one of each kind", "系统", most=SYSTEMS_MAX)]

ApplicationForm: type[Any] = make_dataclass(
    "ApplicationForm",
    [
        *((item.name, _annotation(item)) for item in items().values() if item.required),
        *((item.name, _annotation(item), field(default=None)) for item in items().values() if not item.required),
        ("entInfoSyses", _SYSTEMS, field(default=())),
    ],
    frozen=True,
    namespace={
        "__doc__": "What an organisation says of itself when it asks for a prefix, by the names of the national interface."
    },
)


def given_form(form: object) -> Mapping[str, object]:
    """A form as the registry reads it: what was not given is left out."""
    shown = {member.name: show(getattr(form, member.attribute)) for member in members(ApplicationForm)}
    return {name: value for name, value in shown.items() if value not in (None, [])}
