"""`idis pilot`: what a pilot's objects and fields are, a heading to start a table from, and sample data to try."""

from __future__ import annotations

import argparse
import contextlib
import csv
import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from idis.registry.pilots.capture_examples import example_files
from idis.registry.pilots.derivation import INDEX_FIRST_OWN
from idis.registry.pilots.derived_field import TYPES
from idis.registry.pilots.sample import SIZE_DEFAULT, SampleRow, generate
from idis.registry.pilots.schema import DataType, Field, ObjectType, Pilot
from idis.registry.pilots.table import PILOTS
from idis.registry.pilots.template import item
from idis.registry.pilots.validation import IDENTIFIER_COLUMNS
from idis.resolver.cli import pilot_template
from idis.resolver.cli.data_directory import DATA_VARIABLE, add_data_options
from idis.resolver.cli.output import CommandError, ExitCode, print_json, print_table

CODES_SHOWN_MAX = 8  # of a vocabulary in the table; --json has them all
SIZE_MAX = 10_000_000
# Text with an octet order mark is what a spreadsheet opens with its Chinese intact.
_CSV_ENCODING = "utf-8-sig"


# What happens to the metadata templates 元数据模板 of a pilot.
_LIVES = {
    "derive": "register an enterprise's own template 派生模板, made from one of a pilot, or its next version",
    "publish": "register a pilot's metadata templates 元数据模板, which its records name, or publish them again 发布",
    "withdraw": "withdraw 撤回 templates: records stay, none is imported any more",
    "disable": "disable 停用 an item of a template; items are never deleted",
    "enable": "enable 启用 an item again",
    "templates": "state, version and disabled items of the templates below a prefix",
}


_DERIVE_EPILOG = f"""\
{{
  "baseOn": "META_ship_plate",           published below --prefix, or the handle of one elsewhere
  "name": "offshore",                    makes META_ship_plate-offshore
  "chineseName": "海工钢板",
  "fields": [                            fields of your own: they get indexes from {INDEX_FIRST_OWN} on, for ever
    {{"englishName": "impactGrade", "chineseName": "冲击等级", "type": "E", "required": true, "codes": ["F40", "F60"]}},
    {{"englishName": "coating", "chineseName": "涂层厚度", "type": "N", "unit": "um", "range": "(0,500]"}}
  ],
  "narrowed": [                          fields of the base that take less
    {{"englishName": "thickness", "range": "[10,120]"}},
    {{"englishName": "steelGrade", "codes": ["DH36", "EH36"]}},
    {{"englishName": "mass", "required": true}}
  ]
}}
Types: {", ".join(TYPES)}. An own field may also say definition, maxLength, references (objects of the pilot), private and
default; a narrowed one required, range, codes and maxLength. Run again with a changed FILE, it makes the next version: what
FILE no longer has is disabled, not deleted.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = _add(actions, "list", "the pilots and their objects")
    listing.add_argument("--json", action="store_true", help="print JSON")
    show = _add(actions, "show", "the objects of a pilot, or the fields of one object")
    show.add_argument("pilot", metavar="PILOT", help=", ".join(PILOTS))
    show.add_argument("object", nargs="?", metavar="OBJECT", help="as plate or 钢板; 'idis pilot list' names them")
    show.add_argument("--json", action="store_true", help="print JSON, with every code of every list")
    header = _add(actions, "header", "a CSV heading to start a table from")
    header.add_argument("pilot", metavar="PILOT", help=", ".join(PILOTS))
    header.add_argument("object", metavar="OBJECT", help="as plate or 钢板; 'idis pilot list' names them")
    header.add_argument("--chinese", action="store_true", help="Chinese column names")
    header.add_argument("--required", action="store_true", help="only what every record must have")
    for one in (show, header):
        one.add_argument("--prefix", metavar="P", help="with OBJECT: also what was derived below this prefix, as plate-offshore")
        one.add_argument("--data", metavar="DIR", help=f"then the node's data directory; default: ${DATA_VARIABLE}")
    sample = _add(actions, "sample", "write linked sample data, ready to import")
    sample.add_argument("pilot", metavar="PILOT", help=", ".join(PILOTS))
    sample.add_argument("--out", type=Path, required=True, metavar="DIR", help="directory, one folder for each prefix in it")
    sample.add_argument("--seed", type=int, default=1, metavar="N", help="another seed gives other measured values")
    sample.add_argument("--size", type=int, default=SIZE_DEFAULT, metavar="N", help=f"records wanted (default {SIZE_DEFAULT})")
    sample.add_argument(
        "--format", choices=("csv", "jsonl"), default="csv", help="one CSV for each object, or JSON lines for each prefix"
    )
    sample.add_argument("--json", action="store_true", help="print the list of files as JSON")
    examples = _add(actions, "examples", "write capture examples from the shop floor, EPCIS documents about the sample data")
    examples.add_argument("pilot", metavar="PILOT", help=", ".join(PILOTS))
    examples.add_argument("--out", type=Path, required=True, metavar="DIR", help="directory for the documents")
    for name, line in _LIVES.items():
        life = _add(actions, name, line)
        if name == "derive":
            life.formatter_class, life.epilog = argparse.RawDescriptionHelpFormatter, _DERIVE_EPILOG
            life.add_argument("file", type=Path, metavar="FILE", help="its description in JSON, see below")
        else:
            life.add_argument("pilot", metavar="PILOT", help=", ".join(PILOTS))
        if name in ("publish", "withdraw"):
            life.add_argument("object", nargs="?", metavar="OBJECT", help="only this one")
        elif name in ("disable", "enable"):
            life.add_argument("object", metavar="OBJECT", help="as plate, 钢板, or plate-offshore for a derived template")
            life.add_argument("field", metavar="FIELD", help="english or Chinese name of the item")
        life.add_argument("--prefix", required=True, metavar="P", help="the prefix the records lie below")
        add_data_options(life)


def _add(actions: argparse._SubParsersAction[argparse.ArgumentParser], name: str, line: str) -> argparse.ArgumentParser:
    return actions.add_parser(name, help=line, description=line[0].upper() + line[1:] + ".")


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked."""
    actions: dict[str, Callable[[argparse.Namespace], None]] = {
        "list": _list,
        "show": _show,
        "header": _header,
        "sample": _sample,
        "examples": _examples,
        "derive": pilot_template.derive,
        "publish": _publish,
        "withdraw": _withdraw,
        "disable": _disable,
        "enable": _enable,
        "templates": _templates,
    }
    actions[arguments.action](arguments)
    return ExitCode.DONE


