"""What is asked and answered about prefixes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Annotated

from idis.registry.prefix import Hosting, PrefixState, Privacy
from idis.registry.registration.checks import INDUSTRY_CHARACTERS_MAX, OWNER_CHARACTERS_MAX, REASON_CHARACTERS_MAX
from idis.registry.registration.delegation import HostingEvent
from idis.registry.registration.life import QUOTA_MAX, TTL_S_MAX
from idis.registry.registration.values import SITES_MAX
from idis.resolver.web.v1.application_model import ApplicationForm
from idis.resolver.web.v1.common_model import CURSOR, IDENTITY, LIMIT, PAGE_ITEMS_DEFAULT, PREFIX, PREFIX_PATTERN, TIME, VERSION
from idis.resolver.web.v1.field import Field
from idis.resolver.web.v1.site_model import ADMINISTRATOR_KEY, NEW_ADMINISTRATOR_KEY, SITES, ServerModel, SiteModel
from idis.resolver.web.v1.value_model import IDENTIFIER_CHARACTERS_MAX, ValueModel

LINE_PATTERN = r"[^\u0000-\u001f\u007f-\u009f]*"

_STATE = Field("where it is in its life", "前缀状态", example=PrefixState.ACTIVE)
_HOSTING = Field("whether this node answers in the enterprise's place", "托管状态", example=Hosting.NOT_HOSTED)
_PRIVACY = Field(
    "values that are not public: handle challenges whoever asks for them, strict answers as if they were not there", "隐私"
)
_FOLD = Field("whether suffixes compare without ASCII case", "后缀不分大小写")
_QUOTA = Field("most records below it; 0 for no limit", "配额", 0, QUOTA_MAX)
_TTL = Field("how long copies of its own record may be kept, in seconds", "生存时间", 0, TTL_S_MAX)
_SIGNING = Field("whether every record must carry its owner's signature; those that are there already stay as they are", "签名")
_DAILY_QUOTA = Field("most resolutions a day below it, by Beijing time; 0 for no limit", "日解析配额", 0, QUOTA_MAX)
_SITE = SiteModel((ServerModel("192.0.2.10", tcp=2641),))


class Signing(Enum):
    """Whether the records of a prefix are signed."""

    OPTIONAL = "optional"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True)
class ListPrefixesParameters:
    """Which prefixes, and which page of them."""

    below: Annotated[str | None, Field("only those below this one", "上级前缀", 1, 255, PREFIX_PATTERN, example="88.118")] = None
    state: Annotated[
        tuple[Annotated[PrefixState, _STATE], ...],
        Field("only those in this state; repeatable", "前缀状态", most=len(PrefixState)),
    ] = ()
    cursor: Annotated[str | None, CURSOR] = None
    limit: Annotated[int, LIMIT] = PAGE_ITEMS_DEFAULT


@dataclass(frozen=True, slots=True)
class OrganisationModel:
    """Who owns a prefix, in short."""

    owner: Annotated[str, Field("its name", "单位名称", 0, OWNER_CHARACTERS_MAX, LINE_PATTERN, example="示例船舶有限公司")] = ""
    code: Annotated[str, Field("its unified social credit code", "统一社会信用代码", 0, 32, LINE_PATTERN)] = ""
    industry: Annotated[str, Field("GB/T 4754", "行业", 0, INDUSTRY_CHARACTERS_MAX, LINE_PATTERN, example="C37")] = ""


@dataclass(frozen=True, slots=True)
class TermsModel:
    """How a prefix is kept."""

    privacy: Annotated[Privacy, _PRIVACY] = Privacy.HANDLE
    fold_suffix: Annotated[bool, _FOLD] = True
    quota: Annotated[int, _QUOTA] = 0
    ttl_s: Annotated[int, _TTL] = 86_400
    signing: Annotated[Signing, _SIGNING] = Signing.OPTIONAL
    daily_quota: Annotated[int, _DAILY_QUOTA] = 0


@dataclass(frozen=True, slots=True)
class PatchTerms:
    """What is to be kept differently; what is not given stays."""

    privacy: Annotated[Privacy | None, _PRIVACY] = None
    fold_suffix: Annotated[bool | None, _FOLD] = None
    quota: Annotated[int | None, Field("most records below it; 0 for no limit", "配额", 0, QUOTA_MAX, example=1_000_000)] = None
    ttl_s: Annotated[int | None, _TTL] = None
    signing: Annotated[Signing | None, _SIGNING] = None
    daily_quota: Annotated[int | None, _DAILY_QUOTA] = None


_FORM = Field("the application in full; it goes before 'organisation'", "申请表", model=ApplicationForm)
_ORGANISATION = Field("who owns it", "单位")


@dataclass(frozen=True, slots=True)
class ApplyForPrefix:
    """An application for a prefix."""

    prefix: Annotated[
        str,
        Field(
            "the prefix you wish for, or 88.118.* for the next free number below 88.118",
            "期望前缀",
            1,
            255,
            rf"{PREFIX_PATTERN}(\.\*)?|\*",
            example="88.118.*",
        ),
    ]
    form: Annotated[object, _FORM] = None
    organisation: Annotated[OrganisationModel | None, _ORGANISATION] = None
    terms: Annotated[TermsModel | None, Field("how it is to be kept", "管理方式")] = None
    applicant: Annotated[str | None, Field("for whom an operator asks; otherwise it is you", "申请人", 3, 2_060)] = None


@dataclass(frozen=True, slots=True)
class ApplyAgain:
    """The corrected facts after a rejection; what is not given stays."""

    form: Annotated[object, _FORM] = None
    organisation: Annotated[OrganisationModel | None, _ORGANISATION] = None


@dataclass(frozen=True, slots=True)
class NewPrefix:
    """A prefix that nobody asked for here."""

    organisation: Annotated[OrganisationModel | None, _ORGANISATION] = None
    terms: Annotated[TermsModel | None, Field("how it is to be kept", "管理方式")] = None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why."""

    reason: Annotated[
        str,
        Field(
            "one line; a rejection needs one, which the applicant reads",
            "原因",
            0,
            REASON_CHARACTERS_MAX,
            LINE_PATTERN,
            example="…",
        ),
    ] = ""


