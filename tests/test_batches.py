from types import SimpleNamespace

import pytest
import torch

from spaceseed.batches import batch_size, batches, one_of


@pytest.mark.parametrize(("resolution", "images"), [(8, 16), (64, 16), (128, 8), (256, 2), (512, 1), (1024, 1)])
def test_fewer_images_are_drawn_at_once_the_larger_they_are(resolution, images):
    assert batch_size(SimpleNamespace(resolution=resolution)) == images


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
