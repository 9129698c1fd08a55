"""Files from the Hugging Face Hub: fetched once, checked by sha256, and read from the cache ever after."""

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

# Told again and again while a file arrives: (bytes that are here, bytes in all).
ByteProgress = Callable[[int, int], None]

ANSWER_SECONDS = 3.0

_REASONS: dict[type[Exception], str] = {
    GatedRepoError: "its owner asks for consent first; accept the terms on its page and set HF_TOKEN",
    RepositoryNotFoundError: "the Hub has no such repository, or it is private",
    RevisionNotFoundError: "the repository has no such revision",
    RemoteEntryNotFoundError: "the repository has no such file",
    OfflineModeIsEnabled: "the file is not in the cache, and HF_HUB_OFFLINE forbids asking the Hub",
}


def fetch(
    repo: str, file: str, revision: str, sha256: str = "", progress: ByteProgress | None = None
) -> tuple[Path, str]:
    """Brings one file of a model repository into the local cache.

    What is in the cache is used without a request, so it needs no network. A file whose hash is not known beforehand
    is trusted the first time; its hash is written down and every later file of the same revision must have it.

    Args:
        repo: "owner/name".
        file: path inside the repository.
        revision: a commit's full hash. A branch or a tag stays at what was fetched first.
        sha256: of the file, hexadecimal; "" if not known.
        progress: told how far the download is.

    Returns:
        the file's path in the cache, and its sha256.

    Raises:
        DownloadError: the file cannot be had, and why; or it has another sha256, in which case it is deleted.
    """
    try:
        cached = try_to_load_from_cache(repo, file, revision=revision)
        path = Path(cached) if isinstance(cached, str) else _download(repo, file, revision, progress)
    except Exception as error:  # the client and what lies below it raise dozens of kinds, with no base in common
        raise DownloadError(f"{file} of {repo} cannot be downloaded: {_reason(error)}.") from error
    return path, _verify(path, f"{repo}/{file}@{revision}", sha256)


def is_cached(repo: str, file: str, revision: str) -> bool:
    """Tells whether `fetch` needs no download for this file."""
    return isinstance(try_to_load_from_cache(repo, file, revision=revision), str)


def is_reachable() -> bool:
    """Tells whether the Hub answers at all, and soon; False where HF_HUB_OFFLINE forbids asking it."""
    try:
        get_session().head(constants.ENDPOINT, timeout=ANSWER_SECONDS)
    except Exception:  # as in `fetch`
        return False
    return True


def file_sha256(path: Path) -> str:
    """Returns the sha256 of a file's bytes, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _download(repo: str, file: str, revision: str, progress: ByteProgress | None) -> Path:
    # Asked first, because it fails at once where the client would try again for half a minute; and for the size.
    size = get_hf_file_metadata(hf_hub_url(repo, file, revision=revision)).size or 0
    cache = Path(constants.HF_HUB_CACHE)
    cache.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(cache).free < size:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return Path(hf_hub_download(repo, file, revision=revision, tqdm_class=_bar(progress, size)))


def _bar(progress: ByteProgress | None, total: int) -> type[tqdm]:
    """Returns a progress bar that draws nothing and tells `progress` instead."""
    furthest = 0

    class Bar(tqdm):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **{**kwargs, "disable": True})

        def update(self, n: float | None = 1) -> None:
            # The client may show one download as two bars, or start anew: the furthest of all is what has arrived.
            nonlocal furthest
            self.n += n or 0
            if progress and self.n > furthest:
                furthest = int(self.n)
                progress(furthest, max(total, furthest))

    return Bar


def _verify(path: Path, name: str, sha256: str) -> str:
    """Compares a cached file with the hash that is known or was written down; returns its hash.

    A large file takes most of a second to hash, so one whose size and time have not changed is not hashed again.
    """
    ledger = Path(constants.HF_HOME) / "spaceseed" / f"{hashlib.sha256(name.encode()).hexdigest()}.json"
    record: dict[str, Any] = {}
    with suppress(OSError, ValueError):  # none yet, or damaged
        record = json.loads(ledger.read_text())
    expected = sha256 or record.get("sha256")
    stamp = [path.stat().st_size, path.stat().st_mtime_ns]
    if expected and record == {"file": name, "sha256": expected, "stamp": stamp}:
        return expected
    actual = file_sha256(path)
    if expected and actual != expected:
        path.resolve().unlink(missing_ok=True)  # the cache links to its contents
        path.unlink(missing_ok=True)
        raise DownloadError(f"{name} is not the file it should be, so it was deleted: its sha256 is {actual}.")
    with suppress(OSError):  # a cache that cannot be written to still serves
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
