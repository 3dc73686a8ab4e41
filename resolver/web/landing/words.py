"""What the pages say of themselves, in Chinese and English."""

from __future__ import annotations

from idis.proto.proof import Standing
from idis.resolver.web.landing.language import Words
from idis.resolver.web.landing.shown import Case, Recall

BRAND = Words("标识解析", "Identifier resolution")
SWITCH = Words("English", "中文")
SWITCH_HINT = Words("Show this page in English", "以中文显示本页")

FIELDS = Words("产品信息", "Details")
CERTIFICATES = Words("证书与文件", "Certificates and files")
LINKS = Words("相关链接", "Links")
CHOICE = Words("请选择", "Choose one")
OTHERS = Words("其他标识", "Other identifiers of the same thing")
ORIGIN = Words("数据来源", "Where this comes from")
TECHNICAL = Words("供程序使用的数据", "Data for programs")
JSON = Words("以 JSON 查看", "The same as JSON")
SUCCESSORS = Words("替代者", "Successor")
SINCE = Words("日期", "Date")
OMITTED = Words("另有 {count} 项未显示，见 JSON。", "{count} more are not shown; see the JSON.")
STATEMENT = Words(
    "本页由 {node} 按登记内容自动生成，内容由标识所有者负责。",
    "Made by {node} from what is registered; its owner answers for it.",
)

# The recall flag: a headline and what to do.
RECALLS: dict[Recall, tuple[Words, Words]] = {
    Recall.STOP: (
        Words("停止使用", "Stop: do not use"),
        Words(
            "该产品已被要求停用或召回。请立即停止使用、安装和发运，隔离存放，并联系生产单位。",
            "This thing is recalled or blocked. Do not use, install or ship it; set it apart and contact its producer.",
        ),
    ),
    Recall.CHECK: (
        Words("使用前须核查", "Check before use"),
        Words(
            "该产品有待核查的质量问题。在生产单位确认之前，请勿使用或发运。",
            "A question about its quality is open. Do not use or ship it before its producer has confirmed it.",
        ),
    ),
}
RECALLED = Words("标志登记于", "The flag is that of")
ONWARD = Words("已阅读上述提示，继续前往产品网页", "I have read this: go on to the page of the product")

# What became of the question: a headline, a sentence, and what to do next.
CASES: dict[Case, tuple[Words, Words, tuple[Words, ...]]] = {
    Case.NOTHING_PUBLIC: (
        Words("没有公开信息", "Nothing public"),
        Words(
            "该标识已登记，但其所有者未向公众开放任何内容。",
            "This identifier is registered; its owner shows nothing of it to the public.",
        ),
        (
            Words(
                "如果您是其合作方，请用您的身份通过企业系统查询。",
                "If you are a partner of the owner, ask with your identity, through your company's system.",
            ),
            Words("需要公开信息时，请联系产品的生产单位。", "If you need to know more, contact the producer."),
        ),
    ),
    Case.NOT_FOUND: (
        Words("未找到该标识", "Not found"),
        Words("没有登记这一标识。", "Nobody has registered this identifier."),
        (
            Words(
                "重新扫码，或核对输入的每个字符（0 与 O、1 与 I 容易混淆）。",
                "Scan again, or compare what you typed character by character (0 and O, 1 and I are easily mixed up).",
            ),
            Words("刚贴上的标签可能尚未登记，请稍后再试。", "A new label may not be registered yet: try again later."),
            Words(
                "标签完好却始终查不到时，产品可能并非正品，请联系销售方或生产单位。",
                "If an undamaged label is never found, the product may not be genuine: ask its seller or producer.",
            ),
        ),
    ),
    Case.MALFORMED: (
        Words("这不是有效的标识", "Not a valid identifier"),
        Words(
            "地址中的标识无法识别，可能在复制或扫码时损坏。",
            "What stands in the address cannot be read; it may have been damaged when it was copied or scanned.",
        ),
        (
            Words("重新扫码，或从原处重新复制完整的标识。", "Scan again, or copy the whole identifier once more."),
            Words("校验位错误通常意味着有一位数字输错。", "A wrong check digit usually means that one digit is wrong."),
        ),
    ),
    Case.REFUSED: (
        Words("无权查看", "Not for everybody"),
        Words("该标识的内容仅向指定的读者开放。", "What is registered here is shown to its readers only."),
        (
            Words(
                "请用您的身份通过企业系统查询，或联系标识的所有者。",
                "Ask with your identity, through your company's system, or contact the owner.",
            ),
        ),
    ),
    Case.WITHDRAWN: (
        Words("该标识已停用", "No longer in use"),
        Words("该标识已被其所有者撤销或替代。", "Its owner has withdrawn this identifier or replaced it."),
        (
            Words(
                "如下方列有替代标识，请使用替代标识；否则请联系生产单位。",
                "Use the successor where one is named; otherwise contact the producer.",
            ),
        ),
    ),
    Case.STOPPED: (
        Words("标识前缀已停用", "Prefix out of service"),
        Words(
            "该标识所属的前缀已被暂停或撤销，因此不提供解析。",
            "The prefix of this identifier is suspended or revoked, so nothing below it is answered.",
        ),
        (
            Words(
                "这不表示产品有问题。请联系生产单位或上级节点。",
                "That says nothing about the product. Contact the producer, or the node above the prefix.",
            ),
        ),
    ),
    Case.NOT_RESPONSIBLE: (
        Words("本节点不负责该标识", "Another node answers for this"),
        Words("本节点没有登记该前缀，也不代为查询。", "This node has not registered the prefix, and does not ask others for it."),
        (
            Words("请通过递归节点或标识所有者的节点查询。", "Ask a recursive node, or the node of the identifier's owner."),
            Words("核对前缀（斜杠之前的部分）是否正确。", "Check the prefix, the part before the slash."),
        ),
    ),
    Case.ELSEWHERE: (
        Words("由其他节点解析", "Answered by another node"),
        Words("该标识由下列节点负责解析。", "The nodes below answer for this identifier."),
        (Words("打开下面的链接，或通过递归节点查询。", "Open one of the links, or ask a recursive node."),),
    ),
    Case.BUSY: (
        Words("暂时无法查询", "Too busy just now"),
        Words("本节点现在很忙，或今日的查询次数已用完。", "This node is busy, or what may be asked today has been asked."),
        (Words("请稍候片刻再刷新本页。", "Wait a moment and reload this page."),),
    ),
    Case.FAILED: (
        Words("暂时无法取得数据", "No answer just now"),
        Words(
            "负责该标识的节点没有应答。这不表示标识不存在。",
            "The node that answers for this identifier is silent. That does not mean that the identifier does not exist.",
        ),
        (Words("请稍候片刻再刷新本页。", "Wait a moment and reload this page."),),
    ),
}

