"""The files of deploy/, checked with the tools that read them; a tool that is absent skips its test and says so."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from idis.resolver.cli.main import main
from idis.resolver.config import Tier
from idis.resolver.config_load import load
from tests.waiting import WAIT_S_MAX

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
CONFIGS = sorted((DEPLOY / "config").glob("*.toml"))


def _tool(name: str) -> str:
    """A tool of this environment or of the system."""
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=WAIT_S_MAX, check=False)


def test_there_is_one_configuration_per_tier() -> None:
    """Each tier has its file, and the file says so."""
    tiers = {load(path, {}, {}).node.tier for path in CONFIGS}

    assert tiers == set(Tier)
    assert len(CONFIGS) == len(Tier)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_the_command_accepts_each_configuration(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`idis config check` takes the file as it stands."""
    assert main(["config", "check", str(path)]) == 0
    assert f'"{path.stem}"' in capsys.readouterr().out


@pytest.mark.parametrize("unit", sorted((DEPLOY / "systemd").glob("*@.*")), ids=lambda path: path.name)
def test_systemd_accepts_the_unit(unit: Path, tmp_path: Path) -> None:
    """systemd-analyze finds no unknown directive and no contradiction."""
    analyze = _tool("systemd-analyze")
    program = tmp_path / "idis"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for source in (DEPLOY / "systemd").glob("*@.*"):
        text = source.read_text(encoding="utf-8").replace("/opt/idis/bin/idis", str(program))
        (tmp_path / source.name).write_text(text, encoding="utf-8")

    done = _run(analyze, "verify", "--man=no", str(tmp_path / unit.name.replace("@", "@secondary-118")))
    if "Failed to initialize manager" in done.stderr or "No such device" in done.stderr:
        pytest.skip("systemd-analyze cannot run here: " + done.stderr.strip().splitlines()[-1])
    complaints = [line for line in done.stderr.splitlines() if "idis" in line]

    assert complaints == []
    assert done.returncode == 0


def test_hadolint_finds_nothing_in_the_containerfile() -> None:
    """The image is built as its linter advises."""
    done = _run(_tool("hadolint"), str(DEPLOY / "Containerfile"))

    assert done.stdout == ""
    assert done.returncode == 0


def test_the_compose_file_matches_its_schema() -> None:
    """The compose file validates against the compose specification."""
    done = _run(_tool("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", str(DEPLOY / "compose.yaml"))

    assert done.returncode == 0, done.stdout


def test_promtool_accepts_the_scrape_configuration() -> None:
    """Prometheus reads the scrape configuration and the alert rules it names."""
    done = _run(_tool("promtool"), "check", "config", str(DEPLOY / "prometheus" / "prometheus.yml"))

    assert done.returncode == 0, done.stderr
