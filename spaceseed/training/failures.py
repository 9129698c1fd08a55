"""How the commands say that something went wrong."""

import sys

from spaceseed.errors import ArgumentError, CheckpointError, DataError, DownloadError, TrainingError

EXPECTED = (ArgumentError, CheckpointError, DataError, DownloadError, OSError, TrainingError)


def tell(error: Exception) -> int:
    """Prints why a command could not begin or go on, in a sentence.

    Args:
        error: one of `EXPECTED`.

    Returns:
        the exit status: 1 if a loss or a weight was not finite, else 2.
    """
    sentence = str(error)
    if isinstance(error, OSError) and not isinstance(error, DownloadError):
        sentence = f"{error.filename} cannot be used: {error.strerror}."
    print(f"error: {sentence}", file=sys.stderr)
    return 1 if isinstance(error, TrainingError) else 2
