"""A stand-in for the Hub on this machine. It answers huggingface_hub's requests as the real one does."""

import base64
import hashlib
import http.server
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import pytest

RESOLVE = re.compile(r"/(?P<repo>(?:(?:datasets|spaces)/)?[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<file>.+)")
API = re.compile(r"/api/(?P<kind>models|datasets|spaces)/(?P<repo>[^/]+/[^/?]+)(?:/(?P<what>\w+)/.+)?(?:\?.*)?")
# Files that the Hub accepts only through LFS. It refuses them in an ordinary commit.
BINARY = (".png", ".safetensors", ".gz", ".npz")


class StandInHub:
    """Serves files over plain HTTP from a thread, and can simulate failures.

    A repository is named "owner/repo" if it is a model, else "datasets/owner/repo" or "spaces/owner/repo".

    Attributes:
        files: contents by "REPOSITORY/file"; a file is the same in every revision.
        gated: repositories that require consent.
        revisions: the revisions that exist; all if it is empty.
        status: an HTTP status for all answers, unless None.
        cuts: numbers of bytes after which the next downloads end, one for each; 0 ends before the first answer.
        asked: (method, path) of every request for a file so far.
        ranges: the Range header of every download so far, "" if it had none.
        heads: the last commit of each repository that was created.
        private: the repositories that only their owners see.
        users: names by token. Anybody is "me" and may write anywhere, unless there are some.
        locked: repositories in which nobody may write.
        requests: (method, path, Authorization header) of every request so far that is not for a file.
        commits: the message of each commit.
        busy: what to do just before the next commit, such as another commit.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.gated: set[str] = set()
        self.revisions: set[str] = set()
        self.status: int | None = None
        self.cuts: list[int] = []
        self.asked: list[tuple[str, str]] = []
        self.ranges: list[str] = []
        self.heads: dict[str, str] = {}
        self.private: set[str] = set()
        self.users: dict[str, str] = {}
        self.locked: set[str] = set()
        self.requests: list[tuple[str, str, str]] = []
        self.commits: list[str] = []
        self.busy: Callable[[], object] = lambda: None

    def create(self, repo: str, *, private: bool = False) -> None:
        """Creates a repository, with the file that each has from the beginning."""
        self.files[f"{repo}/.gitattributes"] = b""
        self.heads[repo] = "0" * 40
        if private:
            self.private.add(repo)

    def contents(self, repo: str) -> dict[str, bytes]:
        """Returns the files of a repository by path."""
        return {
            name.removeprefix(f"{repo}/"): content
            for name, content in self.files.items()
            if name.startswith(f"{repo}/")
        }

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
        """Creates a repository, answers how each file must be uploaded, and accepts a commit."""
        body = self._body()
        self._note()
        if self.hub.status:
            self._refuse(self.hub.status)
        elif self._user() is None:
            self._refuse(401)
        elif self.path == "/api/repos/create":
            self._create(json.loads(body))
        elif self.path.endswith("/info/lfs/objects/batch"):
            actions = [
                item | {"actions": {"upload": {"href": f"{self.hub.address}/lfs/{item['oid']}"}}}
                for item in json.loads(body)["objects"]
            ]
            self._tell({"transfer": "basic", "objects": actions})
        elif self.path == "/api/validate-yaml":
            self._tell({})
        else:
            self._write(body)

    def _create(self, asked: dict[str, Any]) -> None:
        user, kind = self._user(), asked.get("type", "model")
        owner = asked["organization"] or user
        repo = f"{owner}/{asked['name']}" if kind == "model" else f"{kind}s/{owner}/{asked['name']}"
        assert (kind == "space") == (asked.get("sdk") == "gradio")
        if self.hub.users and owner != user:
            self._refuse(403)
        elif repo in self.hub.heads:
            self._tell({"error": "You already created it", "url": f"{self.hub.address}/{repo}"}, 409)
        else:
            self.hub.create(repo, private=asked.get("visibility") == "private")
            self._tell({"url": f"{self.hub.address}/{repo}"})

    def _write(self, body: bytes) -> None:
        """Answers a request of a commit."""
        asked = API.fullmatch(self.path)
        assert asked, self.path
        repo = self._repo(asked)
        if repo in self.hub.locked or (self.hub.users and asked["repo"].split("/")[0] != self._user()):
            self._refuse(403)
        elif asked["what"] == "preupload":
            modes = [
                {"path": file["path"], "uploadMode": "lfs" if file["path"].endswith(BINARY) else "regular"}
                for file in json.loads(body)["files"]
            ]
            self._tell({"files": [mode | {"shouldIgnore": False} for mode in modes]})
        else:
            self.hub.busy()
            self._commit(repo, [json.loads(line) for line in body.splitlines()])

    def _commit(self, repo: str, lines: list[dict[str, Any]]) -> None:
        header = lines[0]["value"]
        if header.get("parentCommit", self.hub.heads[repo]) != self.hub.heads[repo]:
            self._refuse(412)
            return
        self.hub.commits.append(header["summary"])
        for line in lines[1:]:
            value = line["value"]
            name = f"{repo}/{value['path']}"
            if line["key"] == "deletedFile":
                del self.hub.files[name]
            elif line["key"] == "lfsFile":
                self.hub.files[name] = self.uploads[value["oid"]]
            else:
                self.hub.files[name] = base64.b64decode(value["content"])
        head = self.hub.heads[repo] = f"{len(self.hub.commits):040x}"
        self._tell({"commitUrl": f"{self.hub.address}/{repo}/commit/{head}", "commitOid": head})

    @staticmethod
    def _repo(asked: re.Match[str]) -> str:
        return asked["repo"] if asked["kind"] == "models" else f"{asked['kind']}/{asked['repo']}"

    def _user(self) -> str | None:
        """Returns the name of who asks; None if the token is not known."""
        if not self.hub.users:
            return "me"
        return self.hub.users.get(self.headers.get("Authorization", "").removeprefix("Bearer "))

    def _note(self) -> None:
        self.hub.requests.append((self.command, self.path, self.headers.get("Authorization", "")))

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _tell(self, answer: object, status: int = 200) -> None:
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self) -> None:
        asked = API.fullmatch(self.path)
        if asked and self._repo(asked) in self.hub.heads:
            self._note()
            self._describe(asked)
        elif self._is_for_a_file():
            self.hub.ranges.append(self.headers.get("Range", ""))
            cut = self.hub.cuts.pop(0) if self.hub.cuts else None
            if cut != 0:
                self.wfile.write(self._answer()[:cut])

    def _describe(self, asked: re.Match[str]) -> None:
        """Answers what is in a repository."""
        repo = self._repo(asked)
        files = self.hub.contents(repo)
        if asked["what"] == "tree":
            self._tell([{"type": "file", "path": path, "size": 0, "oid": ""} for path in files])
        elif repo in self.hub.private and self._user() != asked["repo"].split("/")[0]:
            self._refuse(401, "RepoNotFound")
        else:
            siblings = [{"rfilename": path, "size": len(content)} for path, content in files.items()]
            about = {"id": asked["repo"], "sha": self.hub.heads[repo], "private": repo in self.hub.private}
            self._tell(about | {"siblings": siblings, "tags": [], "downloads": 0, "likes": 0})

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
