"""Rules that need more than one key, a file's neighbours or the project's settings; the schema holds all the others.

`spec_faults` looks at one spec, `project_faults` at all of them together.
"""

from __future__ import annotations

from collections.abc import Iterator

from syncer.model.spec import Spec
from syncer.settings import Settings
from syncer.spec.fault import Fault
from syncer.spec.rules.columns import column_faults
from syncer.spec.rules.options import option_faults
from syncer.spec.rules.sources import source_faults
from syncer.spec.rules.tests import test_faults


def spec_faults(spec: Spec, settings: Settings | None) -> Iterator[Fault]:
    """Yield what contradicts itself in one spec. Without settings, what depends on them is not checked."""
    yield from source_faults(spec.source, settings)
    yield from column_faults(spec)
    yield from option_faults(spec, settings)
    yield from test_faults(spec, settings)
