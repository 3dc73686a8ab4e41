"""Types of links: what stands behind a GS1 key, by the GS1 Web Vocabulary (1.16), and the three ways to spell them.

A type is a CURIE (`gs1:pip`), an http(s) URI, or the name of a registered link relation (`alternate`). Within the node it is the
URI, or the relation's name: what a linkset has as the name of a member.
"""

from __future__ import annotations

import re

NAMESPACE = "https://ref.gs1.org/voc/"
PREFIX = "gs1:"
URI_CHARACTERS_MAX = 255

# name → what it leads to, in English and Chinese.
LINK_TYPES: dict[str, tuple[str, str]] = {
    "defaultLink": ("default link", "默认链接"),
    "defaultLinkMulti": ("default link by language or format", "按语言或格式的默认链接"),
    "activityIdeas": ("ideas what to do with it", "使用创意"),
    "allergenInfo": ("allergens", "过敏原"),
    "appDownload": ("app", "应用下载"),
    "backgroundInfo": ("background", "背景信息"),
    "brandHomepageClinical": ("brand page for clinicians", "品牌主页（医务人员）"),
    "brandHomepagePatient": ("brand page for patients", "品牌主页（患者）"),
    "careersInfo": ("careers", "招聘信息"),
    "certificationInfo": ("certificates", "认证证书"),
    "consumerHandlingStorageInfo": ("handling and storage", "使用与储存"),
    "dpp": ("digital product passport", "数字产品护照"),
    "eifu": ("electronic instructions for use", "电子使用说明"),
    "epcis": ("EPCIS repository", "EPCIS 事件库"),
    "epil": ("patient leaflet", "电子药品说明书（患者）"),
    "eventsInfo": ("events", "活动信息"),
    "faqs": ("frequent questions", "常见问题"),
    "handledBy": ("resolver in charge", "负责的解析器"),
    "hasRetailers": ("retailers", "零售商"),
    "homepage": ("home page", "主页"),
    "ingredientsInfo": ("ingredients", "成分"),
    "instructions": ("instructions", "使用说明"),
    "jws": ("signed statement", "签名声明"),
    "leaveReview": ("write a review", "发表评价"),
    "locationInfo": ("location", "位置信息"),
    "logisticsInfo": ("logistics", "物流信息"),
    "loyaltyProgram": ("loyalty programme", "会员计划"),
    "masterData": ("master data", "主数据"),
    "menuInfo": ("menu", "菜单"),
    "nutritionalInfo": ("nutrition", "营养信息"),
    "openingHoursInfo": ("opening hours", "营业时间"),
    "paymentLink": ("payment", "付款"),
    "pip": ("product information", "产品信息"),
    "productSustainabilityInfo": ("sustainability of the product", "产品可持续性"),
    "promotion": ("promotion", "促销"),
    "purchaseSuppliesOrAccessories": ("supplies and accessories", "耗材与配件"),
    "quickStartGuide": ("quick start guide", "快速入门"),
    "recallStatus": ("recall status", "召回状态"),
    "recipeInfo": ("recipes", "食谱"),
    "registerProduct": ("register the product", "产品注册"),
    "registryEntry": ("entry in a registry", "登记信息"),
    "relatedImage": ("picture", "图片"),
    "relatedVideo": ("video", "视频"),
    "reportFound": ("report it found", "拾获报告"),
    "review": ("reviews", "评价"),
    "safetyInfo": ("safety", "安全信息"),
    "scheduleTime": ("make an appointment", "预约"),
    "serviceInfo": ("service", "服务信息"),
    "smartLabel": ("SmartLabel", "SmartLabel"),
    "smpc": ("summary of product characteristics", "药品特性摘要"),
    "socialMedia": ("social media", "社交媒体"),
    "statisticInfo": ("statistics", "统计信息"),
    "subscribe": ("subscribe", "订阅"),
    "support": ("support", "支持"),
    "sustainabilityInfo": ("sustainability", "可持续性"),
    "traceability": ("traceability", "追溯信息"),
    "tutorial": ("tutorial", "教程"),
    "userAgreement": ("terms of use", "用户协议"),
    "verificationService": ("verification", "真伪验证"),
    "whatsInTheBox": ("what is in the box", "包装内容"),
}
DEPRECATED = {"productSustainabilityInfo": "sustainabilityInfo"}

DEFAULT = f"{NAMESPACE}defaultLink"
DEFAULT_MULTI = f"{NAMESPACE}defaultLinkMulti"
HANDLED_BY = f"{NAMESPACE}handledBy"
RECALL_STATUS = f"{NAMESPACE}recallStatus"

# One vocabulary, whichever of its addresses is written.
_NAMESPACES = (NAMESPACE, "https://gs1.org/voc/", "https://www.gs1.org/voc/", "http://gs1.org/voc/", "http://www.gs1.org/voc/")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_RELATION = re.compile(r"[a-z][a-z-]*")
# What the published schema of linksets allows as the name of a member.
_URI = re.compile(r"https?://[A-Za-z0-9][A-Za-z0-9._/]*")


def link_type(text: str) -> str:
    """The one spelling of a link type, whether anybody has defined it or not; empty for what is none."""
    if text.startswith(PREFIX):
        name = text[len(PREFIX) :]
        return NAMESPACE + name if _NAME.fullmatch(name) and len(name) <= URI_CHARACTERS_MAX else ""
    for namespace in _NAMESPACES:
        if text.startswith(namespace):
            name = text[len(namespace) :]
            return NAMESPACE + name if _NAME.fullmatch(name) and len(name) <= URI_CHARACTERS_MAX else ""
    if len(text) > URI_CHARACTERS_MAX:
        return ""
    return text if _RELATION.fullmatch(text) or _URI.fullmatch(text) else ""


def curie(name: str) -> str:
    """A link type as people write it: the vocabulary's own as a CURIE, others as they are."""
    return PREFIX + name.removeprefix(NAMESPACE) if name.startswith(NAMESPACE) else name


def title(name: str, *, zh: bool) -> str:
    """What a link type leads to, in a few words; its CURIE where nobody has named it."""
    known = LINK_TYPES.get(name.removeprefix(NAMESPACE)) if name.startswith(NAMESPACE) else None
    return curie(name) if known is None else known[zh]
