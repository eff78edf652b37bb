"""The state log: its lines, its files, and the stores that keep it."""
