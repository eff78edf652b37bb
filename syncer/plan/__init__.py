"""What would be done and why: a pure function of specs, source files, the log and the time."""

from syncer.errors import Refusal
from syncer.plan.decide import suspended
from syncer.plan.inputs import Inputs, SpecInput
from syncer.plan.reconcile import make_plan, only, stale
from syncer.plan.types import RUNNABLE, Action, Filters, Plan, PlannedImport, SpecPlan

__all__ = [
    "RUNNABLE",
    "Action",
    "Filters",
    "Inputs",
    "Plan",
    "PlannedImport",
    "Refusal",
    "SpecInput",
    "SpecPlan",
    "make_plan",
    "only",
    "stale",
    "suspended",
]
