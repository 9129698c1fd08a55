"""Files from the Hugging Face Hub. They are downloaded once, checked by sha256, and then read from the cache."""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from huggingface_hub import constants, get_hf_file_metadata, hf_hub_download, hf_hub_url, try_to_load_from_cache
from huggingface_hub.errors import (
    GatedRepoError,
    OfflineModeIsEnabled,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils import get_session, tqdm  # type: ignore[attr-defined]  # exported, as its documentation says

from spaceseed.errors import DownloadError

# Called repeatedly during a download: (bytes received, bytes in total).
ByteProgress = Callable[[int, int], None]

ANSWER_SECONDS = 3.0

_REASONS: dict[type[Exception], str] = {
    GatedRepoError: "its owner asks for consent; accept the terms on its page, and set HF_TOKEN",
    RepositoryNotFoundError: "the Hub has no such repository, or it is private",
    RevisionNotFoundError: "the repository has no such revision",
    RemoteEntryNotFoundError: "the repository has no such file",
    OfflineModeIsEnabled: "the file is not in the cache, and HF_HUB_OFFLINE forbids downloads",
}


def fetch(
    repo: str, file: str, revision: str, sha256: str = "", progress: ByteProgress | None = None
) -> tuple[Path, str]:
    """Returns one file of a model repository, from the local cache or from the Hub.

    A file in the cache needs no request, and so no network. If a file's hash is unknown, the first download is trusted.
    Its hash is then stored, and later files of the same revision must have it.

    Args:
        repo: "owner/name".
        file: path inside the repository.
        revision: full hash of a commit. A branch or a tag is not updated after the first download.
        sha256: hash of the file, hexadecimal; "" if unknown.
        progress: called during the download.

    Returns:
        The file's path in the cache, and its sha256.

    Raises:
        DownloadError: the file cannot be downloaded, or has another sha256; then it is deleted.
    """
    try:
        cached = try_to_load_from_cache(repo, file, revision=revision)
        path = Path(cached) if isinstance(cached, str) else _download(repo, file, revision, progress)
    except Exception as error:  # the client and its dependencies raise dozens of types without a common base
        raise DownloadError(f"{file} of {repo} cannot be downloaded: {_reason(error)}.") from error
    return path, _verify(path, f"{repo}/{file}@{revision}", sha256)


def is_cached(repo: str, file: str, revision: str) -> bool:
    """Returns whether the file is in the cache, so that `fetch` needs no download."""
    return isinstance(try_to_load_from_cache(repo, file, revision=revision), str)


def is_reachable() -> bool:
    """Returns whether the Hub answers quickly; False if HF_HUB_OFFLINE forbids it."""
    try:
        get_session().head(constants.ENDPOINT, timeout=ANSWER_SECONDS)
    except Exception:  # as in `fetch`
        return False
    return True


def file_sha256(path: Path) -> str:
    """Returns the sha256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _download(repo: str, file: str, revision: str, progress: ByteProgress | None) -> Path:
    # Requested first for the size, and because it fails at once; the client would retry for half a minute.
    size = get_hf_file_metadata(hf_hub_url(repo, file, revision=revision)).size or 0
    cache = Path(constants.HF_HUB_CACHE)
    cache.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(cache).free < size:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return Path(hf_hub_download(repo, file, revision=revision, tqdm_class=_bar(progress, size)))


def _bar(progress: ByteProgress | None, total: int) -> type[tqdm]:
    """Returns a progress bar that shows nothing and calls `progress` instead."""
    furthest = 0

    class Bar(tqdm):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **{**kwargs, "disable": True})

        def update(self, n: float | None = 1) -> None:
            # The client may use two bars for one download, or start again, so the maximum is what has arrived.
            nonlocal furthest
            self.n += n or 0
            if progress and self.n > furthest:
                furthest = int(self.n)
                progress(furthest, max(total, furthest))

    return Bar


def _verify(path: Path, name: str, sha256: str) -> str:
    """Compares a cached file with its known or stored hash. Returns its hash.

    Hashing a large file takes most of a second, so a file whose size and time are unchanged is not hashed again.
    """
    ledger = Path(constants.HF_HOME) / "spaceseed" / f"{hashlib.sha256(name.encode()).hexdigest()}.json"
    record: dict[str, Any] = {}
    with suppress(OSError, ValueError):  # missing or damaged
        record = json.loads(ledger.read_text())
    expected = sha256 or record.get("sha256")
    stamp = [path.stat().st_size, path.stat().st_mtime_ns]
    if expected and record == {"file": name, "sha256": expected, "stamp": stamp}:
        return expected
    actual = file_sha256(path)
    if expected and actual != expected:
        path.resolve().unlink(missing_ok=True)  # `path` is a link to it
        path.unlink(missing_ok=True)
        raise DownloadError(f"{name} was deleted, because it has the wrong sha256: {actual}.")
    with suppress(OSError):  # the cache may be read-only
        ledger.parent.mkdir(parents=True, exist_ok=True)
        draft = ledger.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps({"file": name, "sha256": actual, "stamp": stamp}))
        draft.replace(ledger)
    return actual


def _reason(error: Exception) -> str:
    for kind, reason in _REASONS.items():
        if isinstance(error, kind):
            return reason
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status in {401, 403}:
        return f"the Hub refuses access ({status}); set HF_TOKEN to a token that may read it"
    if status:
        return f"the Hub answers with error {status}; try again later"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[:1].lower() + error.strerror[1:]
    if isinstance(error, ValueError):
        return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
    return f"the connection to the Hub failed ({type(error).__name__}); try again later"
