import pytest

from spaceseed.atlas.__main__ import main
from spaceseed.atlas.atlas import Atlas


def test_an_atlas_is_built_continued_and_asked(tmp_path, capsys):
    folder = tmp_path / "atlas"
    for count in (20, 40):
        assert main(["build", "avatars", "--count", str(count), "--first", "5", "--folder", str(folder)]) == 0
    told = capsys.readouterr()
    assert not told.out
    assert "100.0%       0 s left" in told.err
    assert f"40 seeds from 5 to 44 in {folder}" in told.err
    assert main(["query", str(folder), "red hair", "--count", "3"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    seeds, scores = Atlas.open(folder).query("red hair", 3)
    assert [int(seed) for seed, _ in lines] == seeds
    assert [float(score) for _, score in lines] == pytest.approx(scores.tolist(), abs=1e-4)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["query", "none", "red hair"], "There is no atlas"),
        (["build", "avatar", "--folder", "x"], "avatars"),
        (["build", "avatars", "--count", "0", "--folder", "x"], "seeds = range"),
        (["build", "avatars", "--count", "5", "--folder", "file"], "file"),
    ],
)
def test_what_cannot_be_done_is_said(tmp_path, monkeypatch, capsys, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert sentence in error
