"""The description file of the resolver, `/.well-known/gs1resolver`, as GS1's published schema has it.

The schema in force (`https://ref.gs1.org/standards/resolver/description-file-schema`, 1.2.0) requires `resolverRoot` and
`supportedPrimaryKeys`; other members are allowed.
"""

from __future__ import annotations

import json

from idis.proto.schemes.gs1.link_types import DEPRECATED, LINK_TYPES, NAMESPACE, PREFIX
from idis.resolver.config import LinksSection
from idis.resolver.web.links.linkset import CONTEXT, JSON
from idis.resolver.web.links.reply import Reply, made

AGE_S = 3_600


def description(config: LinksSection, origin: str, name: str) -> Reply:
    """The file.

    Args:
        config: of the resolver.
        origin: scheme and host under which it is asked.
        name: of the node.
    """
    document: dict[str, object] = {
        "name": name,
        "resolverRoot": config.root or origin,
        "supportedPrimaryKeys": ["all"],
        "supportedLinkType": [{"namespace": NAMESPACE, "prefix": PREFIX}],
        "linkTypeDefaultCanBeLinkset": False,
        "supportsLanguageVariants": True,
        "validatesAIcombinations": False,
        "jsonLdContextLocation": CONTEXT,
        "contact": {"fn": config.contact or name},
        "activeLinkTypes": {"en": _titles(0), "zh": _titles(1)},
    }
    if config.terms:
        document["termsOfUse"] = config.terms
    body = json.dumps(document, ensure_ascii=False, indent=1).encode()
    return made(200, {"Content-Type": JSON, "X-Content-Type-Options": "nosniff"}, body, max_age_s=AGE_S)


def _titles(language: int) -> dict[str, object]:
    return {PREFIX + name: {"title": titles[language]} for name, titles in LINK_TYPES.items() if name not in DEPRECATED}