@dataclass(frozen=True, slots=True)
class TransferPrefix:
    """To whom, and why."""

    organisation: Annotated[
        OrganisationModel | None, Field("the new owner", "新单位", example=OrganisationModel("新船舶有限公司"))
    ] = None
    form: Annotated[object, _FORM] = None
    reason: Annotated[str, Field("one line", "原因", 0, REASON_CHARACTERS_MAX, LINE_PATTERN)] = ""


@dataclass(frozen=True, slots=True)
class PutSites:
    """Who answers for the prefix: sites, or a service handle."""

    sites: Annotated[
        tuple[SiteModel, ...], Field("where its identifiers are answered", "站点", most=SITES_MAX, example=(_SITE,))
    ] = ()
    derived: Annotated[
        tuple[SiteModel, ...] | None,
        Field("where prefixes below it are registered; without it, the same sites", "下级站点", most=SITES_MAX),
    ] = None
    service: Annotated[
        str | None, Field("a handle whose HS_SITE values say it, in place of sites", "服务标识", 1, IDENTIFIER_CHARACTERS_MAX)
    ] = None
    administrator_key: Annotated[str | None, NEW_ADMINISTRATOR_KEY] = None


@dataclass(frozen=True, slots=True)
class HostingChange:
    """What happens to the hosting of a prefix."""

    event: Annotated[HostingEvent, Field("ask for it, approve, reject, or end it", "事件", example=HostingEvent.APPLY)]
    sites: Annotated[
        tuple[SiteModel, ...], Field("on approval, the sites to name; without them this node's own", "站点", most=SITES_MAX)
    ] = ()
    administrator_key: Annotated[str | None, NEW_ADMINISTRATOR_KEY] = None


@dataclass(frozen=True, slots=True)
class PrefixModel:
    """A prefix."""

    prefix: Annotated[str, PREFIX]
    state: Annotated[PrefixState, _STATE]
    homed: Annotated[bool, Field("whether this node holds its records and registers prefixes below it", "本节点负责")]
    hosting: Annotated[Hosting, _HOSTING]
    owner: Annotated[str, Field("the organisation it belongs to", "单位名称")]
    owner_code: Annotated[str, Field("its unified social credit code", "统一社会信用代码")]
    industry: Annotated[str, Field("GB/T 4754", "行业")]
    privacy: Annotated[Privacy, _PRIVACY]
    fold_suffix: Annotated[bool, _FOLD]
    quota: Annotated[int, _QUOTA]
    ttl_s: Annotated[int, _TTL]
    signing: Annotated[Signing, _SIGNING]
    daily_quota: Annotated[int, _DAILY_QUOTA]
    reason: Annotated[str, Field("why it was rejected, suspended or revoked", "原因")]
    sites: Annotated[tuple[SiteModel, ...], SITES]
    administrator_key: Annotated[str, ADMINISTRATOR_KEY]
    version: Annotated[int, VERSION]


