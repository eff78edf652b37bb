"""The preview of an audience."""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncer.emulator.models import PreviewAnswer

if TYPE_CHECKING:
    from syncer.emulator.routing import Call


def preview(call: Call) -> PreviewAnswer:
    found = call.world.audiences.preview(call.path["audienceId"], call.body.limit)
    return PreviewAnswer.model_validate(found)
