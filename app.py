"""The Space's entry: `python app.py` serves the app on http://127.0.0.1:7860, or the next free port."""

import os

# Large images come and go in memory fresh from the system; in large pages, which torch then asks for, it costs half.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")

# isort: split
from spaceseed.ui.demo import LAUNCH, build

demo = build()

if __name__ == "__main__":
    # A Space chooses its address itself; elsewhere the app is for this machine alone.
    demo.launch(server_name=None if os.getenv("SYSTEM") == "spaces" else "127.0.0.1", **LAUNCH)
