"""`syncer demo`: the whole job in a temporary folder, walked with the real commands against the emulator."""

from syncer.operations.demo.tour import demo

__all__ = ["demo"]
