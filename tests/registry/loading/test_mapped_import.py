"""Documents of others, read from a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from idis.registry.loading.mapped_import import documents_of
from idis.registry.loading.rows import FileRefused


@pytest.mark.parametrize(("text", "line"), [("[" * 100_000, 1), ('{"a":1}\n' + "[" * 100_000, 2), ('{"a":1}\nno\n', 2)])
def test_what_is_no_json_is_refused_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    """Brackets without end, too."""
    file = tmp_path / "documents.json"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(FileRefused, match=f"documents.json, line {line}: this is no JSON"):
        list(documents_of(file))
