import errno
import hashlib
import json
import logging
import os
import shutil
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from huggingface_hub import constants, file_download
from huggingface_hub.utils._xet_progress_reporting import XetDownloadProgressReporter

from spaceseed.errors import DownloadError
from spaceseed.models import hub as hub_files
from spaceseed.models.hub import fetch, file_sha256, is_reachable
from tests.hub import stand_in_hub

REPO, FILE, COMMIT = "someone/gan", "weights/g.bin", "a" * 40
CONTENT = bytes(range(256)) * 400  # ~100 kB
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def hub(tmp_path):
    with stand_in_hub(tmp_path / "cache") as hub:
        hub.files[f"{REPO}/{FILE}"] = CONTENT
        yield hub


def blobs():
    return [path for path in Path(constants.HF_HUB_CACHE).rglob("*") if path.parent.name == "blobs"]


def refusal(**arguments):
    """Returns the message of a failed download, and checks that nothing is left in the cache."""
    with pytest.raises(DownloadError) as caught:
        fetch(**{"repo": REPO, "file": FILE, "revision": COMMIT} | arguments)
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert not blobs()
    return sentence


@pytest.mark.parametrize("sha256", ["", SHA256])
@pytest.mark.parametrize("revision", [COMMIT, "main"])
def test_a_first_download_arrives_whole(hub, sha256, revision):
    told = []
    path, actual = fetch(REPO, FILE, revision, sha256, lambda *step: told.append(step))
    assert path.read_bytes() == CONTENT
    assert actual == SHA256
    assert told == sorted(set(told))
    assert told[-1] == (len(CONTENT), len(CONTENT))


@pytest.mark.parametrize("sha256", ["", SHA256])
@pytest.mark.parametrize("revision", [COMMIT, "main"])
def test_what_is_cached_needs_no_request(hub, sha256, revision):
    first = fetch(REPO, FILE, revision, sha256)
    asked = list(hub.asked)
    assert fetch(REPO, FILE, revision, sha256) == first
    assert hub.asked == asked
    hub.stop()
    assert fetch(REPO, FILE, revision, sha256) == first


def test_offline_mode_uses_the_cache_alone(hub, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert "HF_HUB_OFFLINE" in refusal()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    first = fetch(REPO, FILE, COMMIT)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert fetch(REPO, FILE, COMMIT) == first


def test_an_unchanged_file_is_hashed_once(hub, monkeypatch):
    hashed = []
    monkeypatch.setattr(hub_files, "file_sha256", lambda path: hashed.append(path) or file_sha256(path))
    path, _ = fetch(REPO, FILE, COMMIT)
    fetch(REPO, FILE, COMMIT)
    fetch(REPO, FILE, COMMIT, SHA256)
    assert len(hashed) == 1
    os.utime(path, ns=(1, 1))
    fetch(REPO, FILE, COMMIT)
    assert len(hashed) == 2


def test_a_wrong_hash_deletes_the_file(hub):
    assert SHA256 in refusal(sha256="0" * 64)
    assert fetch(REPO, FILE, COMMIT, SHA256)[1] == SHA256


def test_a_cached_file_that_was_damaged_is_deleted_and_fetched_anew(hub):
    path, _ = fetch(REPO, FILE, COMMIT)
    path.write_bytes(b"damaged")
    refusal()
    assert fetch(REPO, FILE, COMMIT)[0].read_bytes() == CONTENT


@pytest.mark.parametrize("revision", [COMMIT, "main"])
def test_a_file_that_differs_from_the_first_download_is_refused(hub, revision):
    fetch(REPO, FILE, revision)
    shutil.rmtree(constants.HF_HUB_CACHE)
    hub.files[f"{REPO}/{FILE}"] = b"another network"
    for _ in range(2):
        assert "has the wrong sha256" in refusal(revision=revision)


def test_a_known_hash_wins_over_the_stored_one(hub):
    fetch(REPO, FILE, COMMIT)
    assert SHA256 in refusal(sha256="0" * 64)


def test_a_damaged_ledger_is_written_anew(hub):
    fetch(REPO, FILE, COMMIT)
    (ledger,) = (Path(constants.HF_HOME) / "spaceseed").iterdir()
    written = json.loads(ledger.read_text())
    assert written["file"] == f"{REPO}/{FILE}@{COMMIT}"
    ledger.write_text("{")
    assert fetch(REPO, FILE, COMMIT)[1] == SHA256
    assert json.loads(ledger.read_text()) == written


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"file": "none.bin"}, "no such file"),
        ({"repo": "someone/else"}, "no such repository"),
        ({"revision": "b" * 40}, "no such revision"),
        ({"repo": "some one/gan"}, "Repo id must"),
        ({"file": "../../g.bin"}, "."),
    ],
)
def test_what_does_not_exist_is_said(hub, arguments, reason):
    hub.revisions = {COMMIT}
    assert reason in refusal(**arguments)