SOURCES: dict[str, tuple[Words, str]] = {
    "authority": (Words("权威数据", "Authoritative"), "good"),
    "upstream": (Words("刚从权威节点取得", "Fetched from the authority just now"), "good"),
    "cache": (Words("缓存数据", "Cached"), ""),
    "stale": (Words("过期缓存，权威节点未应答", "Outdated copy: the authority is silent"), "doubt"),
}

PROOFS: dict[Standing, tuple[Words, str]] = {
    Standing.VERIFIED: (Words("签名已验证", "Signature verified"), "good"),
    Standing.UNSIGNED: (Words("未签名", "Not signed"), ""),
    Standing.UNVERIFIABLE: (Words("已签名，本节点未验证", "Signed, not verified here"), ""),
    Standing.FAILED: (Words("签名无效", "Signature is wrong"), "bad"),
}
SIGNATURE_WRONG = (
    Words("签名无效，请勿相信以下内容", "The signature is wrong: do not trust what follows"),
    Words(
        "所示内容与其所有者签署的不一致，可能已被篡改。",
        "What is shown is not what its owner has signed; somebody may have changed it.",
    ),
)

USE_SUCCESSOR = Words("请使用替代标识；本页保留供核对。", "Use the successor; this page is kept for reference.")
NO_SUCCESSOR = Words(
    "没有替代标识，请勿再使用；有疑问请联系生产单位。",
    "Nothing takes its place: do not use it any more, and ask its producer if in doubt.",
)
# How an identifier ended.
ENDS: dict[str, Words] = {
    "superseded": Words("已被替代", "Superseded"),
    "merged": Words("已合并", "Merged into another"),
    "split": Words("已拆分", "Split into others"),
    "transferred": Words("已转移", "Transferred"),
    "withdrawn": Words("已撤销", "Withdrawn"),
}

NODE = Words("本节点", "This node")
ANSWERED_BY = Words("应答节点", "Answered by")
PREFIX = Words("标识前缀", "Prefix")
OWNER = Words("前缀所有者", "Owner of the prefix")
AGE = Words("数据时间", "Age")
CHANGED = Words("最近更新", "Last changed")
SOURCE = Words("数据状态", "Status")
SIGNATURE = Words("数字签名", "Signature")
KEY = Words("签名密钥", "Key")
GOOD_UNTIL = Words("签名有效期至", "Signature good until")
JUST_NOW = Words("刚刚", "just now")
REASON = Words("节点的说明", "What the node says")

_AGES = ((86_400, "{} 天前", "{} days ago"), (3_600, "{} 小时前", "{} hours ago"), (60, "{} 分钟前", "{} minutes ago"))


def age_words(age_s: int) -> Words:
    """How long ago, for people."""
    for unit_s, chinese, english in _AGES:
        if age_s >= 2 * unit_s:
            count = age_s // unit_s
            return Words(chinese.format(count), english.format(count))
    return JUST_NOW if age_s < 2 else Words(f"{age_s} 秒前", f"{age_s} seconds ago")
