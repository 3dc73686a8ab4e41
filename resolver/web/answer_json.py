"""The outcome of a resolution as the JSON text of the REST interface (`wire.md` §15); no part of it knows who sends it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from idis.proto.outcome import Answer, NotFound, NoValues, Outcome, Referral, Refused, outcome_code
from idis.proto.value import decode_values
from idis.resolver.web.value_json import value_json

SERVER = "idis"  # which library serves is nobody's business
CALLBACK_CHARACTERS_MAX = 128
_CALLBACK = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*(?:\.[A-Za-z_$][A-Za-z0-9_$]*)*", re.ASCII)


def outcome_document(outcome: Outcome, spelling: str) -> dict[str, object]:
    """What is said of an identifier that was asked for by this spelling."""
    document: dict[str, object] = {"responseCode": int(outcome_code(outcome)), "handle": spelling}
    match outcome:
        case Answer(values=values):
            document["values"] = [value_json(value) for value in decode_values(values)]
        case Referral(values=values, handle=handle):
            document["message"] = "this name is answered by the sites below"
            if handle:
                document["referral"] = handle
            document["values"] = [value_json(value) for value in decode_values(values)] if values else []
        case NoValues():
            document["values"] = []
        case NotFound():
            document["message"] = "this identifier does not exist"
        case Refused(message=message):
            document["message"] = message
    return document


def json_text(document: Mapping[str, object], *, pretty: bool = False) -> str:
    """The document as it is sent; `pretty` for people."""
    return json.dumps(document, ensure_ascii=False, indent=2 if pretty else None)


def allowed_callback(name: str) -> bool:
    """Whether a JSONP callback is a plain dotted name, so that nothing else can be made to run."""
    return len(name) <= CALLBACK_CHARACTERS_MAX and _CALLBACK.fullmatch(name) is not None
