"""What stands on the page whatever the operations are: its looks, and what holds for all of them."""

from __future__ import annotations

STYLE = """\
:root { color-scheme: light dark;
  --ink: #1b1f24; --quiet: #57606a; --paper: #fff; --box: #f4f6f8; --line: #d8dee4; --link: #0b5fa5;
  --get: #1a7f37; --put: #9a6700; --post: #0b5fa5; --patch: #8250df; --delete: #cf222e }
@media (prefers-color-scheme: dark) { :root {
  --ink: #e6e8ea; --quiet: #9aa4ae; --paper: #16181b; --box: #212529; --line: #3a4046; --link: #6cb6f5;
  --get: #57c46f; --put: #d9a514; --post: #6cb6f5; --patch: #b493f5; --delete: #ff7b72 } }
* { box-sizing: border-box }
body { font: 15px/1.55 system-ui, "Noto Sans CJK SC", "Microsoft YaHei", sans-serif;
  color: var(--ink); background: var(--paper); max-width: 62rem; margin: 0 auto; padding: 2rem 1rem 6rem }
h1 { font-size: 1.7rem; margin: 0 }
h2 { font-size: 1.2rem; margin: 2.4rem 0 .6rem; border-bottom: 1px solid var(--line) }
h3 { font-size: .85rem; margin: 1rem 0 .3rem; color: var(--quiet); font-weight: 600 }
a { color: var(--link) } p { margin: .4rem 0 } .quiet { color: var(--quiet) }
code, pre { font: 13px/1.5 ui-monospace, "DejaVu Sans Mono", Consolas, monospace }
code { background: var(--box); padding: .08rem .3rem; border-radius: 3px }
pre { background: var(--box); padding: .7rem .9rem; overflow-x: auto; border-radius: 6px; margin: .3rem 0 }
nav { columns: 20rem; margin: 1.2rem 0 }
nav a { display: block; text-decoration: none; break-inside: avoid; padding: .1rem 0 }
details { border: 1px solid var(--line); border-radius: 6px; margin: .5rem 0 } details > div { padding: 0 1rem 1rem }
summary { cursor: pointer; padding: .5rem .8rem; display: flex; flex-wrap: wrap; gap: .2rem .7rem; align-items: baseline }
summary b { min-width: 4.2rem; font-size: .8rem; letter-spacing: .03em } summary .quiet { margin-left: auto }
.GET { color: var(--get) } .PUT { color: var(--put) } .POST { color: var(--post) }
.PATCH { color: var(--patch) } .DELETE { color: var(--delete) }
table { border-collapse: collapse; width: 100% }
td, th { text-align: left; vertical-align: top; padding: .25rem .6rem .25rem 0 } td { border-top: 1px solid var(--line) }
th { font-size: .8rem; color: var(--quiet); font-weight: 600 } td:first-child { white-space: nowrap }
"""

INTRODUCTION = """\
<p>本节点为运营者和企业的程序提供的接口：标识记录、前缀、令牌、角色和审计。
<span class="quiet" lang="en">The interface of this node for the programs of operators and enterprises: records, prefixes,
tokens, roles, audit. Resolution for the public is <code>/api/handles</code>.</span></p>
<table>
<tr><td>身份 · identity</td><td>a token, <code>Authorization: Bearer idis_…</code>; or a key's secret (Basic), or a key's
signature. <code>idis token create</code> makes the first token, <a href="#op-whoAmI"><code>/whoami</code></a> tells what
came of it.</td></tr>
<tr><td>错误 · refusals</td><td><code>application/problem+json</code> (RFC 9457): <code>code</code> is the response code of the
field's own protocol, <code>pointer</code> says where in the request. <a href="#codes">All codes</a>.</td></tr>
<tr><td>分页 · pages</td><td>ask again with <code>cursor</code> = <code>next</code> of the last page until that is
<code>null</code></td></tr>
<tr><td>版本 · versions</td><td>what has a version answers with it as <code>ETag</code>; with <code>If-Match</code> a write
happens only at that version, with <code>If-None-Match: *</code> only if there is nothing yet; else 412</td></tr>
<tr><td>重试 · retries</td><td>with an <code>Idempotency-Key</code> of your own, a write that is sent again is answered as the
first time; after a time-out just send it again</td></tr>
<tr><td>机器可读 · for machines</td><td><a href="openapi.json">OpenAPI 3.1</a></td></tr>
</table>"""
