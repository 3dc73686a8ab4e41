"""`idis bench` as its user types it: against a whole node, and with everything that can be typed wrongly."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from idis.bench.asking.load import Transport
from idis.bench.measuring.measure import Run
from idis.bench.options import cpus
from idis.bench.peers.contender import Running
from idis.bench.peers.dataset import DNS, PREFIX
from idis.bench.report.figures import document_of
from idis.resolver.cli.main import main
from idis.resolver.cli.output import ExitCode

SAMPLE = ["--sample", "60", "--prefix", PREFIX]
SHORT = ["--duration", "0.3", "--timeout-ms", "5000", "--explain", "2"]
OPEN = [*SAMPLE, *SHORT, "--rate", "300"]


def _udp(node: Running) -> str:
    return node.faces[Transport.UDP].target.text


def test_a_run_prints_and_writes_everything(node: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Text on standard output, four files, exit code 0."""
    files = {name: str(tmp_path / f"run.{name}") for name in ("json", "csv", "hgrm", "html")}
    options = [word for name, path in files.items() for word in (f"--{name}", path)]
    server = str(node.faces[Transport.UDP].server)
    code = main(["bench", _udp(node), "--transport", "udp", *OPEN, "--rounds", "2", "--verify", "--pid", server, *options])
    document = json.loads(Path(files["json"]).read_text())

    assert code == ExitCode.DONE
    assert "SUCCESS" in capsys.readouterr().out
    assert len(document["rounds"]) == 2
    assert document["total"]["answered"] == document["total"]["offered"] > 0
    assert document["first_pass"]["compared"] == 60
    assert document["tiers"]["sources"] == {"authority": 2}
    assert document["total"]["server_cpu_us"] > 0
    assert all(Path(path).stat().st_size > 100 for path in files.values())


def test_json_on_standard_output_is_alone_there(node: Running, capsys: pytest.CaptureFixture[str]) -> None:
    """A pipe gets one document; what is being done goes to standard error."""
    main(["bench", _udp(node), *SAMPLE, *SHORT, "--closed", "--connections", "2", "--pipeline", "4", "--json", "-"])
    printed = capsys.readouterr()

    assert json.loads(printed.out)["mode"] == "closed"
    assert "round 1 of 1" in printed.err


def test_http_is_measured_too(node: Running, capsys: pytest.CaptureFixture[str]) -> None:
    """Through the REST form of resolution."""
    code = main(["bench", node.faces[Transport.HTTP].target.text, *SAMPLE, *SHORT, "--closed", "--transport", "http"])

    assert code == ExitCode.DONE
    assert "codes     200 " in capsys.readouterr().out


@pytest.mark.parametrize("transport", [Transport.DNS, Transport.DNS_TCP])
def test_dns_is_measured_too(node: Running, capsys: pytest.CaptureFixture[str], transport: Transport) -> None:
    """Every answer is one with records, and the same as in the first pass."""
    words = ["--transport", transport.value, "--zone", f"{DNS.zone}.", "--verify"]
    code = main(["bench", node.faces[transport].target.text, *OPEN, *words])
    printed = capsys.readouterr().out

    assert code == ExitCode.DONE
    assert "codes     NOERROR " in printed
    assert "60 compared by digest, 60 decoded" in printed
    assert "NAPTR records below id.bench" in printed


def test_dns_names_that_do_not_exist_are_told(node: Running, capsys: pytest.CaptureFixture[str]) -> None:
    """By their response code."""
    words = ["--sample", "60", "--prefix", f"{PREFIX}.9", *SHORT, "--closed", "--transport", "dns", "--zone", DNS.zone]
    main(["bench", node.faces[Transport.DNS].target.text, *words])

    assert "codes     NXDOMAIN " in capsys.readouterr().out


