"""Serves the app on http://127.0.0.1:7860, or the next free port: `python -m spaceseed.ui`."""

from spaceseed.ui.demo import LAUNCH, build

if __name__ == "__main__":
    build().launch(server_name="127.0.0.1", **LAUNCH)
