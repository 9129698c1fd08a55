"""A GPU is used where there is one that stays."""

import pytest

from spaceseed.devices import default_device, is_zero_gpu


@pytest.mark.parametrize(
    ("has_gpu", "zero_gpu", "device"), [(True, "", "cuda"), (False, "", "cpu"), (True, "true", "cpu")]
)
def test_networks_run_on_the_first_gpu_unless_it_is_lent(monkeypatch, has_gpu, zero_gpu, device):
    monkeypatch.setattr("torch.cuda.is_available", lambda: has_gpu)
    monkeypatch.setenv("SPACES_ZERO_GPU", zero_gpu)
    assert default_device().type == device
    assert is_zero_gpu() == bool(zero_gpu)
