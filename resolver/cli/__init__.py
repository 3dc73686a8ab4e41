"""The `idis` command, one file per sub-command."""
