"""A stand-in for the service that lends GPUs on a ZeroGPU Space, as the `spaces` package asks it."""

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse, StreamingResponse


@dataclass
class Lease:
    """A GPU that was lent.

    Attributes:
        task: id of the function that asked for it.
        seconds: for which it asked.
        idle: whether a worker of this function was at hand.
        pid: of the worker; None before it began.
        ended: "released", "failed", or "" while it works.
    """

    task: int
    seconds: int
    idle: bool
    pid: int | None = None
    ended: str = ""


@dataclass
class Scheduler:
    """What it does, and what it was asked.

    Attributes:
        port: where it answers.
        leases: in their order.
        refused: seconds asked for that were refused.
        quota: seconds that the visitor has left; None for any number.
        runs_left: None for any number.
        busy_seconds: how long a GPU must be waited for; with `times_out` there is none after that.
        times_out: see above.
        down: whether it answers that it is not available.
        started: whether the app has reported its start.
    """

    port: int
    leases: dict[str, Lease] = field(default_factory=dict)
    refused: list[int] = field(default_factory=list)
    quota: int | None = None
    busy_seconds: float = 0.0
    times_out: bool = False
    down: bool = False
    started: bool = False

    def reset(self) -> None:
        """Lends to everybody again, and forgets what it was asked."""
        fresh = Scheduler(self.port)
        for name in ("refused", "quota", "busy_seconds", "times_out", "down"):
            setattr(self, name, getattr(fresh, name))
        self.leases = {token: lease for token, lease in self.leases.items() if not lease.ended}

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def open(self) -> list[Lease]:
        """The leases that have not ended."""
        return [lease for lease in self.leases.values() if not lease.ended]

    def endings(self) -> list[str]:
        """Waits until all leases have ended, ten seconds at most; returns how they ended."""
        for _ in range(100):
            if not self.open:
                break
            time.sleep(0.1)
        return [lease.ended for lease in self.leases.values()]

    def lend(self, task: int, seconds: int) -> dict[str, Any]:
        """Lends the GPU."""
        known = [lease for lease in self.leases.values() if lease.task == task and lease.ended == "released"]
        token = f"token-{len(self.leases)}-{seconds}"
        self.leases[token] = Lease(task, seconds, idle=bool(known), pid=known[-1].pid if known else None)
        return {"idle": bool(known), "nvidiaIndex": 0, "nvidiaUUID": "GPU-0", "allowToken": token}

    def app(self) -> FastAPI:
        """The service."""
        api = FastAPI()

        @api.post("/startup-report")
        def startup() -> dict[str, str]:
            self.started = True
            return {}

        @api.post("/schedule")
        def schedule(taskId: int, durationSeconds: int = 60) -> Response:
            if self.down:
                return JSONResponse({}, status_code=503)
            if self.quota is not None and durationSeconds > self.quota:
                self.refused.append(durationSeconds)
                answer = {"left": self.quota, "wait": "PT2H13M"}
                return JSONResponse(answer, status_code=429, headers={"X-Approve-Result": "quota-exceeded"})
            if self.busy_seconds or self.times_out:
                return StreamingResponse(self._queue(taskId, durationSeconds), media_type="text/event-stream")
            return JSONResponse(self.lend(taskId, durationSeconds))

        @api.post("/allow")
        def allow(allowToken: str, pid: int) -> dict[str, str]:
            self.leases[allowToken].pid = pid
            return {}

        @api.post("/release")
        def release(allowToken: str, fail: bool = False) -> Response:
            lease = self.leases.get(allowToken)
            if lease is None:
                return JSONResponse({}, status_code=404)
            lease.ended = "failed" if fail else "released"
            return JSONResponse({})

        @api.get("/queue-size")
        def queue_size() -> float:
            return float(len(self.open))

        return api

    async def _queue(self, task: int, seconds: int) -> AsyncIterator[str]:
        waited = 0.0
        while waited < self.busy_seconds:
            yield "event: ping\n\n"
            await asyncio.sleep(0.1)
            waited += 0.1
        if self.times_out:
            yield "event: failed\n\n"
        else:
            yield f"event: succeeded\ndata: {json.dumps(self.lend(task, seconds))}\n\n"


@contextmanager
def serving(scheduler: Scheduler) -> Iterator[None]:
    """Answers at its port."""
    server = uvicorn.Server(uvicorn.Config(scheduler.app(), port=scheduler.port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        pass
    yield
    server.should_exit = True
    thread.join()