def test_a_text_missing_from_a_dns_answer_stops_the_measurement(
    node: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The identifier is named; what is there passes."""
    path = tmp_path / "ids.txt"
    path.write_text(f"{PREFIX}/B-{0:017d}\tid.example.com\n{PREFIX}/B-{1:017d}\tnot in it\n")
    words = ["--ids", str(path), *SHORT, "--closed", "--verify", "--transport", "dns", "--zone", DNS.zone]
    code = main(["bench", node.faces[Transport.DNS].target.text, *words])

    assert code == ExitCode.REFUSED
    assert f"{1:017d} (NOERROR) does not hold 'not in it'" in capsys.readouterr().err


def test_a_wrong_text_in_the_first_pass_stops_the_measurement(
    node: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The identifier is named."""
    path = tmp_path / "ids.txt"
    path.write_text(f"{PREFIX}/B-{1:017d}\tnot in it\n")
    code = main(["bench", _udp(node), "--ids", str(path), *SHORT, "--closed", "--verify"])

    assert code == ExitCode.REFUSED
    assert "does not hold 'not in it'" in capsys.readouterr().err


def test_servers_are_compared_in_turn(node: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One server beside itself: a table, the runs and the comparison in JSON."""
    path = tmp_path / "comparison.json"
    code = main(["bench", "compare", _udp(node), _udp(node), *OPEN, "--rounds", "2", "--json", str(path)])
    written = json.loads(path.read_text())

    assert code == ExitCode.DONE
    assert "95 % interval" in capsys.readouterr().out
    assert [len(run["rounds"]) for run in written["runs"]] == [2, 2]
    assert written["comparisons"][0]["measures"][0]["title"] == "answers/s"


def test_files_are_compared(run_of: Callable[..., Run], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Named by their paths, for the server is usually the same."""
    paths = [tmp_path / name for name in ("before.json", "after.json")]
    for path, micros in zip(paths, (200, 100), strict=True):
        path.write_text(json.dumps(document_of(run_of(*[[micros] * 20 for _ in range(5)]))))
    code = main(["bench", "compare", *map(str, paths)])
    lines = capsys.readouterr().out.splitlines()

    assert code == ExitCode.DONE
    assert "before.json" in lines[0]
    assert next(line for line in lines if line.startswith("response p50")).endswith("worse")


def test_the_knee_is_searched(node: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An objective that the node keeps at no rate is said, with exit code 1, and every probe is in JSON."""
    path = tmp_path / "knee.json"
    options = ["--find-rate", "--p99-us", "0.001", "--rate", "600", "--duration", "0.3", "--timeout-ms", "5000"]
    code = main(["bench", _udp(node), *SAMPLE, *options, "--json", str(path)])
    written = json.loads(path.read_text())

    assert code == ExitCode.REFUSED
    assert "at no rate that was tried" in capsys.readouterr().out
    assert written["rate"] is None
    assert [probe["holds"] for probe in written["probes"]] == [False] * len(written["probes"])


def test_rows_for_the_import_are_written(capsys: pytest.CaptureFixture[str]) -> None:
    """As many lines as asked for."""
    code = main(["bench", "rows", "--sample", "3", "--prefix", "88.1"])

    assert code == ExitCode.DONE
    assert [json.loads(line)["handle"][:7] for line in capsys.readouterr().out.splitlines()] == ["88.1/B-"] * 3


def test_silence_is_the_exit_code_of_the_network(capsys: pytest.CaptureFixture[str]) -> None:
    """Where nobody listens, the report says so."""
    code = main(["bench", "127.0.0.1:1", *SAMPLE, "--closed", "--duration", "0.1"])

    assert code == ExitCode.NETWORK
    assert "nothing was answered" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["127.0.0.1:1", *SAMPLE], "choose one: --rate"),
        (["127.0.0.1:1", *SAMPLE, "--closed", "--rate", "5"], "choose one: --rate"),
        (["127.0.0.1:1", *SAMPLE, "--closed", "--poisson"], "--poisson"),
        (["127.0.0.1:1", "--closed"], "say what to ask for"),
        (["127.0.0.1:1", *SAMPLE, "--ids", "x", "--closed"], "say what to ask for"),
        (["127.0.0.1:1", "--sample", "5", "--closed"], "--prefix"),
        (["127.0.0.1:1", "--ids", "no-such-file", "--closed"], "no-such-file"),
        (["127.0.0.1:1", *SAMPLE, "--closed", "--connections", "99999"], "--connections"),
        (["127.0.0.1:1", *SAMPLE, "--closed", "--connections", "0"], "--connections"),
        (["127.0.0.1:1", *SAMPLE, "--closed", "--pipeline", "0"], "--pipeline"),
        (["127.0.0.1:1", *SAMPLE, "--closed", "--duration", "nan"], "--duration"),
        (["127.0.0.1:1", *SAMPLE, "--rate", "nan"], "--rate"),
        (["127.0.0.1:1", *SAMPLE, "--rate", "inf"], "--rate"),
        (["127.0.0.1:1", *SAMPLE, "--rate", "0"], "--rate"),
        (["127.0.0.1:1", *SAMPLE, "--rate", "0.1", "--duration", "2"], "--rate and --duration"),
        (["127.0.0.1:1", *SAMPLE, "--closed", "--pin", "4095"], "core 4095"),
        (["127.0.0.1:1", *SAMPLE, "--closed", "--type", "URI"], "--type"),
        (["127.0.0.1:1", *SAMPLE, "--closed", "--p99-us", "5"], "--find-rate"),
        (["127.0.0.1:1", *SAMPLE, "--find-rate"], "--p99-us"),
        (["127.0.0.1:1", *SAMPLE, "--find-rate", "--p99-us", "0"], "--p99-us"),
        (["127.0.0.1:1", *SAMPLE, "--closed", "--pid", "4194305"], "no process"),
        (["127.0.0.1:1", *SAMPLE, "--closed", "--transport", "dns"], "--zone"),
        (["127.0.0.1:1", *SAMPLE, "--closed", "--zone", "id.test"], "--transport dns"),
        (["127.0.0.1:1", *SAMPLE, "--closed", "--transport", "dns", "--zone", "a..b"], "--zone"),
        (["127.0.0.1:x", *SAMPLE, "--closed"], "no server address"),
        (["127.0.0.1:1", "127.0.0.1:2", *SAMPLE, "--closed"], "idis bench compare"),
        (["compare", "127.0.0.1:1"], "name two servers"),
        (["compare", "a.json", "b.json"], "a.json"),
        (["compare", "a.json", "b.json", "c.json"], "two files"),
        (["compare", "127.0.0.1:1", "127.0.0.1:2", *SAMPLE, "--closed", "--pid", "1"], "--pid"),
        (["rows", "--map", "x"], "x"),
        (["127.0.0.1:1", "--ids", __file__, "--closed"], "no identifier"),
        (["127.0.0.1:1", "--ids", sys.executable, "--closed"], "UTF-8"),
        (["127.0.0.1:1", *SAMPLE, "--closed", "--html", "/nowhere/page.html"], "there is no folder /nowhere"),
        (["127.0.0.1:1", *SAMPLE, "--closed", "--json", str(Path(__file__).parent)], "it is a folder"),
    ],
)
def test_what_is_typed_wrongly_is_a_sentence(words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2 before anything is sent."""
    code = main(["bench", *words])

    assert code == ExitCode.USAGE
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [["--transport", "sctp"], ["--pin", "x"], ["--pin", "3-1"], ["--explain", "1001"], ["--zipf", "x"], ["--duration", "long"]],
)
def test_values_that_cannot_be_read_are_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """By the parser, with the option's name."""
    with pytest.raises(SystemExit) as stopped:
        main(["bench", "127.0.0.1:1", *SAMPLE, "--closed", *words])

    assert stopped.value.code == ExitCode.USAGE
    assert words[0] in capsys.readouterr().err


def test_strict_turns_an_objection_into_an_exit_code(node: Running, capsys: pytest.CaptureFixture[str]) -> None:
    """A rate that cannot be kept: one question under way over a link that answers none in time."""
    words = [
        _udp(node),
        *SAMPLE,
        "--connections",
        "1",
        "--duration",
        "0.2",
        "--warm-up",
        "0",
        "--rate",
        "50000",
        "--pipeline",
        "1",
    ]
    codes = [main(["bench", *words, "--explain", "0", *strict]) for strict in ([], ["--strict"])]

    assert codes == [ExitCode.DONE, ExitCode.REFUSED]
    assert "DO NOT TRUST" in capsys.readouterr().out


def test_cores_are_read_as_lists_and_ranges() -> None:
    """In the order given."""
    assert (cpus("1"), cpus("0,2"), cpus("2-4,0")) == ((1,), (0, 2), (2, 3, 4, 0))
