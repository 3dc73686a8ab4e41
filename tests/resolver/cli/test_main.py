"""The command line as a whole: help, errors of usage, and output that cannot be written."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from idis.resolver.cli.main import main


def test_a_description_keeps_the_capitals_of_the_help_line(capsys: pytest.CaptureFixture[str]) -> None:
    """`str.capitalize` made "CSV, XLSX or JSON lines" into "csv, xlsx or json lines"."""
    with pytest.raises(SystemExit):
        main(["import", "--help"])

    assert "Load records from CSV, XLSX or JSON lines" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words", [["resolve"], ["nonsense"], ["resolve", "88.1/x", "--index", "0"], ["prefix", "nonsense"], ["health", "--nonsense"]]
)
def test_an_error_of_usage_is_one_sentence(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Like every other error: one line that says what is wrong and where to read on, and exit code 2."""
    with pytest.raises(SystemExit) as ended:
        main(words)

    error = capsys.readouterr().err
    assert (ended.value.code, error.count("\n"), error[:6], "--help'" in error) == (2, 1, "idis: ", True)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs the device that is always full")
@pytest.mark.parametrize("words", [["pilot", "list"], ["pilot", "show", "ship", "plate"], ["--version"]])
def test_output_on_a_full_disk_ends_in_one_sentence(words: list[str]) -> None:
    """A table that cannot be written used to end in a traceback."""
    with open("/dev/full", "wb") as full:
        command = [sys.executable, "-c", "import sys; from idis.resolver.cli.main import main; sys.exit(main())", *words]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)

    assert (done.returncode, done.stderr) == (2, b"idis: the output cannot be used: No space left on device\n")


def test_an_unknown_flag_is_told_by_its_command(capsys: pytest.CaptureFixture[str]) -> None:
    """The help of the whole program does not list the flags of one command."""
    with pytest.raises(SystemExit):
        main(["health", "--nonsense"])

    assert capsys.readouterr().err == "idis: --nonsense is not understood (see 'idis health --help')\n"


@pytest.mark.parametrize("words", [["lab", "--smoke"], ["serve", "x"], ["prefix", "list"]])
def test_a_command_of_the_node_says_what_to_install(words: list[str]) -> None:
    """Where only the client is installed, `serve` ended in a traceback and `lab --smoke` in an unknown argument."""
    program = "import sys; sys.modules['lmdb'] = None; from idis.resolver.cli.main import main; sys.exit(main())"
    done = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert done.stderr == "idis: this command needs the node's packages (lmdb is missing): pip install 'idis[node]'\n"
