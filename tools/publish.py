"""Publishes what is committed as a Space on the Hub: `make space SPACE=owner/name`.

The Hub refuses a `git push` of binary files, in any commit; an upload through its API takes them.
"""

import argparse
import io
import subprocess
import sys
import tarfile
import tempfile

from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError

# What a Space runs and shows; tests, benchmarks and what trains networks stay at home.
PARTS = ("app.py", "pre-requirements.txt", "requirements.txt", "README.md", "LICENSE", "docs", "examples", "spaceseed")


def publish(space: str) -> str:
    """Makes the Space the same as the last commit, in one commit of its own; returns its address.

    Args:
        space: "owner/name"; created if there is none. Needs a token, as `hf auth login` keeps it, or in HF_TOKEN.

    Raises:
        HFValidationError: the name is none that the Hub allows.
        HfHubHTTPError: the Hub refuses.
    """
    api = HfApi()
    revision = _git("rev-parse", "--short", "HEAD").decode().strip()
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(_git("archive", "HEAD", *PARTS))) as archive:
            archive.extractall(folder, filter="data")
        address = api.create_repo(space, repo_type="space", space_sdk="gradio", exist_ok=True)
        api.upload_folder(
            repo_id=space,
            repo_type="space",
            folder_path=folder,
            commit_message=f"Publish {revision}",
            delete_patterns="*",  # what an earlier version had and this one has not
        )
    return str(address)


def _git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], check=True, capture_output=True).stdout  # noqa: S603, S607


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(prog="make space", description="Publishes what is committed as a Space.")
    parser.add_argument("space", help="owner/name")
    if _git("status", "--porcelain"):
        print("Changes that are not committed are not published.", file=sys.stderr)
    try:
        print(publish(parser.parse_args().space))
    except Exception as error:  # the client and what lies below it raise dozens of kinds, with no base in common
        refused = isinstance(error, HfHubHTTPError) and error.response.status_code in (401, 403)
        hint = " `hf auth login` takes a token that may write to this Space." if refused else ""
        sys.exit(f"The Space was not published: {error}{hint}")


if __name__ == "__main__":
    main()
