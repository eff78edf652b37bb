"""The file that is written: what it holds is told on the way, and gzip is the same bytes however rows come in."""

from __future__ import annotations

import gzip
import hashlib
import io
import random

import pytest

from syncer.prepare.artifact import BLOCK_BYTES, Output

ROWS = b"".join(b"%d,someone-%d@example.com,%d\n" % (n, n * 7919 % 104729, n * n % 9973) for n in range(100_000))
SHA256 = "9d0c7f55cd153d30bee2d0e4f693f3e0b37a94a45345715b54c65d6690f0d494"
"""Of these rows, compressed."""


def written(pieces: list[bytes]) -> tuple[bytes, Output]:
    """What becomes of rows that come in these pieces."""
    raw = io.BytesIO()
    output = Output(raw, "gzip")
    for piece in pieces:
        output.write(piece)
    output.finish()
    return raw.getvalue(), output


def cut(text: bytes, size: int) -> list[bytes]:
    return [text[at : at + size] for at in range(0, len(text), size)]


@pytest.mark.parametrize("size", [77_777, BLOCK_BYTES - 1, BLOCK_BYTES, 3 * BLOCK_BYTES + 1])
def test_gzip_does_not_depend_on_the_pieces(size: int) -> None:
    """The same rows give the same bytes, whose size and digest are told, whatever pieces they are written in."""
    content, output = written(cut(ROWS, size))

    assert gzip.decompress(content) == ROWS
    assert content == written([ROWS])[0]
    assert output.size == len(content)
    assert output.digest == f"sha256:{hashlib.sha256(content).hexdigest()}"


def test_gzip_is_the_same_on_every_machine() -> None:
    """Where this digest changes, so do artifacts: PREPARATION_VERSION has to rise with it."""
    assert hashlib.sha256(written([ROWS])[0]).hexdigest() == SHA256


def test_settled_gzip_tells_its_size_and_stays_whole() -> None:
    """What was written is counted in full after settling, and what follows continues the same file."""
    raw = io.BytesIO()
    output = Output(raw, "gzip")
    sizes = []
    for piece in cut(ROWS, 500_000):
        output.write(piece)
        output.settle()
        sizes.append(output.size)
    output.finish()

    assert sizes == sorted(set(sizes))
    assert sizes[0] > 500_000 // 20
    assert gzip.decompress(raw.getvalue()) == ROWS


def test_what_cannot_be_compressed_hardly_grows() -> None:
    """Bytes without any pattern take at most a 256th more than they are."""
    noise = random.Random(5).randbytes(3_000_000)

    assert len(written([noise])[0]) <= len(noise) + len(noise) // 256 + 64
