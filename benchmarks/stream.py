"""Move one object of an S3 bucket to a URL, as `syncer apply` moves a file that needs no change; for transfer.py.

    python benchmarks/stream.py BUCKET KEY URL

Prints seconds (without the start of the interpreter) and the peak memory of the process in MB.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, cast

from syncer.api.connections import Connections
from syncer.api.models import UploadTarget
from syncer.api.retry import Retrier, RetryPolicy
from syncer.api.upload import Delivery, Uploader
from syncer.apply.digesting import Digesting
from syncer.source.remote_pins import RemotePin
from syncer.source.stores.base import Place
from syncer.source.stores.opening import open_store


def main() -> int:
    bucket, key, url = sys.argv[1:]
    begun = time.perf_counter()
    store = open_store(Place("s3", bucket), None, os.environ)
    listed = store.look(key)
    if listed is None:
        raise SystemExit(f"there is no {key} in {bucket}")
    held = RemotePin(key, store, listed)
    uploader = Uploader(
        Connections(timeout=30),
        Retrier(RetryPolicy(), sleep=time.sleep, random=random.random),
        clock=lambda: datetime.now(UTC),
        user_agent="benchmark",
        tracer=None,
    )
    delivery = Delivery(
        open_body=lambda: cast("BinaryIO", Digesting(held.open())),
        size=listed.size,
        content_type="application/octet-stream",
    )
    uploader.upload(UploadTarget(url, "PUT", {}, None), delivery)
    held.verify()
    seconds = time.perf_counter() - begun
    print(json.dumps({"seconds": seconds, "megabytes": peak_megabytes()}))
    return 0


def peak_megabytes() -> int:
    """Read the peak of this program alone: `getrusage` counts the memory of whoever started it, too."""
    status = Path("/proc/self/status").read_text("utf-8")
    return round(int(status.partition("VmHWM:")[2].split()[0]) / 1024)


if __name__ == "__main__":
    sys.exit(main())
