"""A shaped link on loopback: a TCP forwarder whose connections each have a delay and a bandwidth.

    python benchmarks/link.py TARGET_HOST TARGET_PORT --delay-ms 30 --megabytes-per-second 90

Prints its own port and runs until it is stopped. The delay is that of a round trip, added to what the server sends; the
bandwidth is a connection's own, so that several connections together are faster than one, as between distant networks.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import time
from collections import deque

BLOCK = 128 << 10


async def _as_it_is(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while block := await reader.read(BLOCK):
        writer.write(block)
        await writer.drain()


async def _shaped(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float, bytes_per_second: float
) -> None:
    """Hand every block on at the moment at which it would have come through the link."""
    waiting: deque[tuple[float, bytes]] = deque()
    arrived, room = asyncio.Event(), asyncio.Event()
    room.set()

    async def hand_on() -> None:
        while True:
            while not waiting:
                arrived.clear()
                await arrived.wait()
            due, block = waiting[0]
            if (pause := due - time.monotonic()) > 0:
                await asyncio.sleep(pause)
            waiting.popleft()
            room.set()
            if not block:
                return
            writer.write(block)
            await writer.drain()

    sender = asyncio.create_task(hand_on())
    free_at = 0.0
    most = max(4, int(bytes_per_second * (delay + 0.05)) // BLOCK)
    while True:
        while len(waiting) >= most:
            room.clear()
            await room.wait()
        block = await reader.read(BLOCK)
        free_at = max(free_at, time.monotonic()) + len(block) / bytes_per_second
        waiting.append((free_at + delay, block))
        arrived.set()
        if not block:
            break
    await sender


async def _serve(host: str, port: int, delay: float, bytes_per_second: float) -> None:
    async def joined(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, OSError):
            far_reader, far_writer = await asyncio.open_connection(host, port)
            up = asyncio.create_task(_as_it_is(reader, far_writer))
            try:
                await _shaped(far_reader, writer, delay, bytes_per_second)
            finally:
                up.cancel()
                far_writer.close()
                writer.close()

    server = await asyncio.start_server(joined, "127.0.0.1", 0, limit=4 * BLOCK)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("--delay-ms", type=float, default=30)
    parser.add_argument("--megabytes-per-second", type=float, default=90)
    options = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(options.host, options.port, options.delay_ms / 1000, options.megabytes_per_second * 1e6))
    return 0


if __name__ == "__main__":
    sys.exit(main())
