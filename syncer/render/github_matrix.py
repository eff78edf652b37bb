"""Shards as the `strategy.matrix` of a workflow's job."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from syncer.plan.shards import Shard

_KEY_DIGITS = 12


def github_matrix(shards: Sequence[Shard]) -> str:
    """Return one line of JSON for `fromJSON`: `{"include": [{"shard": "1/2", "objects": "a", "key": "1f0c…", …}]}`.

    `objects` are the values for `--object`, a line each; `key` is their digest, the same in every run that has just
    these in one shard.
    """
    include = [_entry(number, shard, len(shards)) for number, shard in enumerate(shards, start=1)]
    return json.dumps({"include": include}, ensure_ascii=True)


def _entry(number: int, shard: Shard, count: int) -> dict[str, Any]:
    return {
        "shard": f"{number}/{count}",
        "objects": "\n".join(shard.objects),
        "key": hashlib.sha256("\n".join(shard.objects).encode()).hexdigest()[:_KEY_DIGITS],
        "files": shard.files,
        "bytes": shard.bytes,
        "rows": shard.rows,
    }
