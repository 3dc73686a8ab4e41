"""What the published JSON schemas of GS1 require of linksets and of description files, written down from them.

https://ref.gs1.org/standards/resolver/linkset-schema and https://ref.gs1.org/standards/resolver/description-file-schema, both of
version 1.2.0 of the standard, draft 7 of JSON Schema. Descriptions are left out; every constraint is there, and only those.
"""

from __future__ import annotations

_WEB = r"^https?:\/\/[a-zA-z0-9./]+"  # A-z as published: it holds [, \, ], ^, _ and ` too
_TEXT = {"type": "string"}

LINKSET = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "required": ["linkset"],
    "additionalProperties": False,
    "properties": {
        "linkset": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["anchor"],
                "additionalProperties": False,
                "properties": {
                    "anchor": {"type": "string", "pattern": _WEB},
                    "itemDescription": _TEXT,
                    "description": _TEXT,
                },
                "patternProperties": {
                    r"(?!(anchor|itemDescription|description))^([a-z-]+$)|(^https?:\/\/[a-zA-z0-9./]+$)": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["href", "title"],
                            "additionalProperties": False,
                            "properties": {
                                "href": {"type": "string", "pattern": _WEB},
                                "title": _TEXT,
                                "hreflang": {
                                    "type": "array",
                                    "items": {"type": "string", "pattern": r"(^\w{2}$)|(^\w{2}-\w{2}$)"},
                                },
                                "type": {"type": "string", "pattern": r"\w+/[-+.\w]+"},
                                "context": {"type": "array"},
                                "fwqs": {"type": "boolean"},
                                "public": {"type": "boolean"},
                            },
                        },
                    }
                },
            },
        }
    },
}

_KEYS = (
    "all", "01", "8006", "8013", "8010", "410", "411", "412", "413", "414", "415", "417", "8017", "8018", "255", "00", "253",
    "401", "402", "8003", "8004",
)  # fmt: skip

DESCRIPTION = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "required": ["resolverRoot", "supportedPrimaryKeys"],
    "properties": {
        "resolverRoot": {"type": "string", "format": "uri"},
        "supportedPrimaryKeys": {"type": "array", "items": {"type": "string", "enum": list(_KEYS)}},
        "name": _TEXT,
        "supportedLinkType": {
            "type": "array",
            "items": {
                "properties": {
                    "namespace": {"type": "string", "format": "uri"},
                    "prefix": {"type": "string", "pattern": r"^[a-zA-Z_][A-Za-z0-9_-]*?:$"},
                }
            },
        },
        "linkTypeDefaultCanBeLinkset": {"type": "boolean"},
        "supportedContextValuesEnumerated": {"type": "array", "items": _TEXT},
        "supportedContextValuesExternal": {
            "type": "array",
            "items": {"type": "object", "properties": {"nameOfList": _TEXT, "url": _TEXT}},
        },
        "contact": {
            "type": "object",
            "properties": {
                "fn": _TEXT,
                "hasAddress": {
                    "type": "object",
                    "properties": {"streetAddress": _TEXT, "locality": _TEXT, "region": _TEXT, "postal-code": _TEXT},
                },
            },
        },
        "extensionProfile": _TEXT,
        "jsonLdContextLocation": _TEXT,
    },
}
