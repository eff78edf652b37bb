"""What a masked value keeps and what it does not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from syncer.operations.preview_cells import HASH, LONGEST, Cell, cells_of, shape
from syncer.prepare.read_back import Written
from tests.prepare.files import spec_of

SPEC = spec_of({"mail": "email", "phone": {"to": "phone_hash", "mask": "hmac"}}, constants={"origin": "crm"})


@given(st.text(max_size=2 * LONGEST))
def test_a_shape_gives_no_letter_or_digit_away(text: str) -> None:
    """Only ASCII punctuation and spaces stay; nothing of another alphabet does, and nothing gets longer."""
    masked = shape(text)

    assert len(masked) == min(len(text), LONGEST + 1)
    for letter, own in zip(masked, text, strict=False):
        assert letter in "xX9…" or (letter == own and letter.isascii() and not letter.isalnum())


@given(st.text(max_size=LONGEST))
def test_a_shape_is_a_shape_of_itself(text: str) -> None:
    """The shape of a shape is the same, so that nothing hangs on what the letters were."""
    assert shape(shape(text)) == shape(text)


def test_what_is_shown_of_a_row() -> None:
    """Formats can be seen, a hash cannot, what the spec adds can, and a null is told from an empty text."""
    before = {"mail": "Ada.L@example.com", "phone": "+49 30", "n": Written("1.10"), "o": {"k": [1]}, "e": "", "z": None}
    after = {"origin": "crm", "email": "ada@example.com", "phone_hash": "0a1b"}

    masked = list(cells_of(SPEC, before, after, texts=(True, True), masked=True))
    assert masked == [
        Cell(column="mail", before="Xxx.X@xxxxxxx.xxx", field="email", after="xxx@xxxxxxx.xxx"),
        Cell(column="phone", before="+99 99", field="phone_hash", after=HASH),
        Cell(column="n", before="9.99"),
        Cell(column="o", before='{"x": [9]}'),
        Cell(column="e", before=""),
        Cell(column="z", before=None),
        Cell(field="origin", after="crm"),
    ]
    bare = list(cells_of(SPEC, before, after, texts=(False, True), masked=False))
    assert [(cell.before, cell.after) for cell in bare[:3]] == [
        ('"Ada.L@example.com"', "ada@example.com"),
        ('"+49 30"', "0a1b"),
        ("1.10", None),
    ]
