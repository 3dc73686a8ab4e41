"""Bytes to core and back, one file per transport, nothing else."""