def _list(arguments: argparse.Namespace) -> None:
    if arguments.json:
        print_json([_pilot_summary(pilot) for pilot in PILOTS.values()])
        return
    rows = [
        (pilot.name, pilot.chinese, pilot.industry, ", ".join(f"{each.code} {each.chinese}" for each in pilot.objects.values()))
        for pilot in PILOTS.values()
    ]
    print_table(("pilot", "name", "GB/T 4754", "objects"), rows)


def _show(arguments: argparse.Namespace) -> None:
    pilot = _pilot(arguments.pilot)
    if arguments.object is None:
        if arguments.json:
            print_json(_pilot_summary(pilot))
            return
        rows = [
            (each.code, each.chinese, len(each.fields), sum(field.required == "y" and not field.default for field in each.fields))
            for each in pilot.objects.values()
        ]
        print_table(("object", "name", "fields", "to fill in"), rows)
        print(f"\nStandards: {pilot.standards}\nFields of one: idis pilot show {pilot.name} {next(iter(pilot.objects))}")
        return
    _, object_type = _below(arguments)
    if arguments.json:
        print_json(_object_description(object_type))
        return
    print_table(
        ("index", "field", "name", "type", "unit", "required", "rule"),
        [row for field in object_type.fields for row in _field_rows(field)],
    )
    if object_type.rules:
        print("\nRules over several fields:")
        for rule in object_type.rules:
            print(f"  {rule.name}: {rule.text}")


def _header(arguments: argparse.Namespace) -> None:
    _, object_type = _below(arguments)
    language = 1 if arguments.chinese else 0
    fields = [field for field in object_type.fields if not arguments.required or (field.required == "y" and not field.default)]
    names = [field.chinese if arguments.chinese else field.name for field in fields]
    print(",".join([IDENTIFIER_COLUMNS[language], *names]))


