"""Whole jobs of a running emulator: what it rejects is what was predicted, byte for byte of meaning."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from syncer.emulator.catalogue import FieldDefinition
from syncer.emulator.testing import Emulator, running
from syncer.model.files import SourceFormat
from tests.emulator.driver import Api
from tests.prepare.judge.oracle import check_counts, run, schema_of
from tests.prepare.judge.test_parquet import parquet

FIELD_MAP = {
    "import_source": "import_source",
    "mail": "email",
    "born": "birth_date",
    "at": "signed_up_at",
    "tier": "loyalty_tier",
    "points": "points",
    "balance": "balance",
    "opt": "marketing_opt_in",
}
CSV = """\
import_source,mail,born,at,tier,points,balance,opt
crm,a@b.co,2024-02-29,2026-04-21T16:30:00Z,gold,1,1e5,true
crm,"not an
address",,,,,,
crm,,,,,,,

crm,c@b.co,2023-02-29,,,,,
crm,d@b.co,,2026-04-21,Gold,,,
crm,e@b.co,,,Gold,x,,
crm,f@b.co,,,,9223372036854775808,,
crm,g@b.co,,,,,1e999,
crm,h@b.co,,,,,,True
crm,i@b.co
"""
JSONL = """\
{"import_source":"crm","mail":"a@b.co","born":"2024-02-29","at":"2026-04-21T16:30:00Z","tier":"gold","points":1}
{"import_source":"crm","mail":"b@b.co","balance":1e5,"opt":true}
{"import_source":"crm","mail":null}
{"import_source":"crm","mail":"c@b.co","points":"1"}
{"import_source":"crm","mail":"d@b.co","balance":"1"}
{"import_source":"crm","mail":"e@b.co","opt":1,"note":"\\ud83d\\ude00 \\ud83d"}
{"import_source":"crm","mail":"f@b.co","mail":"g@b.co"}

{"import_source":5,"mail":"h@b.co"}
{
"""
PARQUET = """SELECT 'crm' AS import_source, * FROM (VALUES
    ('a@b.co', DATE '2024-02-29', TIMESTAMPTZ '2026-04-21 16:30:00+00', 'gold', 1, 1.5::DOUBLE, true),
    ('b', NULL, NULL, NULL, NULL, NULL, NULL),
    ('c@b.co', NULL, NULL, 'Gold', NULL, NULL, NULL),
    ('d@b.co', NULL, NULL, NULL, NULL, 'nan', NULL),
    (NULL, NULL, NULL, NULL, NULL, NULL, NULL)
) AS rows(mail, born, "at", tier, points, balance, opt)"""


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with running(tmp_path_factory.mktemp("emulator")) as emulator:
        yield emulator


def profile_fields(emulator: Emulator) -> dict[str, FieldDefinition]:
    return dict(emulator.world.catalogue["profiles"].fields)


@pytest.mark.parametrize(("file_format", "invalid"), [("csv", 9), ("jsonl", 8), ("parquet", 4)])
def test_a_job_rejects_what_was_predicted(
    file_format: SourceFormat, invalid: int, emulator: Emulator, tmp_path: Path
) -> None:
    """Counts, row numbers, source rows and reasons of the job are those of the judgement made before its upload."""
    path = tmp_path / f"artifact.{file_format}"
    if file_format == "parquet":
        parquet(path, PARQUET)
    else:
        path.write_text(CSV if file_format == "csv" else JSONL)
    schema = schema_of(profile_fields(emulator))
    judgement, lines = run(path, file_format, schema, FIELD_MAP, work_dir=tmp_path)
    check_counts(judgement, lines)
    api = Api(emulator.base_url)
    with api.session:
        done = api.run("profiles", path.name, path.read_bytes(), FIELD_MAP)
    assert done.rejected == lines
    assert judgement.invalid == invalid
    counts = (done.status["readRows"], done.status["validRows"], done.status["invalidRows"])
    assert counts == (judgement.rows, judgement.valid, judgement.invalid)
