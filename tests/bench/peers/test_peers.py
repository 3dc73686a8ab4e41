"""The side-by-side: sizes, goals, tables, tools' words, and a whole small comparison with the C echo."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from idis.bench.asking.load import Transport
from idis.bench.asking.questions import dns_frames, resp_frames
from idis.bench.measuring.measure import Run
from idis.bench.measuring.observe import cpu_ns, tree
from idis.bench.peers import scoreboard
from idis.bench.peers.__main__ import main
from idis.bench.peers.contender import Contender, Running, memory_of
from idis.bench.peers.dataset import dns_labels, resp_key, resp_pattern, resp_value, zone_lines
from idis.bench.peers.lines import LINES, Bound, Goal, Line
from idis.bench.peers.match import Match, Rules, Standing, hold
from idis.bench.peers.stage import Stage, StageError, answers_by_stream, free_port
from idis.bench.peers.tools import Told, cpu_ns_of_all, dnsperf_answers, dnsperf_rate, redis_rate
from idis.resolver.cli.output import ExitCode
from tests.waiting import until_seen

RunOf = Callable[..., Run]
TOLD = {("dnsperf", "Knot"): [Told(20_000.0, 5.0), Told(10_000.0, 4.0), Told(30_000.0, 6.0)]}
LINE = Line("UDP", Transport.UDP, 1, 1, (Goal("idis", "Knot", "rate", 1.5, 1.9),), (Bound("p50", 200, 150),))


def test_requests_and_answers_are_as_long_for_everybody() -> None:
    """90 and 360 octets on the wire."""
    text = next(line for line in zone_lines(1) if " TXT " in line).split(" TXT ")[1]
    rdata = sum(1 + len(part) for part in text.strip().strip('"').split('" "'))

    assert len(dns_frames([dns_labels(5)], 16, datagrams=True).of(0)) == 90
    assert 90 + 12 + rdata == 360
    assert len(resp_frames([resp_key(5)]).of(0)) == 90
    assert len(b"$352\r\n%s\r\n" % resp_value(5)) == 360


def test_redis_keys_are_those_its_own_tool_draws() -> None:
    """It puts twelve digits into the pattern."""
    assert resp_pattern().replace("__rand_int__", f"{77:012d}") == resp_key(77)


def test_every_row_has_a_name_of_its_own_and_halves_one_before() -> None:
    """An open loop at half capacity must know the capacity."""
    names = [line.name for line in LINES]

    assert len(set(names)) == len(names)
    for place, line in enumerate(LINES):
        assert not line.half or line.half in names[:place]


@pytest.mark.parametrize(
    ("measure", "ratio", "reached"),
    [("rate", 2.0, "goal"), ("rate", 1.6, "floor"), ("rate", 1.4, "below the floor"),
     ("p99", 1.4, "goal"), ("p99", 1.8, "floor"), ("p99", 2.0, "above the floor")],
)  # fmt: skip
def test_goals_for_rates_rise_and_those_for_latencies_fall(measure: str, ratio: float, reached: str) -> None:
    """A ratio of latencies is to be small."""
    floor, goal = (1.5, 1.9) if measure == "rate" else (1.9, 1.5)

    assert Goal("idis", "Knot", measure, floor, goal).reached(ratio) == reached


def _match(run_of: RunOf) -> Match:
    match = Match(100, running={"Knot": Running({}, 1.5, 3 * 2**20)}, skipped={"NSD": "nsd is not installed"})
    ours, theirs = run_of(*[[100] * 40] * 5), run_of(*[[200] * 20] * 5)
    match.standings["UDP"] = {
        "idis": Standing(list(ours.rounds), ours.load),
        "Knot": Standing(list(theirs.rounds), theirs.load),
    }
    return match


def test_table_has_medians_ratios_and_what_was_skipped(run_of: RunOf) -> None:
    """Rows by speed, ratios with interval and standing, starts, tools, absentees."""
    text = scoreboard.markdown(_match(run_of), [LINE], TOLD)
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]

    assert ["UDP", "idis", "0.0", "1000.00", "100 µs", "100 µs", "100 µs", "100 µs", "25%"] in cells
    assert ["UDP", "idis ÷ Knot", "2.00", "2.00 – 2.00", "1.00", "1.5", "1.9", "goal"] in cells
    assert ["Knot", "1.50 s", "3 MiB"] in cells
    assert ["dnsperf", "Knot", "20.0", "5.00"] in cells
    assert "Skipped: NSD (nsd is not installed)." in text


def test_what_a_core_gives_by_a_tool_is_judged(run_of: RunOf) -> None:
    """Half the CPU time for an answer is twice the rate of a core, whatever the tool's own rate was."""
    line = "dnsperf, 64 in flight, on the server's core, NAPTR"
    tools = {(line, "idis"): [Told(50.0, 3.0)] * 5, (line, "Knot NAPTR"): [Told(50.0, 6.0)] * 5}
    rows = scoreboard.document(_match(run_of), [LINE], tools)["goals"]

    assert [(row["measure"], row["ratio"], row["reached"]) for row in rows][-1] == ("idis ÷ Knot NAPTR, by CPU", "2.00", "goal")


def test_bound_in_microseconds_is_judged(run_of: RunOf) -> None:
    """100 µs are within a goal of 150."""
    rows = scoreboard.document(_match(run_of), [LINE], {})["goals"]

    assert [(row["measure"].split(" at ")[0], row["reached"]) for row in rows][-1] == ("idis p50", "goal")


