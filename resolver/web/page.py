"""`GET /`: a plain page that says whose node this is, in Chinese and English."""

from __future__ import annotations

from html import escape

from aiohttp import web

from idis.resolver.config import Tier
from idis.resolver.web.face import Face
from idis.resolver.web.paths import HANDLES_PATH

TIER_NAMES = {
    Tier.ROOT: "国际根节点 · root node",
    Tier.NATIONAL: "国家顶级节点 · national top-level node",
    Tier.SECONDARY: "二级节点 · secondary node",
    Tier.ENTERPRISE: "企业节点 · enterprise node",
    Tier.RECURSIVE: "递归节点 · recursive node",
}

_PAGE = """\
<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{name}</title>
<style>
body {{ font: 16px/1.6 system-ui, sans-serif; max-width: 44rem; margin: 3rem auto; padding: 0 1rem }}
body {{ color: #1b1f24; background: #fff }}
dt {{ font-weight: 600; margin-top: .6rem }} dd {{ margin: 0 }} code {{ background: #f1f3f5; padding: .1rem .3rem }}
@media (prefers-color-scheme: dark) {{ body {{ color: #e6e8ea; background: #16181b }} code {{ background: #2a2e33 }} }}
</style>
</head>
<body>
<h1>{name}</h1>
<p>{tier}</p>
<dl>
<dt>标识前缀 <span lang="en">· prefixes</span></dt><dd>{prefixes}</dd>
<dt>标识解析端口 <span lang="en">· binary protocol</span></dt><dd>{address}</dd>
<dt>版本 <span lang="en">· version</span></dt><dd>idis {version}</dd>
</dl>
<p>查询标识 <span lang="en">· to resolve an identifier</span>: <code>GET {path}<var>88.118.8/…</var></code></p>
<p><a href="/api/v1/">API</a> · <a href="/api/site">site</a> · <a href="/readyz">ready</a> · <a href="/metrics">metrics</a></p>
</body>
</html>
"""


class Page:
    """The front page of a node."""

    def __init__(self, face: Face) -> None:
        node = face.config.node
        server = face.site.servers[0]
        self._text = _PAGE.format(
            name=escape(node.name),
            tier=TIER_NAMES[node.tier],
            prefixes=escape("、".join(node.prefixes)) or "–",
            address=escape(f"{server.address} · {server.interfaces[0].port}"),
            version=escape(face.version),
            path=HANDLES_PATH,
        )

    async def get(self, request: web.Request) -> web.Response:
        """The page."""
        answer = web.Response(text=self._text, content_type="text/html", charset="utf-8")
        answer.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
        answer.headers["X-Content-Type-Options"] = "nosniff"
        return answer
