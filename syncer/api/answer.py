"""Read a success envelope strictly where a key is needed and tolerantly everywhere else.

Keys that are not known are ignored. A key that is needed and missing, or of another type, is an ApiError which names
the call, the key and the correlation id, and never a value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from syncer.errors import ApiError


@dataclass(frozen=True, slots=True)
class Answer:
    """One JSON object of an answer. Where a method takes several keys, the first that is there and not null counts."""

    data: Mapping[str, object] = field(repr=False)
    action: str
    where: str
    correlation_id: str
    at: str = "data"

    def text(self, *keys: str) -> str:
        value = self._first(keys)
        if isinstance(value, str) and value:
            return value
        raise self.unusable(keys[0], "text")

    def optional_text(self, *keys: str) -> str:
        """Give the first text among the keys, or ""."""
        return next((value for key in keys if isinstance(value := self.data.get(key), str) and value), "")

    def count(self, *keys: str) -> int:
        """Give a number of something; an absent one is 0."""
        return self.optional_count(*keys) or 0

    def optional_count(self, *keys: str) -> int | None:
        value = self._first(keys)
        if value is None:
            return None
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
        raise self.unusable(keys[0], "a count")

    def flag(self, *keys: str) -> bool | None:
        value = self._first(keys)
        return value if isinstance(value, bool) else None

    def moment(self, *keys: str) -> datetime:
        moment = self.optional_moment(*keys)
        if moment is None:
            raise self.unusable(keys[0], "a date and time")
        return moment

    def optional_moment(self, *keys: str) -> datetime | None:
        """Give an aware datetime; one without an offset is UTC, and what is no datetime at all is None."""
        value = self._first(keys)
        try:
            moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        except ValueError:
            return None
        return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment

    def part(self, *keys: str) -> Answer:
        """Give the object under the key; an absent one is empty."""
        value = self._first(keys)
        return self._inner(value if isinstance(value, Mapping) else {}, keys[0])

    def texts(self, *keys: str) -> tuple[str, ...]:
        value = self._first(keys)
        return tuple(str(item) for item in value) if isinstance(value, list) else ()

    def items(self, *keys: str) -> tuple[Answer, ...]:
        """Give the objects in the array under the first key that is there. Raises ApiError if it is no such array."""
        value = self._first(keys)
        if not isinstance(value, list):
            raise self.unusable(keys[0], "an array")
        if not all(isinstance(item, Mapping) for item in value):
            raise self.unusable(keys[0], "an array of objects")
        return tuple(self._inner(item, f"{keys[0]}[{index}]") for index, item in enumerate(value))

    def unusable(self, key: str, expected: str) -> ApiError:
        """Give the error for a key that is missing or not what was expected."""
        return ApiError(
            f"could not {self.action}: the API's answer has no usable {self.at}.{key} (expected {expected})",
            correlation_id=self.correlation_id,
            where=self.where + (f" (correlation id {self.correlation_id})" if self.correlation_id else ""),
        )

    def _first(self, keys: Sequence[str]) -> object:
        return next((value for key in keys if (value := self.data.get(key)) is not None), None)

    def _inner(self, data: Mapping[str, object], at: str) -> Answer:
        return Answer(data, self.action, self.where, self.correlation_id, f"{self.at}.{at}")
