"""A Hub on this machine: it answers as the real one does to what huggingface_hub asks when it fetches a file."""

import hashlib
import http.server
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import pytest

RESOLVE = re.compile(r"/(?P<repo>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<file>.+)")


class StandInHub:
    """Serves files over plain HTTP from a thread, and fails as it is told.

    Attributes:
        files: contents by "owner/repo/file"; a file is the same in every revision.
        gated: repositories that ask for consent first.
        revisions: those that exist; all do when it is empty.
        status: an HTTP status that answers everything, when not None.
        cuts: the next downloads end after so many bytes, one entry each; 0 ends them before the first answer.
        asked: (method, path) of every request for a file so far.
        ranges: the Range header of every download so far, "" without one.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.gated: set[str] = set()
        self.revisions: set[str] = set()
        self.status: int | None = None
        self.cuts: list[int] = []
        self.asked: list[tuple[str, str]] = []
        self.ranges: list[str] = []

    def __enter__(self) -> Self:
        handler = type("Handler", (_Handler,), {"hub": self})
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends the server: whoever asks from now on reaches nobody. Nothing happens the second time."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"


@contextmanager
def stand_in_hub(cache: Path) -> Iterator[StandInHub]:
    """A stand-in Hub that this process takes for the real one, with a cache of its own."""
    from huggingface_hub import close_session, constants

    with pytest.MonkeyPatch.context() as patch, StandInHub() as hub:
        # What the library read from HF_ENDPOINT, HF_HOME, HF_HUB_OFFLINE and HF_HUB_DISABLE_XET when it was imported.
        patch.setattr(constants, "ENDPOINT", hub.address)
        patch.setattr(
            constants, "HUGGINGFACE_CO_URL_TEMPLATE", hub.address + "/{repo_id}/resolve/{revision}/{filename}"
        )
        patch.setattr(constants, "HF_HOME", str(cache))
        patch.setattr(constants, "HF_HUB_CACHE", str(cache / "hub"))
        patch.setattr(constants, "HF_HUB_OFFLINE", False)
        patch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        patch.setattr("huggingface_hub.file_download.time.sleep", lambda seconds: None)  # between attempts
        patch.setenv("NO_PROXY", "127.0.0.1")
        patch.setenv("no_proxy", "127.0.0.1")
        close_session()  # one that was opened before may use a proxy
        yield hub
        close_session()


class _Handler(http.server.BaseHTTPRequestHandler):
    hub: StandInHub

    def do_HEAD(self) -> None:
        if self._is_for_a_file():
            self._answer()

    def do_GET(self) -> None:
        if self._is_for_a_file():
            self.hub.ranges.append(self.headers.get("Range", ""))
            cut = self.hub.cuts.pop(0) if self.hub.cuts else None
            if cut != 0:
                self.wfile.write(self._answer()[:cut])

    def _is_for_a_file(self) -> bool:
        """Refuses what else the library may ask about in the background; it tells no test anything."""
        if RESOLVE.fullmatch(self.path):
            self.hub.asked.append((self.command, self.path))
            return True
        self._refuse(404)
        return False

    def _answer(self) -> bytes:
        """Sends the head of the answer; returns its body."""
        found = RESOLVE.fullmatch(self.path)
        assert found
        repo, revision, file = found["repo"], found["revision"], found["file"]
        if self.hub.status:
            return self._refuse(self.hub.status)
        if repo in self.hub.gated:
            return self._refuse(401 if "authorization" not in self.headers else 403, "GatedRepo")
        if not any(name.startswith(f"{repo}/") for name in self.hub.files):
            return self._refuse(404, "RepoNotFound")
        if self.hub.revisions and revision not in self.hub.revisions:
            return self._refuse(404, "RevisionNotFound")
        if f"{repo}/{file}" not in self.hub.files:
            return self._refuse(404, "EntryNotFound")
        content = self.hub.files[f"{repo}/{file}"]
        start = int(re.sub(r"\D", "", self.headers.get("Range", "0")))
        self.send_response(206 if start else 200)
        self.send_header("X-Repo-Commit", revision if re.fullmatch("[0-9a-f]{40}", revision) else "0" * 40)
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("Content-Length", str(len(content) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        return content[start:]

    def _refuse(self, status: int, code: str = "") -> bytes:
        self.send_response(status)
        if code:
            self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()
        return b""

    def log_message(self, *_: object) -> None:
        pass
