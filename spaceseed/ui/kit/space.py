"""What an app can do only where it runs as a Space."""

import os

from gradio.utils import get_space


def is_space() -> bool:
    """Returns whether this is a Space on the Hub."""
    return get_space() is not None


def has_sign_in() -> bool:
    """Returns whether visitors can sign in: on a Space whose README.md says `hf_oauth: true`."""
    return is_space() and "OAUTH_CLIENT_ID" in os.environ
