import sys

from spaceseed.dissection.units import UnitTable
from spaceseed.models.zoo.loading import load
from spaceseed.training.bundled import units


def test_styles_that_never_change_are_left_out():
    varying = units.styles_that_vary(load("avatars", device="cpu"))
    assert "b8.conv0.style" in varying
    assert "b8.conv1.style" not in varying
    assert units.styles_that_vary(load("avatars-pggan", device="cpu")) == []


def test_each_layer_gets_its_table(tmp_path, monkeypatch):
    monkeypatch.setattr(units, "MODELS", ("avatars-pggan",))
    monkeypatch.setattr(units, "IMAGES", 8)
    monkeypatch.setattr(sys, "argv", ["units", "--out", str(tmp_path)])
    units.main()
    generator = load("avatars-pggan", device="cpu")
    files = {path.stem: UnitTable.open(path) for path in (tmp_path / "avatars-pggan").iterdir()}
    assert set(files) == set(generator.layers)
    for table in files.values():
        table.check(generator)
