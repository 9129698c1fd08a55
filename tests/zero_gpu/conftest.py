"""The tests of this folder run in a process that plays a ZeroGPU Space (test_a_space.py).

Those in a browser run as all others do, and visit such a process.
"""

import base64
import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from starlette.datastructures import Headers

from tests.conftest import free_port
from tests.zero_gpu.cuda import install, is_on
from tests.zero_gpu.scheduler import Scheduler, serving

HERE = Path(__file__).parent
OUTSIDE = ["test_a_space.py", *(file.name for file in HERE.glob("test_*_in_a_browser.py"))]
ALL = [file.name for file in HERE.glob("test_*.py")]
collect_ignore = OUTSIDE if is_on() else [name for name in ALL if name not in OUTSIDE]
SCHEDULER = Scheduler(free_port())

if is_on():
    os.environ["SPACES_ZERO_DEVICE_API_URL"] = SCHEDULER.url
    install()


@pytest.fixture(scope="session")
def service():
    """The scheduler, for all tests."""
    with serving(SCHEDULER):
        yield SCHEDULER


@pytest.fixture
def scheduler(service):
    """The scheduler, which lends to everybody."""
    service.reset()
    return service


@pytest.fixture(scope="session")
def space(service):
    """The app on a Space; gives its networks and its address."""
    from spaceseed.ui import demo as module
    from spaceseed.ui.state.networks import Networks

    made = []

    class Kept(Networks):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            made.append(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "Networks", Kept)
        demo = module.build("avatars")
        _, url, _ = demo.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", **module.LAUNCH)
        yield made[0], url
        demo.close()


@pytest.fixture
def visitor_token(monkeypatch):
    """The visitor is known, as those of a Space are, by a header of their requests."""
    from gradio.context import LocalContext

    payload = base64.urlsafe_b64encode(b'{"user": "somebody"}').decode().rstrip("=")
    token = LocalContext.request.set(SimpleNamespace(headers=Headers({"x-ip-token": f"e30.{payload}.x"})))
    yield
    LocalContext.request.reset(token)
