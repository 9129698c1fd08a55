"""What an app can do only where it runs as a Space."""

import os
from importlib.util import find_spec

from gradio.utils import get_space


def is_space() -> bool:
    """Returns whether this is a Space on the Hub."""
    return get_space() is not None


def has_sign_in() -> bool:
    """Returns whether visitors can sign in: on a Space whose README.md says `hf_oauth: true`.

    Gradio also needs two packages for it, which come with a Gradio Space; without them the app could not start.
    """
    return is_space() and "OAUTH_CLIENT_ID" in os.environ and all(map(find_spec, ("authlib", "itsdangerous")))
