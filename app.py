"""The Space's entry: `python app.py` serves the app on http://127.0.0.1:7860."""

import os

from spaceseed.ui.demo import LAUNCH, build

demo = build()

if __name__ == "__main__":
    # A Space chooses address and port itself; elsewhere the app is for this machine alone.
    where = {} if os.getenv("SYSTEM") == "spaces" else {"server_name": "127.0.0.1", "server_port": 7860}
    demo.launch(**where, **LAUNCH)
