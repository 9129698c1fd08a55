"""Tables that are continued, plots, and shares of winning mutations."""

import pytest
from PIL import Image

from spaceseed.training.report import Table, plot, winning_shares


def row(images, value=1.0):
    return {"images": images, "Frechet distance, features": value}


def test_a_table_goes_on_where_its_run_does(tmp_path):
    path = tmp_path / "metrics.csv"
    table = Table(path, 0)
    for images in (10, 20, 30):
        table.add(row(images, images / 3))
        table.flush()
    again = Table(path, 20)
    again.add(row(30, 10.0))
    again.flush()
    assert path.read_text() == (
        'images,"Frechet distance, features"\n10,3.3333333333333335\n20,6.666666666666667\n30,10.0\n'
    )


def test_a_row_that_was_cut_off_is_dropped(tmp_path):
    path = tmp_path / "metrics.csv"
    path.write_text("images,real\n10,1.0\n20")
    assert [r["images"] for r in Table(path, 100).rows] == ["10"]


def test_nothing_is_written_before_there_is_something(tmp_path):
    Table(tmp_path / "mutations.csv", 0).flush()
    assert not list(tmp_path.iterdir())


def test_shares_count_the_fittest_alone():
    won = ["minimax", "hinge", "hinge", "hinge"]
    rows = [
        {"images": i, "rank": rank, "mutation": m if rank == 0 else "leastsquares"}
        for i, m in enumerate(won)
        for rank in (0, 1)
    ]
    images, shares = winning_shares(rows * 50)
    assert len(images) == 50
    assert set(shares) == {"minimax", "hinge"}
    assert sum(shares["hinge"]) / 50 == pytest.approx(0.75)
    assert all(a + b == pytest.approx(1) for a, b in zip(*shares.values(), strict=True))


def test_a_plot_has_a_panel_for_each_figure(tmp_path):
    metrics = [{"images": i, "resolution": 8, "seconds": 1.0, "real": str(i), "fake": i / 2} for i in (1, 2)]
    plot(metrics, [], tmp_path / "two.png")
    plot(metrics, [{"images": 1, "rank": 0, "mutation": "hinge"}], tmp_path / "three.png")
    sizes = [Image.open(tmp_path / name).size for name in ("two.png", "three.png")]
    assert sizes[0] == (800, 280)
    assert sizes[1] == (1200, 280)