def test_document_has_every_round(run_of: RunOf) -> None:
    """So that others may compute otherwise."""
    document = scoreboard.document(_match(run_of), [LINE], {})

    assert document["lines"]["UDP"]["Knot"]["rate"] == [20.0] * 5
    assert json.loads(json.dumps(document)) == document


def test_rates_are_found_in_what_the_tools_print() -> None:
    """And nothing where they failed."""
    dnsperf = "  Queries completed:    1000 (100.00%)\n\n  Queries per second:   119842.123456\n"
    redis = '"test","rps","avg_latency_ms"\n"GET idis:bench:__rand_int__:nn","439367.31","1.6"\n'

    assert dnsperf_rate(dnsperf) == pytest.approx(119_842.12, abs=0.01)
    assert dnsperf_answers(dnsperf) == 1_000
    assert redis_rate(redis) == 439_367.31
    assert dnsperf_rate("connection refused") is None
    assert redis_rate("Could not connect") is None


def test_what_a_child_of_a_server_uses_is_the_servers() -> None:
    """Some answer in a process of their own, and their first one only waits."""
    busy = ["sh", "-c", "sh -c 'echo; while :; do :; done' & wait"]
    with subprocess.Popen(busy, stdout=subprocess.PIPE, process_group=0) as server:
        try:
            assert server.stdout is not None
            server.stdout.readline()
            alone = cpu_ns(server.pid) or 0

            assert until_seen(lambda: cpu_ns_of_all(server.pid) > alone + 50_000_000)
            assert (cpu_ns(server.pid) or 0) < alone + 50_000_000
        finally:
            os.killpg(server.pid, signal.SIGKILL)


def test_a_server_that_ends_at_once_is_skipped_with_its_last_words(tmp_path: Path) -> None:
    """The comparison goes on without it."""

    def start(stage: Stage, names: int) -> Running:
        process = stage.start(["sh", "-c", "echo no such zone; exit 3"], "broken")
        stage.wait(process, "broken", answers_by_stream(free_port(), b"x"))
        raise AssertionError

    stage = Stage(tmp_path, 0, 1)
    match = hold(stage, [Contender("Broken", lambda: "", start)], [LINE], Rules(1, 0.1, 1), 5, lambda line: None)

    assert match.skipped == {"Broken": "broken does not answer: no such zone"}
    assert match.standings == {"UDP": {}}


def test_a_program_that_is_not_there_is_an_error_that_names_it(tmp_path: Path) -> None:
    """It is not a traceback."""
    with pytest.raises(StageError, match="no-such-program"):
        Stage(tmp_path, 0, 1).start(["no-such-program"], "x")


def test_memory_is_that_of_a_server_with_its_descendants(tmp_path: Path) -> None:
    """NSD answers from children; a process that is gone has none."""
    stage = Stage(tmp_path, 0, 1)
    process = stage.start(["sh", "-c", "sleep 60 & trap 'kill $!' TERM; wait"], "family")
    stage.wait(process, "family", lambda: len(tree(process.pid)) == 2)
    together, child = memory_of(process.pid), memory_of(tree(process.pid)[1])
    stage.stop()

    assert child is not None
    assert together is not None
    assert together > child > 0
    assert memory_of(process.pid) is None


def test_processes_end_with_the_stage(tmp_path: Path) -> None:
    """By their number, and only those."""
    stage = Stage(tmp_path, 0, 1)
    process = stage.start(["sleep", "60"], "sleeper")
    stage.stop()

    assert process.returncode is not None


def _state_of(process: int) -> str:
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]


def test_who_is_not_asked_stands_still_and_still_ends(tmp_path: Path) -> None:
    """A stopped process does not hear that it shall end, before it runs again."""
    stage = Stage(tmp_path, 0, 1)
    asked, other = (stage.start(["sleep", "60"], name) for name in ("asked", "other"))
    stage.leave_alone(asked.pid)
    stage.wait(other, "other", lambda: [_state_of(asked.pid), _state_of(other.pid)] == ["S", "T"])
    stage.stop()

    assert (asked.returncode, other.returncode) == (-signal.SIGTERM, -signal.SIGTERM)


@pytest.mark.skipif(shutil.which("cc") is None, reason="the echo needs a C compiler")
def test_the_echo_is_measured_over_both_transports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Compiled, started, asked and ended; everything answered, in a table and in JSON."""
    path = tmp_path / "peers.json"
    words = ["--only", "C echo", "--names", "20", "--rounds", "1", "--seconds", "0.4", "--no-tools", "--lines", "UDP, 64"]

    def rate() -> float:  # none, when a busy machine gave the generator no core all the while
        assert main([*words, "--json", str(path)]) == ExitCode.DONE
        measured: float = json.loads(path.read_text())["lines"]["UDP, 64 in flight"]["C echo"]["rate"][0]
        return measured

    assert until_seen(rate) > 0
    assert "C echo" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--only", "Bind"], "no bind"),
        (["--lines", "SCTP"], "none begins with"),
        (["--names", "0"], "--names"),
        (["--handle", "127.0.0.1:2641"], "--handle-ids"),
    ],
)
def test_what_is_typed_wrongly_is_a_sentence(words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, nothing started."""
    assert main(words) == ExitCode.USAGE
    assert sentence in capsys.readouterr().err
