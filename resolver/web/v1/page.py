"""The operations as one page for people: what each is asked and answers, with an example for curl; made from the same table.

It is one file without scripts, fonts or anything else to fetch, so that it works in a plant without the Internet.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from itertools import groupby
from typing import Any

from idis.proto.codes import ResponseCode
from idis.resolver.web.v1.field import Field, Maybe, Member, One, members
from idis.resolver.web.v1.openapi import BASE_PATH, example_of, meaning_of, path_names, statuses_of
from idis.resolver.web.v1.operation import Lines, Operation
from idis.resolver.web.v1.page_text import INTRODUCTION, STYLE
from idis.resolver.web.v1.problem import STATUSES, Problem, title_of
from idis.resolver.web.v1.sketch import curl_of, in_words, sketch


def page(operations: Sequence[Operation[Any, Any]], version: str, node: str) -> str:
    """The page.

    Args:
        operations: all of them; those of a group stand together.
        version: of the program.
        node: the name of the node that shows it.
    """
    title = f"{escape(node)} · API v1"
    parts = [f"<h1>{title}</h1><p class=quiet>idis {escape(version)} · 标识解析节点接口</p>", INTRODUCTION]
    parts += ["<nav>", *map(_entry, operations), "</nav>"]
    for group, some in groupby(operations, key=lambda operation: operation.group):
        parts += [f"<h2>{escape(group)}</h2>", *map(_operation, some)]
    parts.append(_codes())
    return (
        '<!doctype html>\n<html lang="zh-CN">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n{''.join(parts)}\n</body>\n</html>\n"
    )


def _entry(operation: Operation[Any, Any]) -> str:
    english, chinese = operation.summary
    return f'<a href="#op-{operation.name}">{escape(chinese)} <span class=quiet lang=en>{escape(english)}</span></a>'


def _operation(operation: Operation[Any, Any]) -> str:
    english, chinese = operation.summary
    parts = [
        f'<details id="op-{operation.name}"><summary><b class={operation.method}>{operation.method}</b>',
        f"<code>{BASE_PATH}{escape(operation.path)}</code> {escape(chinese)}",
        f"<span class=quiet lang=en>{escape(english)}</span></summary><div>",
    ]
    if operation.detail:
        parts.append(f"<p>{_marked(operation.detail)}</p>")
    if operation.may:
        parts.append(f"<p>权限 <span class=quiet lang=en>right</span>: {_marked(operation.may)}</p>")
    parts += [_parameters(operation), _request(operation), _answer(operation)]
    parts.append(f"<h3>示例 example</h3><pre>{escape(curl_of(operation))}</pre></div></details>")
    return "".join(parts)


def _parameters(operation: Operation[Any, Any]) -> str:
    in_path = path_names(operation.path)
    named = [(member, "path" if member.attribute in in_path else "query") for member in members(operation.parameters)]
    named += [(member, "header") for model in operation.headers for member in members(model)]
    rows = "".join(_parameter(member, place) for member, place in named)
    return f"<h3>参数 parameters</h3><table>{rows}</table>" if rows else ""


def _parameter(member: Member, place: str) -> str:
    needed = "" if member.required else " <span class=quiet>可选 optional</span>"
    shape = member.shape.shape if isinstance(member.shape, Maybe) else member.shape
    return (
        f"<tr><td><code>{escape(member.name)}</code> <span class=quiet>{place}</span></td>"
        f"<td>{escape(in_words(shape))}{needed}</td><td>{_line(member.field)}</td></tr>"
    )


def _request(operation: Operation[Any, Any]) -> str:
    if operation.request is None:
        return ""
    return f"<h3>请求 body</h3><pre>{escape(sketch(One(operation.request, Field(''))))}</pre>"


def _answer(operation: Operation[Any, Any]) -> str:
    successes = " · ".join(f"<code>{status}</code> {escape(meaning)}" for status, meaning in operation.successes)
    shown = ""
    if operation.response is Lines:
        shown = "<pre>one JSON object a line</pre>"
    elif operation.response is not None:
        shown = f"<pre>{escape(sketch(One(operation.response, Field(''))))}</pre>"
    refusals = " ".join(f'<code title="{escape(meaning_of(status))}">{status}</code>' for status in statuses_of(operation))
    return f"<h3>应答 answer</h3><p>{successes}</p>{shown}<p class=quiet>拒绝 refusals: {refusals}</p>"


def _line(field: Field) -> str:
    return f"{escape(field.zh)} <span class=quiet lang=en>{escape(field.line)}</span>" if field.zh else escape(field.line)


def _marked(text: str) -> str:
    """Words in capitals with underscores are rights and types: shown as code."""
    return " ".join(
        f"<code>{escape(word)}</code>" if "_" in word and word.upper() == word else escape(word) for word in text.split(" ")
    )


def _codes() -> str:
    known = {int(code): str(status) for code, status in STATUSES.items() if code}
    known[int(ResponseCode.ERROR)] = "409, 412, 500"
    rows = "".join(
        f'<tr id="code-{code}"><td><code>{code}</code></td><td>{status}</td><td>{title_of(code)}</td></tr>'
        for code, status in sorted(known.items())
    )
    example = {member.name: example_of(member.shape) for member in members(Problem)}
    shape = escape(json.dumps(example, ensure_ascii=False, indent=2))
    return (
        f'<h2 id="codes">codes 响应码</h2><pre>{shape}</pre><table><tr><th>code</th><th>HTTP</th><th>name</th></tr>{rows}</table>'
    )
