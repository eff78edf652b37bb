"""Shards as the `strategy.matrix` of a workflow's job."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from syncer.plan.shards import Shard


def github_matrix(shards: Sequence[Shard]) -> str:
    """Return one line of JSON for `fromJSON`: `{"include": [{"shard": "1/2", "objects": "a b", …}]}`.

    `objects` are separated by spaces, which the name of an object cannot hold.
    """
    include = [_entry(number, shard, len(shards)) for number, shard in enumerate(shards, start=1)]
    return json.dumps({"include": include}, ensure_ascii=True)


def _entry(number: int, shard: Shard, count: int) -> dict[str, Any]:
    return {
        "shard": f"{number}/{count}",
        "objects": " ".join(shard.objects),
        "files": shard.files,
        "bytes": shard.bytes,
        "rows": shard.rows,
    }