def _sample(arguments: argparse.Namespace) -> None:
    pilot = _pilot(arguments.pilot)
    if not 1 <= arguments.size <= SIZE_MAX:
        raise CommandError(f"--size is 1 to {SIZE_MAX}")
    write = _write_csv if arguments.format == "csv" else _write_json_lines
    try:
        counts = write(pilot, arguments)
    except OSError as error:
        raise CommandError(f"cannot write {error.filename or arguments.out}: {error.strerror}") from None
    if arguments.json:
        print_json(
            [{"file": str(path), "prefix": path_prefix, "records": counts[path, path_prefix]} for path, path_prefix in counts]
        )
        return
    print_table(("file", "prefix", "records"), [(path, prefix, count) for (path, prefix), count in counts.items()])
    example, _ = next(iter(counts))
    print(f"\n{sum(counts.values())} records. Load each with: idis import {example} --pilot {pilot.name} --data DIR")
    if arguments.format == "csv":
        print("With --format jsonl there is one file for each prefix, which loads all its objects at once.")


def _examples(arguments: argparse.Namespace) -> None:
    written = [arguments.out / path.name for path in example_files(_pilot(arguments.pilot).name)]
    try:
        arguments.out.mkdir(parents=True, exist_ok=True)
        for path in example_files(arguments.pilot):
            shutil.copyfile(path, arguments.out / path.name)
    except OSError as error:
        raise CommandError(f"cannot write {error.filename or arguments.out}: {error.strerror}") from None
    for path in written:
        print(path)
    print("\nSend each to a node: POST it to /epcis/v2/capture as application/json, with a token whose actions hold 'trace'")


def _publish(arguments: argparse.Namespace) -> None:
    pilot_template.publish(arguments, *_chosen(arguments))


def _withdraw(arguments: argparse.Namespace) -> None:
    pilot_template.withdraw(arguments, *_chosen(arguments))


def _disable(arguments: argparse.Namespace) -> None:
    pilot_template.set_item(arguments, _below(arguments)[1], off=True)


def _enable(arguments: argparse.Namespace) -> None:
    pilot_template.set_item(arguments, _below(arguments)[1], off=False)


def _templates(arguments: argparse.Namespace) -> None:
    pilot_template.list_templates(arguments, pilot_template.extended(arguments, _pilot(arguments.pilot)))


def _chosen(arguments: argparse.Namespace) -> tuple[Pilot, ObjectType | None]:
    if arguments.object is not None:
        return _below(arguments)
    return pilot_template.extended(arguments, _pilot(arguments.pilot)), None


def _below(arguments: argparse.Namespace) -> tuple[Pilot, ObjectType]:
    """The pilot, with what was derived from it below the prefix where there is one, and the object that is meant."""
    pilot = _pilot(arguments.pilot)
    if getattr(arguments, "prefix", None):
        pilot = pilot_template.extended(arguments, pilot)
    return pilot, _object(pilot, arguments.object)


_Counts = Counter[tuple[Path, str]]


def _write_csv(pilot: Pilot, arguments: argparse.Namespace) -> _Counts:
    """One file for each prefix and object, every field a column."""
    counts: _Counts = Counter()
    writers: dict[Path, Callable[[SampleRow], None]] = {}
    with contextlib.ExitStack() as files:
        for row in generate(pilot.name, seed=arguments.seed, size=arguments.size):
            path = arguments.out / row.prefix / f"{row.object_code}.csv"
            if path not in writers:
                path.parent.mkdir(parents=True, exist_ok=True)
                file = files.enter_context(path.open("w", encoding=_CSV_ENCODING, newline=""))
                writers[path] = _csv_writer(pilot.objects[row.object_code], file)
            writers[path](row)
            counts[path, row.prefix] += 1
    return counts


def _csv_writer(object_type: ObjectType, file: TextIO) -> Callable[[SampleRow], None]:
    names = [field.name for field in object_type.fields]
    lines = csv.writer(file, lineterminator="\n")
    lines.writerow([IDENTIFIER_COLUMNS[0], *names])
    return lambda row: lines.writerow([row.identifier, *(_cell(row.fields.get(name)) for name in names)])


