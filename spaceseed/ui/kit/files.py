"""Files on their way to the browser."""

import os
import shutil
import tempfile
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from gradio.data_classes import FileData, FileDataDict
from gradio.processing_utils import hash_file
from gradio.utils import get_upload_folder

from spaceseed.ui.kit.templates import read

# Of this process alone: an app that ends deletes its files, and another one may show the same pictures.
FOLDER = uuid.uuid4().hex


def served(name: str, write: Callable[[Path], object]) -> str:
    """Puts a file where the browser may fetch it, at an address that follows from its content.

    The file is complete as soon as its path exists, and is never changed: browsers may read it at any time.

    Args:
        name: of the file.
        write: writes it to the path that it is given, which ends in `name`.

    Returns:
        the file's path.
    """
    cache = Path(get_upload_folder()) / FOLDER
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        draft = Path(folder) / name
        write(draft)
        # Not `save_file_to_cache`, which takes the vowels out of names in some scripts.
        path = cache / hash_file(draft) / name
        if not still_served(str(path)):
            path.parent.mkdir(exist_ok=True)
            draft.replace(path)
        return str(path)


def still_served(path: str | None) -> bool:
    """Returns whether a file that was served before is still there; if so it is kept for as long as a new one."""
    try:
        os.utime(path or "")
    except FileNotFoundError:
        return False
    return True


def forget(path: str) -> None:
    """Deletes a file that a visitor has uploaded, and its folder; nothing that this app serves."""
    file, uploads = Path(path).resolve(), Path(get_upload_folder()).resolve()
    if uploads not in file.parents or file.is_relative_to(uploads / FOLDER):
        return
    file.unlink(missing_ok=True)
    with suppress(OSError):  # another file may be in it
        file.parent.rmdir()


def hold(path: str) -> str:
    """Returns the path of a copy of an upload that stays when another place of the app forgets the same picture."""
    return served(Path(path).name, lambda draft: shutil.copyfile(path, draft))


def linked(path: str) -> FileDataDict:
    """Returns a path as the value of a `gr.HTML` may hold it: Gradio adds its `url` when it sends it."""
    return FileData(path=path).model_dump()  # type: ignore[return-value]


def press(elem_id: str) -> str:
    """Returns the script that presses a hidden download button, once Gradio has given it its file."""
    return read(Path(__file__).with_name("press.js"), SELECTOR=f"#{elem_id} a, #{elem_id}")
