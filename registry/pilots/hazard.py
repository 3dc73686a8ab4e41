"""Hazard classes of the GHS and what each demands: its pictogram and its signal word (GHS annex 1, GB 30000).

Written as in safety data sheets, `Flam. Liq. 2`. A class without a pictogram or a word has an empty one.
"""

from __future__ import annotations

from typing import NamedTuple

from idis.registry.pilots.schema import Vocabulary

DANGER, WARNING = "危险", "警告"


class HazardClass(NamedTuple):
    """One class and category: Chinese name, pictograms of which one must be there, signal word."""

    chinese: str
    pictograms: tuple[str, ...]
    signal_word: str


def _row(chinese: str, pictograms: str, word: str) -> HazardClass:
    return HazardClass(chinese, tuple(pictograms.split()), word)


HAZARD_CLASSES: dict[str, HazardClass] = {
    "Unst. Expl.": _row("不稳定爆炸物", "GHS01", DANGER),
    "Expl. 1.1": _row("爆炸物 1.1项", "GHS01", DANGER),
    "Expl. 1.2": _row("爆炸物 1.2项", "GHS01", DANGER),
    "Expl. 1.3": _row("爆炸物 1.3项", "GHS01", DANGER),
    "Expl. 1.4": _row("爆炸物 1.4项", "GHS01", WARNING),
    "Expl. 1.5": _row("爆炸物 1.5项", "", DANGER),
    "Expl. 1.6": _row("爆炸物 1.6项", "", ""),
    "Flam. Gas 1": _row("易燃气体 类别1", "GHS02", DANGER),
    "Flam. Gas 2": _row("易燃气体 类别2", "", WARNING),
    "Aerosol 1": _row("气溶胶 类别1", "GHS02", DANGER),
    "Aerosol 2": _row("气溶胶 类别2", "GHS02", WARNING),
    "Aerosol 3": _row("气溶胶 类别3", "", WARNING),
    "Ox. Gas 1": _row("氧化性气体 类别1", "GHS03", DANGER),
    "Press. Gas": _row("加压气体", "GHS04", WARNING),
    "Flam. Liq. 1": _row("易燃液体 类别1", "GHS02", DANGER),
    "Flam. Liq. 2": _row("易燃液体 类别2", "GHS02", DANGER),
    "Flam. Liq. 3": _row("易燃液体 类别3", "GHS02", WARNING),
    "Flam. Liq. 4": _row("易燃液体 类别4", "", WARNING),
    "Flam. Sol. 1": _row("易燃固体 类别1", "GHS02", DANGER),
    "Flam. Sol. 2": _row("易燃固体 类别2", "GHS02", WARNING),
    "Self-react. A": _row("自反应物质 A型", "GHS01", DANGER),
    "Self-react. B": _row("自反应物质 B型", "GHS01 GHS02", DANGER),
    "Self-react. CD": _row("自反应物质 C和D型", "GHS02", DANGER),
    "Self-react. EF": _row("自反应物质 E和F型", "GHS02", WARNING),
    "Pyr. Liq. 1": _row("自燃液体 类别1", "GHS02", DANGER),
    "Pyr. Sol. 1": _row("自燃固体 类别1", "GHS02", DANGER),
    "Self-heat. 1": _row("自热物质 类别1", "GHS02", DANGER),
    "Self-heat. 2": _row("自热物质 类别2", "GHS02", WARNING),
    "Water-react. 1": _row("遇水放出易燃气体 类别1", "GHS02", DANGER),
    "Water-react. 2": _row("遇水放出易燃气体 类别2", "GHS02", DANGER),
    "Water-react. 3": _row("遇水放出易燃气体 类别3", "GHS02", WARNING),
    "Ox. Liq. 1": _row("氧化性液体 类别1", "GHS03", DANGER),
    "Ox. Liq. 2": _row("氧化性液体 类别2", "GHS03", DANGER),
    "Ox. Liq. 3": _row("氧化性液体 类别3", "GHS03", WARNING),
    "Ox. Sol. 1": _row("氧化性固体 类别1", "GHS03", DANGER),
    "Ox. Sol. 2": _row("氧化性固体 类别2", "GHS03", DANGER),
    "Ox. Sol. 3": _row("氧化性固体 类别3", "GHS03", WARNING),
    "Org. Perox. A": _row("有机过氧化物 A型", "GHS01", DANGER),
    "Org. Perox. B": _row("有机过氧化物 B型", "GHS01 GHS02", DANGER),
    "Org. Perox. CD": _row("有机过氧化物 C和D型", "GHS02", DANGER),
    "Org. Perox. EF": _row("有机过氧化物 E和F型", "GHS02", WARNING),
    "Met. Corr. 1": _row("金属腐蚀物 类别1", "GHS05", WARNING),
    "Desens. Expl. 1": _row("退敏爆炸物 类别1", "GHS02", DANGER),
    "Desens. Expl. 2": _row("退敏爆炸物 类别2", "GHS02", DANGER),
    "Desens. Expl. 3": _row("退敏爆炸物 类别3", "GHS02", WARNING),
    "Desens. Expl. 4": _row("退敏爆炸物 类别4", "GHS02", WARNING),
    "Acute Tox. 1": _row("急性毒性 类别1", "GHS06", DANGER),
    "Acute Tox. 2": _row("急性毒性 类别2", "GHS06", DANGER),
    "Acute Tox. 3": _row("急性毒性 类别3", "GHS06", DANGER),
    "Acute Tox. 4": _row("急性毒性 类别4", "GHS07", WARNING),
    "Acute Tox. 5": _row("急性毒性 类别5", "", WARNING),
    "Skin Corr. 1": _row("皮肤腐蚀 类别1", "GHS05", DANGER),
    "Skin Corr. 1A": _row("皮肤腐蚀 类别1A", "GHS05", DANGER),
    "Skin Corr. 1B": _row("皮肤腐蚀 类别1B", "GHS05", DANGER),
    "Skin Corr. 1C": _row("皮肤腐蚀 类别1C", "GHS05", DANGER),
    "Skin Irrit. 2": _row("皮肤刺激 类别2", "GHS07", WARNING),
    "Skin Irrit. 3": _row("皮肤刺激 类别3", "", WARNING),
    "Eye Dam. 1": _row("严重眼损伤 类别1", "GHS05", DANGER),
    "Eye Irrit. 2": _row("眼刺激 类别2", "GHS07", WARNING),
    "Eye Irrit. 2A": _row("眼刺激 类别2A", "GHS07", WARNING),
    "Eye Irrit. 2B": _row("眼刺激 类别2B", "", WARNING),
    "Resp. Sens. 1": _row("呼吸道致敏 类别1", "GHS08", DANGER),
    "Resp. Sens. 1A": _row("呼吸道致敏 类别1A", "GHS08", DANGER),
    "Resp. Sens. 1B": _row("呼吸道致敏 类别1B", "GHS08", DANGER),
    "Skin Sens. 1": _row("皮肤致敏 类别1", "GHS07", WARNING),
    "Skin Sens. 1A": _row("皮肤致敏 类别1A", "GHS07", WARNING),
    "Skin Sens. 1B": _row("皮肤致敏 类别1B", "GHS07", WARNING),
    "Muta. 1": _row("生殖细胞致突变性 类别1", "GHS08", DANGER),
    "Muta. 1A": _row("生殖细胞致突变性 类别1A", "GHS08", DANGER),
    "Muta. 1B": _row("生殖细胞致突变性 类别1B", "GHS08", DANGER),
    "Muta. 2": _row("生殖细胞致突变性 类别2", "GHS08", WARNING),
    "Carc. 1": _row("致癌性 类别1", "GHS08", DANGER),
    "Carc. 1A": _row("致癌性 类别1A", "GHS08", DANGER),
    "Carc. 1B": _row("致癌性 类别1B", "GHS08", DANGER),
    "Carc. 2": _row("致癌性 类别2", "GHS08", WARNING),
    "Repr. 1": _row("生殖毒性 类别1", "GHS08", DANGER),
    "Repr. 1A": _row("生殖毒性 类别1A", "GHS08", DANGER),
    "Repr. 1B": _row("生殖毒性 类别1B", "GHS08", DANGER),
    "Repr. 2": _row("生殖毒性 类别2", "GHS08", WARNING),
    "Lact.": _row("生殖毒性 哺乳效应", "", ""),
    "STOT SE 1": _row("特异性靶器官毒性 一次接触 类别1", "GHS08", DANGER),
    "STOT SE 2": _row("特异性靶器官毒性 一次接触 类别2", "GHS08", WARNING),
    "STOT SE 3": _row("特异性靶器官毒性 一次接触 类别3", "GHS07", WARNING),
    "STOT RE 1": _row("特异性靶器官毒性 反复接触 类别1", "GHS08", DANGER),
    "STOT RE 2": _row("特异性靶器官毒性 反复接触 类别2", "GHS08", WARNING),
    "Asp. Tox. 1": _row("吸入危害 类别1", "GHS08", DANGER),
    "Asp. Tox. 2": _row("吸入危害 类别2", "GHS08", WARNING),
    "Aquatic Acute 1": _row("危害水生环境 急性 类别1", "GHS09", WARNING),
    "Aquatic Acute 2": _row("危害水生环境 急性 类别2", "", ""),
    "Aquatic Acute 3": _row("危害水生环境 急性 类别3", "", ""),
    "Aquatic Chronic 1": _row("危害水生环境 长期 类别1", "GHS09", WARNING),
    "Aquatic Chronic 2": _row("危害水生环境 长期 类别2", "GHS09", ""),
    "Aquatic Chronic 3": _row("危害水生环境 长期 类别3", "", ""),
    "Aquatic Chronic 4": _row("危害水生环境 长期 类别4", "", ""),
    "Ozone 1": _row("危害臭氧层 类别1", "GHS07", WARNING),
}

GHS_CLASS = Vocabulary("ghsClass", {code: each.chinese for code, each in HAZARD_CLASSES.items()}, configurable=True)

# The stronger pictogram takes the place of the weaker one on a label: for irritation, acute toxicity and the like.
REPLACES_EXCLAMATION_MARK = frozenset({"GHS05", "GHS06", "GHS08"})
EXCLAMATION_MARK = "GHS07"
