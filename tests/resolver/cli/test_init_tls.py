"""`idis init` and TLS: a certificate to begin with, on a port that nobody has."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from idis.resolver.cli import init
from idis.resolver.config import CONFIG_FILE, DEVELOPMENT_CERTIFICATE, DEVELOPMENT_KEY, NodeConfig, TlsSection
from idis.resolver.config_load import load


def made(directory: Path, *words: str) -> NodeConfig:
    """Run `idis init DIRECTORY WORDS`; the configuration it wrote."""
    parser = argparse.ArgumentParser()
    init.configure(parser)
    given = ("--name", "node", "--tier", "enterprise", "--prefix", "88.118.8", *words)
    assert init.run(parser.parse_args([str(directory), *given])) == 0
    return load(directory / CONFIG_FILE, {}, {})


@pytest.mark.parametrize(
    ("words", "port"),
    [
        ((), 2642),
        (("--port", "7999"), 8001),  # 8000 is HTTP's
        (("--port", "65535"), 1),
        (("--tls-port", "4433"), 4433),
    ],
)
def test_a_node_begins_with_a_certificate(tmp_path, words, port):
    """Its files are named in the configuration, the key is its owner's."""
    config = made(tmp_path / "n", *words)

    assert config.tls == TlsSection(DEVELOPMENT_CERTIFICATE, DEVELOPMENT_KEY, port)
    assert (tmp_path / "n" / DEVELOPMENT_CERTIFICATE).exists()
    assert (tmp_path / "n" / DEVELOPMENT_KEY).stat().st_mode & 0o777 == 0o600


def test_it_can_be_left_out(tmp_path):
    """`--no-tls`: no files, no setting."""
    config = made(tmp_path / "n", "--no-tls")

    assert not config.tls.enabled
    assert not (tmp_path / "n" / "tls").exists()