def test_a_gated_repository_says_what_to_do(hub):
    hub.gated.add(REPO)
    assert "HF_TOKEN" in refusal()


@pytest.mark.parametrize("status", [403, 404, 429, 500, 503])
def test_after_an_error_of_the_hub_the_next_attempt_may_succeed(hub, status):
    hub.status = status
    assert str(status) in refusal()
    assert len(hub.asked) == 1  # visitors do not wait for retries
    hub.status = None
    assert fetch(REPO, FILE, COMMIT)[1] == SHA256


def test_a_download_that_is_cut_goes_on_where_it_ended(hub, monkeypatch):
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 1000)  # bytes that are written at once; 10 MB by default
    hub.cuts = [1000, 0, 70_000]
    told = []
    path, _ = fetch(REPO, FILE, COMMIT, SHA256, lambda *step: told.append(step))
    assert path.read_bytes() == CONTENT
    assert hub.ranges == ["", "bytes=1000-", "bytes=1000-", "bytes=71000-"]
    assert told == sorted(set(told))
    assert told[-1] == (len(CONTENT), len(CONTENT))


def test_progress_is_told_of_xet_downloads_too():
    # The real Hub serves large files with its own protocol, which shows two bars: bytes written and bytes received.
    told = []
    bar = hub_files._bar(lambda *step: told.append(step), 100)
    with XetDownloadProgressReporter(
        reconstruction_desc="", transfer_desc="", total=100, log_level=logging.INFO, name="xet", tqdm_class=bar
    ) as reporter:
        for written, received in [(0, 30), (40, 35), (40, 60), (100, 90)]:
            reporter.update_progress(
                SimpleNamespace(
                    total_bytes=100,
                    total_bytes_completed=written,
                    total_bytes_completion_rate=1.0,
                    total_transfer_bytes_completed=received,
                    total_transfer_bytes_completion_rate=1.0,
                )
            )
    assert told == [(30, 100), (40, 100), (60, 100), (100, 100)]


def test_a_connection_that_stays_cut_is_given_up(hub):
    hub.cuts = [1000] + [0] * 10
    assert "connection" in refusal(sha256=SHA256)
    hub.cuts = []
    assert fetch(REPO, FILE, COMMIT, SHA256)[0].read_bytes() == CONTENT


def test_whether_the_hub_answers(hub, monkeypatch):
    assert is_reachable()
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    assert not is_reachable()


def test_no_network_is_said(hub):
    hub.stop()
    assert "connection" in refusal()


def test_a_disk_without_room_is_found_before_the_download(hub, monkeypatch):
    free = SimpleNamespace(free=len(CONTENT) - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: free)
    assert "no space left" in refusal()
    assert {method for method, _ in hub.asked} == {"HEAD"}
    free.free += 1
    assert fetch(REPO, FILE, COMMIT)[1] == SHA256


def test_a_disk_that_fills_up_meanwhile_is_said(hub, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(file_download, "http_get", full)
        assert "no space left" in refusal()
    assert fetch(REPO, FILE, COMMIT)[1] == SHA256


def test_a_cache_that_cannot_be_written_to_still_serves(hub, monkeypatch):
    path, _ = fetch(REPO, FILE, COMMIT)
    shutil.rmtree(Path(constants.HF_HOME) / "spaceseed")
    (Path(constants.HF_HOME) / "spaceseed").touch()  # no folder can be created there, not even by root
    assert fetch(REPO, FILE, COMMIT, SHA256) == (path, SHA256)


def test_threads_may_fetch_the_same_file(hub):
    results = []
    threads = [threading.Thread(target=lambda: results.append(fetch(REPO, FILE, COMMIT))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    assert len(set(results)) == 1
    assert results[0][0].read_bytes() == CONTENT
