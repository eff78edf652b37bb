"""`syncer doctor`: whatever a run will need is looked at beforehand, and what is wrong is told with its cure."""

from syncer.operations.doctor.check import Area, Check, Status
from syncer.operations.doctor.examine import Examination, doctor

__all__ = ["Area", "Check", "Examination", "Status", "doctor"]
