"""Registering a file of any size through batches: read, sent, acknowledged, taken up again where it stopped."""