def _write_json_lines(pilot: Pilot, arguments: argparse.Namespace) -> _Counts:
    """One file for each prefix, in an order in which a reference comes after what it points to where that is possible."""
    counts: _Counts = Counter()
    files: dict[Path, TextIO] = {}
    with contextlib.ExitStack() as stack:
        for row in generate(pilot.name, seed=arguments.seed, size=arguments.size):
            path = arguments.out / f"{row.prefix}.jsonl"
            if path not in files:
                arguments.out.mkdir(parents=True, exist_ok=True)
                files[path] = stack.enter_context(path.open("w", encoding="utf-8"))
            record = {IDENTIFIER_COLUMNS[0]: row.identifier, "objectType": row.object_code, **row.fields}
            files[path].write(json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n")
            counts[path, row.prefix] += 1
    return counts


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list() | dict():
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        case _:
            return str(value)


def _pilot(name: str) -> Pilot:
    if name not in PILOTS:
        raise CommandError(f"there is no pilot {name}; choose one of {', '.join(PILOTS)}")
    return PILOTS[name]


def _object(pilot: Pilot, code: str) -> ObjectType:
    found = pilot.objects.get(code) or next(
        (each for each in pilot.objects.values() if code in (each.chinese, each.code.lower())), None
    )
    if found is None:
        raise CommandError(f"the {pilot.name} pilot has no object {code}; choose one of {', '.join(pilot.objects)}")
    return found


def _pilot_summary(pilot: Pilot) -> dict[str, object]:
    objects = [{"object": each.code, "chinese": each.chinese, "fields": len(each.fields)} for each in pilot.objects.values()]
    return {
        "pilot": pilot.name,
        "chinese": pilot.chinese,
        "industry": pilot.industry,
        "standards": pilot.standards,
        "objects": objects,
    }


def _object_description(object_type: ObjectType) -> dict[str, object]:
    return {
        "pilot": object_type.pilot,
        "object": object_type.code,
        "chinese": object_type.chinese,
        "version": object_type.version,
        "fields": [item(field, object_type.pilot, "PREFIX") for field in object_type.fields],
        "rules": [{"rule": rule.name, "fields": list(rule.fields), "text": rule.text} for rule in object_type.rules],
    }


def _field_rows(field: Field) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = [
        (field.index, field.name, field.chinese, field.type.short, field.unit, _required(field), _rule_text(field))
    ]
    for member in field.members:
        rows.append(
            ("", f"  .{member.name}", member.chinese, member.type.short, member.unit, _required(member), _rule_text(member))
        )
    return rows


def _required(field: Field) -> str:
    """Whether a record must have it: yes, under which condition, or not at all."""
    return "yes" if field.required == "y" else field.condition


def _bounds(field: Field) -> str:
    """The range of a number in words of arithmetic, as `> 0` or `0 … 100`."""
    if field.type.item is not DataType.NUMBER:
        return ""
    if field.above is None and field.minimum is not None and field.maximum is not None:
        return f"{field.minimum} … {field.maximum}"
    low = f"> {field.above}" if field.above is not None else f"≥ {field.minimum}" if field.minimum is not None else ""
    return ", ".join(filter(None, (low, "" if field.maximum is None else f"≤ {field.maximum}")))


def _rule_text(field: Field) -> str:
    """What a cell of the field must obey, in a few words."""
    parts = []
    if bounds := _bounds(field):
        parts.append(bounds)
    if field.integer:
        parts.append("whole number")
    if field.count:
        parts.append(f"at least {field.count}")
    if field.codes is not None:
        codes = list(field.codes.codes)
        parts.append(" | ".join(codes[:CODES_SHOWN_MAX]) + (f" … ({len(codes)})" if len(codes) > CODES_SHOWN_MAX else ""))
    if field.scheme:
        parts.append(f"checked as {field.scheme}")
    if field.references:
        parts.append("→ " + ", ".join(field.references))
    if field.edge is not None:
        parts.append(f"edge {field.edge.kind.value}")
    if field.unique and field.alias is not None:
        parts.append("unique" + (f" in {', '.join(field.alias.within)}" if field.alias.within else ""))
    if field.default:
        parts.append(f"default {field.default}")
    if field.private:
        parts.append("private")
    if field.definition:
        parts.append(field.definition)
    return "; ".join(parts)
