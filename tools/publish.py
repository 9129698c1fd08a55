"""Publishes the committed files as a Space on the Hub: `make space SPACE=owner/name`.

The Hub refuses binary files in a `git push`. An upload through its API accepts them.
"""

import argparse
import io
import subprocess
import sys
import tarfile
import tempfile

from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError

# What a Space runs and shows. Tests, benchmarks and tools are not published.
PARTS = ("app.py", "pre-requirements.txt", "requirements.txt", "README.md", "LICENSE", "docs", "examples", "spaceseed")


def publish(space: str) -> str:
    """Makes the Space equal to the last commit, with one new commit. Returns its address.

    Args:
        space: "owner/name"; created if it does not exist. Needs a token from `hf auth login` or in HF_TOKEN.

    Raises:
        HFValidationError: the Hub does not allow this name.
        HfHubHTTPError: the Hub refuses the request.
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
            delete_patterns="*",  # files that this version no longer has
        )
    return str(address)


def _git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], check=True, capture_output=True).stdout  # noqa: S603, S607


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(prog="make space", description="Publishes the committed files as a Space.")
    parser.add_argument("space", help="owner/name")
    if _git("status", "--porcelain"):
        print("Uncommitted changes are not published.", file=sys.stderr)
    try:
        print(publish(parser.parse_args().space))
    except Exception as error:  # the client and its dependencies raise dozens of types without a common base
        refused = isinstance(error, HfHubHTTPError) and error.response.status_code in (401, 403)
        hint = " `hf auth login` stores a token; it needs write access to this Space." if refused else ""
        sys.exit(f"The Space was not published: {error}{hint}")


if __name__ == "__main__":
    main()
