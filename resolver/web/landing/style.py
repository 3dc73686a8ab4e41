"""The looks of the pages: one sheet, phone first, dark where the reader's device is, and fit for paper."""

from __future__ import annotations

import base64
import hashlib

STYLE = """\
:root{color-scheme:light dark;--ink:#17212b;--quiet:#55616d;--paper:#f3f5f7;--card:#fff;--line:#dfe4e9;--link:#0a58a8;
--good:#13693b;--goodp:#e5f4eb;--doubt:#7d4e00;--doubtp:#fff3d6;--bad:#a5121d;--badp:#fdeaea;--stop:#b3131f;--head:#12324f}
@media(prefers-color-scheme:dark){:root{--ink:#e8ecf0;--quiet:#a3adb7;--paper:#12161a;--card:#1b2127;--line:#333c45;
--link:#7db9f5;--good:#7fd6a2;--goodp:#16301f;--doubt:#f2c36b;--doubtp:#362a10;--bad:#ff9c98;--badp:#3d191b;--stop:#a5121d;
--head:#0d2236}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;font:1rem/1.55 system-ui,-apple-system,"PingFang SC","Noto Sans CJK SC","Noto Sans SC","Microsoft YaHei",sans-serif;
color:var(--ink);background:var(--paper);overflow-wrap:anywhere}
header{background:var(--head);color:#fff}
header div,main,footer{max-width:46rem;margin:0 auto;padding:0 1rem}
header div{display:flex;justify-content:space-between;align-items:center;gap:1rem;min-height:3.25rem}
header span{font-weight:600}
header a{color:#fff;text-decoration:none;border:1px solid #ffffff80;border-radius:1.2rem;padding:.42rem .95rem;white-space:nowrap}
main{padding-bottom:1rem}
a{color:var(--link)}
a:focus-visible,summary:focus-visible{outline:3px solid var(--link);outline-offset:2px;border-radius:3px}
header a:focus-visible{outline-color:#fff}
h1{font-size:1.45rem;line-height:1.3;margin:1.25rem 0 .2rem;text-wrap:balance}
h2{font-size:1.02rem;margin:0 0 .55rem}
h3{font-size:1rem;margin:0 0 .25rem}
p{margin:.35rem 0}
.quiet{color:var(--quiet)}
dd .quiet,.links .quiet{font-size:.85rem}
.name{font:.95rem/1.5 ui-monospace,"SFMono-Regular",Consolas,"DejaVu Sans Mono","Noto Sans Mono CJK SC",monospace;
color:var(--quiet);margin:0}
.chips{display:flex;flex-wrap:wrap;gap:.4rem;list-style:none;margin:.75rem 0 0;padding:0}
.chips li{border-radius:1rem;padding:.12rem .7rem;font-size:.88rem;background:var(--card);border:1px solid var(--line)}
.good,.chips .good{color:var(--good)}
.doubt,.chips .doubt{color:var(--doubt)}
.bad,.chips .bad{color:var(--bad)}
.chips .good{background:var(--goodp)}
.chips .doubt{background:var(--doubtp)}
.chips .bad{background:var(--badp)}
.chips li[class]{border-color:transparent}
.notice{border-radius:.6rem;padding:.85rem 1rem;margin:1rem 0 0;border:1px solid var(--line);border-left-width:.4rem;
background:var(--card)}
.notice strong{display:block;font-size:1.12rem;line-height:1.35}
.notice.doubt{background:var(--doubtp)}
.notice.bad{background:var(--badp)}
.notice.doubt,.notice.bad{color:var(--ink)}
.notice.doubt{border-color:var(--doubt)}
.notice.bad{border-color:var(--bad)}
.notice.doubt strong{color:var(--doubt)}
.notice.bad strong{color:var(--bad)}
.notice.stop{background:var(--stop);color:#fff;border-color:var(--stop)}
.notice.stop strong{font-size:1.3rem;color:#fff}
.notice.stop a,.notice.stop .quiet{color:#fff}
.notice .onward{margin-top:.7rem;font-size:.9rem}
section,details{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:.9rem 1rem;margin:1rem 0 0}
dl{margin:0}
dl>div{display:grid;grid-template-columns:minmax(5.5rem,31%) 1fr;gap:.8rem;padding:.42rem 0;border-top:1px solid var(--line)}
dl>div:first-child{border-top:0;padding-top:0}
dl>div:last-child{padding-bottom:0}
dt{color:var(--quiet);font-size:.9rem;padding-top:.08rem}
dt small{font-size:.8rem;opacity:.85}
dd{margin:0;white-space:pre-line}
dd dl{border-left:2px solid var(--line);padding-left:.7rem;margin:.35rem 0}
dd ul,.links{margin:0;padding:0;list-style:none}
.links li{padding:.42rem 0;border-top:1px solid var(--line)}
.links li:first-child{border-top:0;padding-top:0}
.card+.card{border-top:1px solid var(--line);margin-top:.8rem;padding-top:.8rem}
.steps{margin:.4rem 0 0;padding-left:1.2rem}
.steps li{margin:.3rem 0}
.odd{font:.8em ui-monospace,monospace;background:var(--doubtp);color:var(--doubt);border-radius:.2rem;padding:0 .2rem}
summary{cursor:pointer;font-weight:600}
details dl{margin-top:.7rem}
details dd{font-size:.88rem}
footer{padding:1.2rem 1rem 2rem;color:var(--quiet);font-size:.88rem}
footer p{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem}
@media(min-width:40rem){h1{font-size:1.8rem}
dl>div{grid-template-columns:13rem 1fr;gap:1rem}
dd dl>div{grid-template-columns:9rem 1fr}}
@media print{:root{color-scheme:light;--ink:#000;--quiet:#333;--paper:#fff;--card:#fff;--line:#999;--link:#000;--head:#fff;
--good:#000;--goodp:#fff;--doubt:#000;--doubtp:#fff;--bad:#000;--badp:#fff;--stop:#fff}
body{font-size:10.5pt}header{color:#000;border-bottom:1px solid #000}header a,details{display:none}
.chips li[class]{border-color:var(--line)}
.notice.stop,.notice.stop strong,.notice.stop a,.notice.stop .quiet{color:#000}
.notice.stop{border:3pt solid #000}section,.card{break-inside:avoid}
.links a[href^=http]::after,h3 a[href^=http]::after{content:" <" attr(href) ">";font-size:.85em}
dl>div{grid-template-columns:11rem 1fr}}
"""

_DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode("ascii")

# Nothing is fetched, run, framed or submitted: this sheet alone, by its digest.
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
