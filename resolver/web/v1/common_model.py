"""Members and models that several operations share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from idis.proto.identifier import IDENTIFIER_BYTES_MAX, PREFIX_BYTES_MAX
from idis.resolver.web.v1.field import Field

PAGE_ITEMS_MAX = 1_000  # of a list: one answer stays below a megabyte
PAGE_ITEMS_DEFAULT = 100

# A request line holds 8,190 octets, and a character that is written percent-encoded takes at most twelve of them.
SUFFIX_CHARACTERS_MAX = 600

PREFIX_PATTERN = r"[0-9A-Za-z][0-9A-Za-z-]*(\.[0-9A-Za-z][0-9A-Za-z-]*)*"
SUFFIX_PATTERN = r"[^\u0000-\u001f\u007f-\u009f]+"
IDENTITY_PATTERN = r"([0-9]{1,10}:)?[^\u0000-\u001f\u007f-\u009f]+"

PREFIX = Field("a prefix", "标识前缀", 1, PREFIX_BYTES_MAX, PREFIX_PATTERN, example="88.118.8")
SUFFIX = Field("all behind the identifier's first slash", "标识后缀", 1, SUFFIX_CHARACTERS_MAX, SUFFIX_PATTERN, example="A1")
SCOPE_PREFIX = Field(
    "the prefix it is for, and all below it; empty for the whole node",
    "标识前缀",
    0,
    PREFIX_BYTES_MAX,
    f"({PREFIX_PATTERN})?",
    example="88.118.8",
)
CURSOR = Field("'next' of the last page", "游标", 1, 2_000, "[A-Za-z0-9_-]+")
LIMIT = Field("how many a page has at most", "每页数量", 1, PAGE_ITEMS_MAX)
VERSION = Field("rises with every change", "版本", 0, 2**63 - 1, example=7)
IDENTIFIER = Field("prefix/suffix", "标识", 1, IDENTIFIER_BYTES_MAX, SUFFIX_PATTERN, example="88.118.8/A1")
IDENTITY = Field(
    "an identity, index:identifier; 0 or no index is any key of it",
    "标识身份",
    3,
    2_060,
    IDENTITY_PATTERN,
    example="300:88.118.8/App_1",
)
TIME = Field("a time", "时间", form="date-time", example="2027-01-31T08:00:00Z")


@dataclass(frozen=True, slots=True)
class PrefixPath:
    """A prefix in the path."""

    prefix: Annotated[str, PREFIX]


@dataclass(frozen=True, slots=True)
class Done:
    """What a change came to."""

    changed: Annotated[bool, Field("false when it was so already", "是否变更")]