@dataclass(frozen=True, slots=True)
class AwaitingModel:
    """A request that waits for a second person to ask for the same."""

    act: Annotated[str, Field("what was asked for", "操作", example="revoke")]
    prefix: Annotated[str, PREFIX]
    to: Annotated[str, Field("whom a transfer is to; empty for a revocation", "新单位")]
    person: Annotated[str, Field("who asked", "申请人")]
    until: Annotated[str, TIME]


@dataclass(frozen=True, slots=True)
class PrefixDetail:
    """A prefix with the application for it and what waits for a second person."""

    entry: Annotated[PrefixModel, Field("the prefix", "标识前缀")]
    records: Annotated[int, Field("how many records this node holds below it", "标识数量", 0)]
    applicant: Annotated[str | None, IDENTITY]
    applied: Annotated[str | None, TIME]
    form: Annotated[object, Field("the application in full; null when there is none", "申请表")]
    awaiting: Annotated[tuple[AwaitingModel, ...], Field("what waits for a second person", "待第二人确认")]
    version: Annotated[int, VERSION]


@dataclass(frozen=True, slots=True)
class PrefixChanged:
    """The prefix as it stands now, or what is awaited."""

    entry: Annotated[PrefixModel | None, Field("null while a second person is awaited", "标识前缀")]
    changed: Annotated[bool, Field("false when it was so already", "是否变更")]
    awaiting: Annotated[AwaitingModel | None, Field("what waits for a second person", "待第二人确认")]
    version: Annotated[int | None, VERSION]


@dataclass(frozen=True, slots=True)
class PrefixPage:
    """One page of prefixes."""

    items: Annotated[tuple[PrefixModel, ...], Field("in the order of their names; a page may be short of its limit", "列表")]
    next: Annotated[str | None, Field("the cursor of the next page; null at the end", "下一页")]


@dataclass(frozen=True, slots=True)
class PrefixValues:
    """The record of a prefix as whoever asks may see it."""

    identifier: Annotated[str, Field("its prefix handle", "标识", example="0.NA/88.118.8")]
    values: Annotated[tuple[ValueModel, ...], Field("those that are shown to you", "值")]


@dataclass(frozen=True, slots=True)
class RangePath:
    """A range, by its first prefix."""

    start: Annotated[str, Field("the first prefix", "起始前缀", 1, 255, PREFIX_PATTERN, example="88.118.1000")]


@dataclass(frozen=True, slots=True)
class PutRange:
    """Who answers for a range."""

    end: Annotated[
        str,
        Field(
            "the last prefix: as long as the first, below the same parent",
            "终止前缀",
            1,
            255,
            PREFIX_PATTERN,
            example="88.118.1999",
        ),
    ]
    sites: Annotated[tuple[SiteModel, ...], Field("where its identifiers are answered", "站点", 1, SITES_MAX, example=(_SITE,))]
    ttl_s: Annotated[int, _TTL] = 86_400


@dataclass(frozen=True, slots=True)
class RangeModel:
    """A range of prefixes answered elsewhere."""

    start: Annotated[str, Field("the first prefix", "起始前缀")]
    end: Annotated[str, Field("the last prefix", "终止前缀")]
    sites: Annotated[tuple[SiteModel, ...], SITES]
    ttl_s: Annotated[int, _TTL]
    version: Annotated[int, VERSION]


@dataclass(frozen=True, slots=True)
class ListRangesParameters:
    """Which ranges, and which page of them."""

    below: Annotated[str | None, Field("only those below this prefix", "上级前缀", 1, 255, PREFIX_PATTERN)] = None
    cursor: Annotated[str | None, CURSOR] = None
    limit: Annotated[int, LIMIT] = PAGE_ITEMS_DEFAULT


@dataclass(frozen=True, slots=True)
class RangePage:
    """One page of ranges."""

    items: Annotated[tuple[RangeModel, ...], Field("a page may be short of its limit", "列表")]
    next: Annotated[str | None, Field("the cursor of the next page; null at the end", "下一页")]
