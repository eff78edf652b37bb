"""Disk space is asked for before work begins."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest

from syncer.errors import PrepareError
from syncer.model.files import SourceFile
from syncer.prepare.reshape.reshape import reshape
from syncer.prepare.reshape.space import check_space, space_to_judge, space_to_project, space_to_reshape
from tests.prepare.reshape.artifacts import artifact_of, numbers_file

MB = 1_000_000


def test_a_disk_that_is_too_small_is_refused_with_the_cure(tmp_path: Path) -> None:
    """The error says how much is needed, how much there is, and which setting helps."""
    check_space(tmp_path, 1000)
    with pytest.raises(PrepareError, match=r"not enough disk space to prepare a\.csv") as caught:
        check_space(tmp_path, shutil.disk_usage(tmp_path).total, "a.csv")
    assert "are needed, and" in caught.value.why
    assert "prepare.temp_dir" in caught.value.next_step
    assert caught.value.where == str(tmp_path)


def test_a_folder_that_is_yet_to_be_made_is_on_its_parents_disk(tmp_path: Path) -> None:
    """The work folder is made when it is first written to."""
    check_space(tmp_path / "not" / "yet", 1000)
    with pytest.raises(PrepareError):
        check_space(tmp_path / "not" / "yet", shutil.disk_usage(tmp_path).total)


def test_reshaping_asks_before_it_writes(tmp_path: Path, work_dir: Path) -> None:
    """A sort that the disk cannot hold is refused, and nothing was written."""
    made = artifact_of(tmp_path, b"k\nb\na\n", ("k",), rows=2)
    large = replace(made, size=shutil.disk_usage(tmp_path).total)
    with pytest.raises(PrepareError, match=r"disk space to prepare people\.csv"):
        reshape(large, sort=True, match_column="k", work_dir=work_dir)
    with pytest.raises(PrepareError, match=r"disk space to prepare data/a\.csv"):
        reshape(large, leave_out=numbers_file(tmp_path, 1), name="data/a.csv", work_dir=work_dir)
    assert list(work_dir.iterdir()) == []


def test_each_step_takes_what_it_writes(tmp_path: Path) -> None:
    """A sort spills twice the rows, gzip expands for it, Parquet is smaller than CSV, a remote file is copied."""
    plain = artifact_of(tmp_path, b"x" * MB, ("k",), rows=1)
    zipped = replace(plain, compression="gzip")
    parquet = replace(plain, format="parquet")
    assert space_to_reshape(plain, sort=False) == MB
    assert space_to_reshape(plain, sort=True) == 3 * MB
    assert space_to_reshape(plain, sort=True, to="parquet") == MB // 4 + 2 * MB
    assert space_to_reshape(zipped, sort=False) == MB
    assert space_to_reshape(zipped, sort=True) == MB + 8 * MB + 16 * MB
    assert space_to_reshape(parquet, sort=True, to="parquet") == MB + 8 * MB
    assert space_to_judge(plain) == MB // 10
    file = SourceFile(
        path="a.csv",
        location="a.csv",
        size=MB,
        modified=datetime(2026, 11, 1, tzinfo=UTC),
        fingerprint="",
        format="csv",
        opener=BytesIO,
    )
    assert space_to_project(file) == 2 * MB
