"""The look-up measurement: what it counts, what it prints, and that a node answers it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from idis.bench.lookup import Tally, main, measure, percentile, read_expected, report
from idis.bench.machine import machine_line
from idis.proto.connection import Connection
from idis.proto.exchange import query_of, response_message
from idis.proto.message import decode_message, encode_message
from idis.proto.outcome import Answer, NotFound
from idis.proto.value import Value, encode_values
from idis.resolver.cli.output import CommandError, ExitCode

RECORDS = {"88.118.8/A": "steel", "88.118.8/B": "copper"}


@asynccontextmanager
async def _node() -> AsyncIterator[str]:
    """A loopback server with two records; yields its `HOST:PORT`."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection()
        while data := await reader.read(65_536):
            for frame in connection.receive_data(data):
                request = decode_message(frame)
                text = RECORDS.get(query_of(request).spelling)
                outcome = NotFound() if text is None else Answer(encode_values([Value(1, "URL", text.encode())]), 60)
                response = response_message(request, outcome, site_serial=1, primary=True, now=int(time.time()))
                writer.write(encode_message(response))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_answers_are_counted_by_code() -> None:
    """Found and not found are both answers; each has a duration."""
    async with _node() as server:
        tally = await measure(server, {"88.118.8/A": "", "88.118.8/ABSENT": ""}, connections=2, seconds=0.2)

    assert len(tally.micros) == tally.codes.total() > 0
    assert len(tally.codes) == 2
    assert tally.errors.total() == 0


async def test_answer_without_the_wanted_text_is_an_error() -> None:
    """A fast wrong answer does not pass for a good one."""
    async with _node() as server:
        right = await measure(server, {"88.118.8/A": "steel"}, connections=1, seconds=0.1)
        wrong = await measure(server, {"88.118.8/B": "steel"}, connections=1, seconds=0.1)

    assert right.errors.total() == 0
    assert wrong.errors["wrong answer"] == len(wrong.micros) > 0


def test_silence_is_no_success(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where nobody listens, the command reports errors and the exit code of the network."""
    path = tmp_path / "ids.txt"
    path.write_text("88.118.8/A\n")

    code = main(["127.0.0.1:1", "--ids", str(path), "--seconds", "0.1"])

    assert code == ExitCode.NETWORK
    assert "answers 0" in capsys.readouterr().out


@pytest.mark.parametrize(("share", "value"), [(50.0, 50), (90.0, 90), (99.0, 99), (100.0, 100), (0.1, 1)])
def test_percentile_is_the_nearest_rank(share: float, value: int) -> None:
    """Of the numbers 1 to 100 the n-th percentile is n."""
    assert percentile(range(1, 101), share) == value


def test_percentile_of_one_value_is_that_value() -> None:
    """With one answer every percentile is its duration."""
    assert percentile([7], 50.0) == percentile([7], 99.0) == 7


def test_report_holds_figures_and_machine() -> None:
    """Count, errors, percentiles, maximum, rate, and the machine as the last line."""
    tally = Tally(seconds=2.0)
    tally.micros.extend([300, 100, 200, 400])
    tally.codes["SUCCESS"] = 4
    tally.errors["SilentError"] = 1

    lines = report(tally)

    assert lines == [
        "answers 4 in 2.00 s: SUCCESS 4",
        "errors 1: SilentError 1",
        "latency µs: p50 200 p90 400 p99 400 max 400",
        "rate 2/s",
        machine_line(),
    ]


def test_identifiers_are_read_one_a_line(tmp_path: Path) -> None:
    """Blank lines and blanks at the ends do not count."""
    path = tmp_path / "ids.txt"
    path.write_text("88.118.8/A\n\n  88.118.8/船 \n", encoding="utf-8")

    assert read_expected(path) == {"88.118.8/A": "", "88.118.8/船": ""}


def test_map_gives_the_text_to_expect(tmp_path: Path) -> None:
    """A tabulator divides identifier and expected text; without one anything is expected."""
    path = tmp_path / "map.tsv"
    path.write_text("88.118.8/A\tsteel plate\n88.118.8/B\n", encoding="utf-8")

    assert read_expected(path) == {"88.118.8/A": "steel plate", "88.118.8/B": ""}


@pytest.mark.parametrize("content", [None, "", " \n"])
def test_file_without_identifiers_is_refused_with_a_sentence(tmp_path: Path, content: str | None) -> None:
    """A missing or empty file is a usage error that names the file."""
    path = tmp_path / "ids.txt"
    if content is not None:
        path.write_text(content)

    with pytest.raises(CommandError, match=r"ids\.txt"):
        read_expected(path)


@pytest.mark.parametrize("option", [["--connections", "0"], ["--connections", "1001"], ["--seconds", "0"], ["--seconds", "601"]])
def test_limits_are_kept(option: list[str]) -> None:
    """Figures outside the limits are a usage error before anything is asked."""
    with pytest.raises(SystemExit) as stopped:
        main(["127.0.0.1:1", "--ids", "ids.txt", *option])

    assert stopped.value.code == ExitCode.USAGE


def test_the_map_of_the_lab_gives_every_sample(tmp_path: Path) -> None:
    """What `idis lab --map` wrote is a list of identifiers too."""
    path = tmp_path / "map.json"
    path.write_text('{"nodes": [], "samples": {"ship": ["88.118.8/A"], "nuclear": ["88.140.1/B"]}}', encoding="utf-8")

    assert read_expected(path) == {"88.118.8/A": "", "88.140.1/B": ""}
