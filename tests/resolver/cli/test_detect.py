"""`idis detect`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from idis.proto.value import Value
from idis.registry.record import Alias, Record, prepare
from idis.resolver.cli.main import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command; gives exit code and output."""

    def command(*words: str) -> tuple[int, str, str]:
        code = main(["detect", *words])
        captured = capsys.readouterr()
        return int(code), captured.out, captured.err

    return command


def test_a_text_is_told_in_words(run: Run) -> None:
    """Its canonical form, scheme, kind, levels, route and rule."""
    code, out, _err = run("88.118.8/a")

    assert code == 0
    assert out.splitlines() == [
        "88.118.8/A  idis (industrial internet identifier 工业互联网标识)",
        "  shown as   88.118.8/a",
        "  names      unknown, certain",
        "  above      88.118.8  88.118  88",
        "  routed by  Handle 88.118.8",
        "  why        rule 10: a prefix that begins with a digit, a slash, a suffix",
    ]


def test_a_wrong_check_digit_is_exit_code_1(run: Run) -> None:
    """With what would be right."""
    code, out, _err = run("IMO9074728")

    assert code == 1
    assert "  check      check digit wrong: 9 would be right" in out
    assert "  perhaps    IMO9074729" in out


def test_what_is_nothing_is_exit_code_1(run: Run) -> None:
    """With a sentence."""
    assert run("hello") == (1, "hello: this resembles no identifier of any known scheme\n", "")


def test_other_readings_are_named_and_shown_on_request(run: Run) -> None:
    """Thirteen digits may be a place."""
    assert "  or         gs1 https://id.gs1.org/414/6901234567892" in run("6901234567892")[1]
    assert "414/6901234567892  gs1" in run("6901234567892", "--all")[1]


def test_json_is_one_object_or_an_array(run: Run) -> None:
    """As for the other commands."""
    one = json.loads(run("88.118.8/a", "--json")[1])
    both = json.loads(run("88.118.8/a", "hello", "--json")[1])

    assert one["readings"][0]["canonical"] == "88.118.8/A"
    assert [told["input"] for told in both] == ["88.118.8/a", "hello"]
    assert both[1]["trouble"]


def test_a_file_gives_one_line_for_each_of_its_lines(run: Run, tmp_path: Path) -> None:
    """In their order, empty ones too."""
    file = tmp_path / "scans.txt"
    file.write_text("88.118.8/a\n\nIMO9074729\r\n", encoding="utf-8")
    code, out, _err = run("--file", str(file))

    assert code == 1
    assert out.splitlines() == [
        "88.118.8/a\tidis\t88.118.8/A\tcertain",
        "\t-\t-\tthe text is empty",
        "IMO9074729\timo\tIMO9074729\tcertain",
    ]


def test_a_line_of_a_file_says_what_is_odd_about_it(run: Run, tmp_path: Path) -> None:
    """A mistyped Digital Link is a web address; nobody is to take it for more."""
    file = tmp_path / "scans.txt"
    file.write_text("https://id.gs1.org/01/06901234567893\n", encoding="utf-8")
    verdict = run("--file", str(file))[1].rstrip("\n").split("\t")[-1]

    assert verdict.startswith("likely; broken Digital Link; check digit is 2")
    assert verdict.endswith("; https://id.gs1.org/01/06901234567892")


def test_a_file_gives_json_lines(run: Run, tmp_path: Path) -> None:
    """Octets that are no text do not end it."""
    file = tmp_path / "scans.txt"
    file.write_bytes(b"88.118.8/a\n\xff\n2.16.156\n")
    lines = [json.loads(line) for line in run("--file", str(file), "--json")[1].splitlines()]

    assert [len(line["readings"]) for line in lines] == [1, 0, 1]


def test_the_number_of_a_person_is_not_repeated(run: Run, tmp_path: Path) -> None:
    """In no form of output."""
    file = tmp_path / "scans.txt"
    file.write_text("11010519491231002X\n", encoding="utf-8")
    outputs = [run("11010519491231002X")[1], run("11010519491231002X", "--json")[1], run("--file", str(file))[1]]

    assert all("refused" in out and "1949" not in out for out in outputs)


def test_hosts_of_ours_are_named(run: Run) -> None:
    """Their paths are identifiers."""
    link = "https://id.example.cn/88.118.8/A"

    assert json.loads(run(link, "--json")[1])["readings"][0]["scheme"] == "url"
    assert json.loads(run(link, "--own-host", "ID.example.cn", "--json")[1])["readings"][0]["scheme"] == "idis"


def test_control_characters_do_not_reach_the_terminal(run: Run) -> None:
    """They are shown as escapes."""
    assert "\x1b" not in run("88.1/\x1b[31m")[1]


@pytest.mark.parametrize(
    "words", [(), ("88.118.8/a", "--file", "x"), ("--file", "/nonexistent"), ("--file", "x", "--server", "localhost")]
)
def test_what_does_not_go_together_is_exit_code_2(run: Run, words: tuple[str, ...]) -> None:
    """With one sentence."""
    code, _out, err = run(*words)

    assert (code, len(err.splitlines())) == (2, 1)


async def test_a_node_says_who_answers(node: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """For names of any scheme; of a VAA number the twin that is registered."""
    server = f"127.0.0.1:{node.port}"
    words = ["detect", "88.118.8/A1", "VAA08811800000008/A1", "IMO9074729", "--server", server, "--json"]
    code = await asyncio.to_thread(main, words)
    told = json.loads(capsys.readouterr().out)

    assert code == 0
    assert told[0]["where"] == {"asked": "88.118.8/A1", "registered": True, "codeName": "SUCCESS", "answeredBy": server}
    assert told[1]["where"] == {
        "asked": "vaa:VAA08811800000008/A1",
        "registered": True,
        "codeName": "SUCCESS",
        "answeredBy": server,
    }
    assert (told[2]["where"]["asked"], told[2]["where"]["codeName"]) == ("imo:IMO9074729", "HANDLE_NOT_FOUND")


async def test_a_node_is_asked_about_a_number_that_no_grammar_knows(node: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """It may be somebody's plate; then the text is right."""
    record = Record("88.118.8/P1", (Value(1, "URL", b"https://a"),), (Alias("plateNo", "88.118.8|24H-07"),))
    node._store.write_all([prepare(record, 1_700_000_000)], actor="test")
    server = f"127.0.0.1:{node.port}"

    assert await asyncio.to_thread(main, ["detect", "24H-07", "--server", server]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "24H-07: a number that the node knows, of no known scheme",
        f"  asked      SUCCESS from {server} for 24H-07",
    ]
    assert await asyncio.to_thread(main, ["detect", "24H-08", "--server", server]) == 1
