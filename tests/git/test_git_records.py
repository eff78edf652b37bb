"""Two clones and one small file that goes as record batches: one of them carries it to its end, the other lets go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.apply.workspace import Noted, only, results
from tests.git.test_git_gaps import later
from tests.records.specs import BATCH, PEOPLE, numbered

if TYPE_CHECKING:
    from syncer.plan import PlannedImport
    from tests.git.clones import Clone, Project

TWO_BATCHES = 10_005


class Pausing(Noted):
    """A reporter that acts once, when the first batch was answered."""

    def __init__(self, act: Any) -> None:
        super().__init__()
        self.acted: list[Any] = []
        self._act = act

    def polled(self, item: PlannedImport, job: str, rows: Any, seconds: float) -> None:
        del item, job, rows, seconds
        if not self.acted:
            self.acted.append(None)
            self.acted[0] = self._act()


def seeded(project: Project) -> tuple[Clone, Clone]:
    rows = "\n".join(["email_address,FirstName,points", *numbered(TWO_BATCHES)])
    project.seed({"specs/crm.yaml": PEOPLE, "data/a.csv": f"{rows}\n"})
    return project.clone("one"), project.clone("two")


def test_the_run_that_was_taken_over_sends_no_further_batch(project: Project) -> None:
    """The second takes the slow one for dead and finishes; the first sees that before its next batch, and stops."""
    slow, quick = seeded(project)
    reporter = Pausing(lambda: results(quick.run(clock=later)))
    outcome = only(slow.run(reporter=reporter).imports)
    assert reporter.acted == [{"data/a.csv": "completed"}]
    assert (outcome.result, outcome.elsewhere) == ("held", True)
    assert slow.writes() == [BATCH, BATCH, BATCH]
    assert project.emulator.query("SELECT count(*) FROM profiles") == [(TWO_BATCHES,)]
    assert project.remote.events("crm").count("submitted") == 1
    assert project.remote.events("crm").count("finished") == 1
    assert slow.verify().clean
    assert slow.run().imports == ()


def test_a_second_run_waits_while_the_first_sends(project: Project) -> None:
    """As long as the lease lasts nobody sends anything of the file besides its owner."""
    one, two = seeded(project)
    reporter = Pausing(two.run)
    assert results(one.run(reporter=reporter)) == {"data/a.csv": "completed"}
    assert reporter.acted[0].imports == ()
    assert len(reporter.acted[0].waits) == 1
    assert one.writes() == [BATCH, BATCH]


def test_a_queue_of_small_files_is_permitted_at_once(project: Project) -> None:
    """One push permits several files, and each is sent and ended in its turn."""
    rows = "email_address,FirstName,points\na@x.io,{0},1\nb@x.io,{0},1\n"
    files = {f"data/{number}.csv": rows.format(f"N{number}") for number in range(4)}
    project.seed({"specs/crm.yaml": PEOPLE, **files})
    clone = project.clone("one")
    assert set(results(clone.run()).values()) == {"completed"}
    assert clone.writes() == [BATCH] * 4
    assert project.emulator.query("SELECT DISTINCT first_name FROM profiles") == [("N3",)]
    assert [line["position"] for line in project.remote.lines("crm") if line["event"] == "submitted"] == [0, 1, 2, 3]
    assert clone.verify().clean
