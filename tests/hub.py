"""A stand-in for the Hub on this machine. It answers huggingface_hub's requests as the real one does."""

import base64
import hashlib
import http.server
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import pytest

RESOLVE = re.compile(r"/(?P<repo>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<file>.+)")
# Files that the Hub accepts only through LFS. It refuses them in an ordinary commit.
BINARY = (".png", ".safetensors", ".gz", ".npz")


class StandInHub:
    """Serves files over plain HTTP from a thread, and can simulate failures.

    Attributes:
        files: contents by "owner/repo/file"; a file is the same in every revision.
        gated: repositories that require consent.
        revisions: the revisions that exist; all if it is empty.
        status: an HTTP status for all answers, unless None.
        cuts: numbers of bytes after which the next downloads end, one for each; 0 ends before the first answer.
        asked: (method, path) of every request for a file so far.
        ranges: the Range header of every download so far, "" if it had none.
        space: contents of the only Space by path, after the last commit.
        commits: the message of each commit to the Space.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.gated: set[str] = set()
        self.revisions: set[str] = set()
        self.status: int | None = None
        self.cuts: list[int] = []
        self.asked: list[tuple[str, str]] = []
        self.ranges: list[str] = []
        self.space: dict[str, bytes] = {}
        self.commits: list[str] = []

    def __enter__(self) -> Self:
        handler = type("Handler", (_Handler,), {"hub": self, "uploads": {}})
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Stops the server. Later requests fail to connect. A second call does nothing."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"


@contextmanager
def stand_in_hub(cache: Path) -> Iterator[StandInHub]:
    """Starts a stand-in Hub that replaces the real one in this process, with its own cache."""
    from huggingface_hub import close_session, constants

    with pytest.MonkeyPatch.context() as patch, StandInHub() as hub:
        # The library read these from HF_ENDPOINT, HF_HOME, HF_HUB_OFFLINE and HF_HUB_DISABLE_XET when imported.
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
        close_session()  # an existing one may use a proxy
        yield hub
        close_session()


class _Handler(http.server.BaseHTTPRequestHandler):
    hub: StandInHub
    uploads: dict[str, bytes]

    def do_HEAD(self) -> None:
        if self._is_for_a_file():
            self._answer()

    def do_PUT(self) -> None:
        """Receives an LFS file, at the address of its sha256."""
        content = self._body()
        assert hashlib.sha256(content).hexdigest() == self.path.removeprefix("/lfs/")
        self.uploads[self.path.removeprefix("/lfs/")] = content
        self._tell({})

    def do_POST(self) -> None:
        """Creates a Space, answers how each file must be uploaded, and accepts a commit."""
        body = self._body()
        if self.hub.status:
            self._refuse(self.hub.status)
        elif self.path == "/api/repos/create":
            asked = json.loads(body)
            assert (asked["type"], asked["sdk"]) == ("space", "gradio")
            self._tell({"url": f"{self.hub.address}/spaces/{asked['organization']}/{asked['name']}"})
        elif "/preupload/" in self.path:
            modes = [
                {"path": file["path"], "uploadMode": "lfs" if file["path"].endswith(BINARY) else "regular"}
                for file in json.loads(body)["files"]
            ]
            self._tell({"files": [mode | {"shouldIgnore": False} for mode in modes]})
        elif self.path.endswith("/info/lfs/objects/batch"):
            actions = [
                item | {"actions": {"upload": {"href": f"{self.hub.address}/lfs/{item['oid']}"}}}
                for item in json.loads(body)["objects"]
            ]
            self._tell({"transfer": "basic", "objects": actions})
        elif "/commit/" in self.path:
            self._commit([json.loads(line) for line in body.splitlines()])
            self._tell({"commitUrl": f"{self.hub.address}/spaces/me/seeds/commit/1", "commitOid": "1" * 40})
        else:
            self._tell({})

    def _commit(self, lines: list[dict[str, Any]]) -> None:
        for line in lines:
            value = line["value"]
            if line["key"] == "header":
                self.hub.commits.append(value["summary"])
            elif line["key"] == "deletedFile":
                del self.hub.space[value["path"]]
            elif line["key"] == "lfsFile":
                self.hub.space[value["path"]] = self.uploads[value["oid"]]
            else:
                self.hub.space[value["path"]] = base64.b64decode(value["content"])

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _tell(self, answer: object) -> None:
        content = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self) -> None:
        if "/tree/" in self.path:
            self._tell([{"type": "file", "path": path, "size": 0, "oid": ""} for path in self.hub.space])
        elif self._is_for_a_file():
            self.hub.ranges.append(self.headers.get("Range", ""))
            cut = self.hub.cuts.pop(0) if self.hub.cuts else None
            if cut != 0:
                self.wfile.write(self._answer()[:cut])

    def _is_for_a_file(self) -> bool:
        """Returns whether a request is for a file. The library's background requests are refused and not recorded."""
        if RESOLVE.fullmatch(self.path):
            self.hub.asked.append((self.command, self.path))
            return True
        self._refuse(404)
        return False

    def _answer(self) -> bytes:
        """Sends the headers of the answer. Returns its body."""
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
