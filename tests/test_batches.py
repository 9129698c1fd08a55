from types import SimpleNamespace

import pytest
import torch

from spaceseed.batches import batch_size, batches, one_of


def generator_on(device, resolution):
    return SimpleNamespace(resolution=resolution, device=torch.device(device))


@pytest.mark.parametrize(("resolution", "images"), [(8, 16), (64, 16), (128, 8), (256, 2), (512, 1), (1024, 1)])
def test_fewer_images_are_drawn_at_once_the_larger_they_are(resolution, images):
    assert batch_size(generator_on("cpu", resolution)) == images


@pytest.mark.parametrize(
    ("resolution", "free", "cached", "images"),
    [
        (1024, 139 * 2**30, 0, 64),  # the most, on the largest GPUs
        (1024, 16 * 2**30, 0, 13),
        (1024, 4 * 2**30, 12 * 2**30, 13),  # torch's own cache is free for the next batch
        (1024, 2**30, 0, 1),
        (1024, 0, 0, 1),
        (256, 8 * 2**30, 0, 27),
        (64, 8 * 2**30, 0, 64),
    ],
)
def test_a_gpu_draws_as_many_images_as_fit_into_half_of_its_free_memory(monkeypatch, resolution, free, cached, images):
    asked = []
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: asked.append(device) or (free, 80 * 2**30))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: cached + 5 * 2**30)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: 5 * 2**30)
    assert batch_size(generator_on("cuda:1", resolution)) == images
    assert asked == [torch.device("cuda:1")]


@pytest.mark.parametrize("size", [1, 3, 7, 20])
def test_all_rows_come_in_order_and_each_batch_counts_once_it_is_done(size):
    rows, shares, seen = torch.arange(14).reshape(7, 2), [], []
    for part in batches(rows, size, shares.append):
        assert shares == [n / 7 for n in range(size, len(seen) + 1, size)]
        assert len(part) <= size
        seen += part.tolist()
    assert seen == rows.tolist()
    assert shares[-1] == 1


def test_the_parts_of_a_work_make_up_the_whole():
    shares = []
    for number in range(4):
        for _ in batches(torch.zeros(10), 5, one_of(shares.append, number, 4)):
            pass
    assert shares == [n / 8 for n in range(1, 9)]
