"""Runs the app as on a ZeroGPU Space, with CUDA's stand-in."""

import signal

from tests.zero_gpu.cuda import install

if __name__ == "__main__":
    install()
    from spaceseed.ui.demo import LAUNCH, build  # torch must be patched before

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends the workers, too
    build().launch(server_name="127.0.0.1", **LAUNCH)
