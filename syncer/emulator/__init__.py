"""The Import Jobs API on this machine, for demos and tests: strict, scripted where it fails, open to queries.

`server.serve` runs it as a process, `testing.running` inside one. It shares no code with what prepares files, so that
the two check each other.
"""
