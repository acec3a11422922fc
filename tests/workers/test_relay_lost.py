"""A worker whose way to the log is closed can answer no read: it ends, and its leader begins another."""

import socket
import threading

import uvicorn

from camphora.cli.workers.doors import Door
from camphora.cli.workers.working import Worker
from camphora.records.relay import Relay
from camphora.web.monitoring import Measures


async def _app(scope, receive, send):
    raise AssertionError


def test_a_worker_ends_when_nobody_keeps_its_receipts():
    door, leaves = Door.pair(), socket.socketpair()
    config = uvicorn.Config(_app, lifespan="off", log_level="error")
    worker = Worker(config, Door(door[1]), Relay(leaves[1]), Measures())
    running = threading.Thread(target=worker.run, kwargs={"sockets": []})
    running.start()
    try:
        assert door[0].recv(1024), "it is ready"
        leaves[0].close()
        running.join(20)
        assert not running.is_alive()
    finally:
        worker.should_exit = True
        running.join()
        for each in (*door, leaves[1]):
            each.close()
