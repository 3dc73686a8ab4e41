"""Makes `proto/schemes/gs1/dictionary.py` of the GS1 Barcode Syntax Dictionary.

    python tests/proto/schemes/gs1/generate_dictionary.py < gs1-syntax-dictionary.txt > proto/schemes/gs1/dictionary.py

The text is published at https://ref.gs1.org/tools/gs1-barcode-syntax-resource/syntax-dictionary/ under the Apache License 2.0.
"""

from __future__ import annotations

import re
import sys

_ROW = re.compile(
    r"(?P<ais>[0-9-]{2,9})\s+(?:(?P<flags>[*?]+)\s+)?(?P<rest>[^#]*?)\s*(?:#\s*(?P<title>.*))?",
)
_COLUMNS_MAX = 130
_ATTRIBUTE = re.compile(r"(?:req|ex)=.*|dlpkey(?:=.*)?")
_HEAD = '''"""The GS1 Barcode Syntax Dictionary: identifiers, their formats and their companions. GENERATED, do not edit.

Made by `tests/proto/schemes/gs1/generate_dictionary.py` of the dictionary published at
https://ref.gs1.org/tools/gs1-barcode-syntax-resource/syntax-dictionary/, which is
Copyright (c) 2020-2021 BWIPP project, Copyright (c) 2020-2021 Zint Project, Copyright (c) 2021-2025 GS1 AISBL, and licensed under
the Apache License, Version 2.0.

A row is (identifier or range, flags, components, attributes, title). Flags: `*` of pre-defined length, needs no separator;
`?` may be an attribute of a Digital Link. Components: N digits, X set 82, Y set 39, Z base64url; with their length, `..` up to;
in brackets optional; then the linters. Attributes: `req` one of these groups must be there too, `ex` none of these may,
`dlpkey` a primary key with its qualifiers in order, `|` between alternatives.
"""

from __future__ import annotations

ROWS: tuple[tuple[str, str, str, str, str], ...] = (
'''


def rows(text: str) -> list[tuple[str, str, str, str, str]]:
    """The rows of a dictionary's text, comments passed over.

    Raises:
        ValueError: a line is none.
    """
    found = []
    for line in filter(None, map(str.strip, text.splitlines())):
        if line.startswith("#"):
            continue
        row = _ROW.fullmatch(line)
        if row is None:
            raise ValueError(f"not a row of the dictionary: {line}")
        words = row["rest"].split()
        components = " ".join(word for word in words if _ATTRIBUTE.fullmatch(word) is None)
        attributes = " ".join(word for word in words if _ATTRIBUTE.fullmatch(word) is not None)
        found.append((row["ais"], row["flags"] or "", components, attributes, row["title"] or ""))
    return found


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _line(row: tuple[str, ...]) -> str:
    line = f"    ({', '.join(map(_quoted, row))}),"
    if len(line) <= _COLUMNS_MAX:
        return line
    return "    (\n" + "".join(f"        {_quoted(field)},\n" for field in row) + "    ),"


def main() -> None:
    """Write the module."""
    sys.stdout.write(_HEAD + "\n".join(map(_line, rows(sys.stdin.read()))) + "\n)\n")


if __name__ == "__main__":
    main()
