"""`notify` of syncer.yaml: people hear once of what fails, of what is degraded, and of its recovery.

What was told is an event of the log, so that no run repeats it, on whatever machine it works. It is noted after it was
sent: a run that dies between the two leaves it to the next one, which tells it again rather than never.
"""

from syncer.operations.notify.notifier import Notifier, Outlet
from syncer.operations.notify.sending import address_of, is_usable

__all__ = ["Notifier", "Outlet", "address_of", "is_usable"]
