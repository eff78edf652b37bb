"""The steps in Python, for one value after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

from syncer.prepare.transforms.letters import changed
from syncer.prepare.transforms.masking import masking
from syncer.prepare.transforms.steps import WHITE_SPACE, Clean, Steps
from syncer.prepare.transforms.zones import with_offset

Transform = Callable[[str], str | None]
_TRIMMED: Final = "".join(chr(code) for first, last in WHITE_SPACE for code in range(first, last + 1))


def transform(steps: Steps) -> Transform:
    """Compile the steps to a function from text to text, or to None, which is null."""
    functions = tuple(_functions(steps))

    def transformed(value: str) -> str | None:
        result: str | None = value
        for function in functions:
            if result is None:
                break
            result = function(result)
        return result

    return functions[0] if len(functions) == 1 else transformed


def _functions(steps: Steps) -> Iterator[Transform]:
    yield from (_CLEANING[name] for name in steps.clean)
    if steps.zone is not None:
        yield partial(with_offset, zone=ZoneInfo(steps.zone))
    if steps.key is not None:
        yield masking(steps.key)


def _trim(value: str) -> str:
    return value.strip(_TRIMMED)


def _empty_to_null(value: str) -> str | None:
    return value or None


_CLEANING: Final[dict[Clean, Transform]] = {
    "trim": _trim,
    "lower": partial(changed, case="lower"),
    "upper": partial(changed, case="upper"),
    "empty_to_null": _empty_to_null,
}
