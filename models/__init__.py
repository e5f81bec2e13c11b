"""The stance network, its configuration and its shipped weights."""
