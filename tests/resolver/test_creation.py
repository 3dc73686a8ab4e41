"""Making the data directory of a node."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from idis.registry.store.base import StoreError
from idis.registry.store.lmdb import LmdbStore
from idis.resolver.config import ConfigError, NodeSection, Tier
from idis.resolver.config_load import load
from idis.resolver.creation import CreationError, create_node


def test_a_made_directory_has_its_configuration_and_homes_its_prefixes(make_config):
    """`idis serve` needs nothing else."""
    config = make_config(prefixes=("88.118", "88.118.8"))
    create_node(config.data_dir, config)

    store = LmdbStore.open(config.data_dir, exclusive=True)
    with store.read() as txn:
        assert [entry.prefix for entry in txn.prefixes(None, 10) if entry.homed] == ["88.118", "88.118.8"]
    store.close()
    assert load(config.data_dir / "node.toml", {}, {}) == config


def test_an_empty_directory_may_be_used(make_config):
    """A mount point that exists already is no obstacle."""
    config = make_config()
    config.data_dir.mkdir()
    create_node(config.data_dir, config)

    assert (config.data_dir / "node.toml").exists()


def test_a_directory_in_use_is_refused(make_config):
    """Nothing is ever overwritten."""
    config = make_config()
    create_node(config.data_dir, config)

    with pytest.raises(CreationError, match="exists and is not empty"):
        create_node(config.data_dir, config)


def test_a_file_in_the_way_is_refused(make_config):
    """One sentence, not a trace."""
    config = make_config()
    config.data_dir.write_text("here")

    with pytest.raises(CreationError, match="is a file: choose another directory"):
        create_node(config.data_dir, config)


def test_a_full_disk_is_refused_before_the_store_is_made(make_config, monkeypatch):
    """LMDB's lock file is mapped into memory: on a full disk the process died of SIGBUS and left half a node."""
    config = make_config()
    facts = os.statvfs(config.data_dir.parent)
    full = os.statvfs_result((*facts[:3], 0, 0, *facts[5:10]))
    monkeypatch.setattr(os, "statvfs", lambda _path: full)

    with pytest.raises(CreationError, match="has less than 4 MiB free: free some space, or choose another place"):
        create_node(config.data_dir, config)
    assert not config.data_dir.exists()


def test_a_folder_that_may_not_be_written_is_refused(make_config, tmp_path):
    """The sentence names the user and the remedy."""
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    config = make_config()
    tmp_path.chmod(0o500)
    try:
        with pytest.raises((CreationError, StoreError), match="may not"):
            create_node(config.data_dir, config)
    finally:
        tmp_path.chmod(0o700)


def test_a_failure_leaves_nothing_behind(make_config):
    """A prefix that cannot be homed undoes the whole making, so that the next attempt finds a clean place."""
    config = make_config(prefixes=("88.118.8", "88.118.船"))

    with pytest.raises(CreationError, match=r"88\.118\.船 cannot be homed"):
        create_node(config.data_dir, config)
    assert not config.data_dir.exists()


def test_a_bad_configuration_makes_nothing(make_config):
    """It is checked before the directory is touched."""
    config = replace(make_config(), node=NodeSection(name="", tier=Tier.ENTERPRISE))

    with pytest.raises(ConfigError):
        create_node(config.data_dir, config)
    assert not config.data_dir.exists()
