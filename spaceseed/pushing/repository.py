"""One commit to a repository on the Hub, with the token of whoever asks for it.

The token is passed on to the Hub and to nothing else. The client's exceptions hold the request, and with it the token,
so they are not chained to ours.
"""

import json
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from huggingface_hub import CommitOperationAdd, HfApi, RepoUrl
from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

from spaceseed.errors import ArgumentError, UploadError
from spaceseed.untrusted import clean_text

Kind = Literal["dataset", "model"]
Content = bytes | Path

_PART = r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,94}[A-Za-z0-9_])?"
REPO_ID = re.compile(rf"(?!.*(?:--|\.\.))(?:{_PART}/)?{_PART}(?<!\.git)")
MAX_TEXT = 20_000_000  # bytes of a file that is read before the commit

_REASONS = {
    401: "the Hub does not accept the token; sign in again",
    403: "this sign-in may not write there; choose another name",
    404: "the Hub has no such place, or this sign-in may not see it",
    409: "somebody is changing it at this moment; try again",
    412: "it was changed in the meantime; try again",
    429: "the Hub has had too many requests; try again in some minutes",
}
_FAULTS = {
    OfflineModeIsEnabled: "HF_HUB_OFFLINE forbids it",
    UnicodeEncodeError: _REASONS[401],  # a token has only ASCII
    json.JSONDecodeError: "the Hub's answer cannot be read; try again later",
}


@dataclass(frozen=True)
class Pushed:
    """A commit on the Hub.

    Attributes:
        repo: "owner/name".
        revision: full hash of the commit.
        url: address of the repository's page.
    """

    repo: str
    revision: str
    url: str


@dataclass(frozen=True)
class Repository:
    """A repository as it is before the commit.

    Attributes:
        name: "owner/name".
        kind: what it holds.
        head: full hash of its last commit; None if it has none.
        sizes: of its files in bytes, by path.
        api: asks the Hub.
    """

    name: str
    kind: Kind
    head: str | None
    sizes: Mapping[str, int]
    api: HfApi

    def read(self, path: str) -> str:
        """Returns the text of a file, "" if there is none. It is not kept in a cache.

        Raises:
            UploadError: the file is too large.
        """
        if path not in self.sizes:
            return ""
        if self.sizes[path] > MAX_TEXT:
            raise UploadError(f"{path} of {self.name} is too large: the limit is {MAX_TEXT // 10**6} MB.")
        with tempfile.TemporaryDirectory() as folder:
            file = self.api.hf_hub_download(self.name, path, repo_type=self.kind, revision=self.head, local_dir=folder)
            return Path(file).read_text(encoding="utf-8", errors="replace")


def check_repo_id(repo_id: str) -> str:
    """Returns "name" or "owner/name" if the Hub allows it.

    Raises:
        ArgumentError: it does not.
    """
    if not isinstance(repo_id, str) or not REPO_ID.fullmatch(repo_id):
        raise ArgumentError(
            "repo_id",
            repo_id,
            'a name, or "owner/name", of at most 96 letters from A to Z, digits, "-", "_" and ".", that does not begin '
            'or end with "-" or ".", has no "--" or "..", and does not end in ".git"',
        )
    return repo_id


def push(
    kind: Kind,
    repo_id: str,
    contents: Callable[[Repository], Mapping[str, Content]],
    message: str,
    *,
    token: str | None,
    private: bool,
) -> Pushed:
    """Adds files to a repository, with one commit. Other files stay as they are.

    Args:
        kind: what the repository holds.
        repo_id: "name", which belongs to the token's owner, or "owner/name". It is created if it does not exist.
        contents: returns the files by path: bytes, or a local file.
        message: of the commit.
        token: of whoever pushes; None for the one that `hf auth login` or HF_TOKEN has left on this machine.
        private: a new repository is seen by its owner alone. One that exists must not be public then.

    Raises:
        ArgumentError: the Hub does not allow this name.
        UploadError: the Hub cannot be reached or refuses, or the repository is public. Nothing is changed then.
    """
    check_repo_id(repo_id)
    try:
        return _push(kind, repo_id, contents, message, HfApi(token=token), private)
    except UploadError:
        raise
    except Exception as error:  # the client and its dependencies raise dozens of types without a common base
        sentence = f"{repo_id} cannot be written: {_reason(error)}."
    raise UploadError(sentence)  # outside of the handler, so that the client's exception is let go


def _push(
    kind: Kind,
    repo_id: str,
    contents: Callable[[Repository], Mapping[str, Content]],
    message: str,
    api: HfApi,
    private: bool,
) -> Pushed:
    url: RepoUrl = api.create_repo(repo_id, repo_type=kind, private=private, exist_ok=True)
    describe = api.dataset_info if kind == "dataset" else api.model_info
    info = describe(url.repo_id, files_metadata=True)
    if private and not info.private:
        raise UploadError(f"{url.repo_id} exists, and is public: choose another name, or push in public.")
    sizes = {sibling.rfilename: sibling.size or 0 for sibling in info.siblings or []}
    repository = Repository(url.repo_id, kind, info.sha, sizes, api)
    additions = [CommitOperationAdd(path, content) for path, content in contents(repository).items()]
    commit = api.create_commit(
        repository.name, additions, commit_message=message, repo_type=kind, parent_commit=repository.head
    )
    return Pushed(repository.name, commit.oid, str(url))


def _reason(error: Exception) -> str:
    """Says in a few words what is wrong."""
    for kind, words in _FAULTS.items():
        if isinstance(error, kind):
            return words
    if not isinstance(error, HfHubHTTPError):
        if isinstance(error, ValueError):  # such as a card that the Hub does not accept
            return clean_text(str(error), 200).rstrip(".")
        return f"the Hub cannot be reached ({type(error).__name__}); try again later"
    status = error.response.status_code
    if status in _REASONS:
        return _REASONS[status]
    if status == 400 and error.server_message:
        return f'the Hub says "{clean_text(error.server_message, 200).rstrip(".")}"'
    return f"the Hub answers with error {status}; try again later"
