import pytest

import spaceseed.models.judges._torchvision  # noqa: F401

# isort: split
from open_clip.tokenizer import SimpleTokenizer

from spaceseed.training.bundled.bpe import learn_merges, save_merges


def test_the_most_frequent_pair_is_merged_first():
    assert learn_merges(["ab", "ab", "cb"], 1) == [("a", "b</w>")]


def test_merges_end_when_every_word_is_one_symbol():
    assert learn_merges(["hat", "hat"], 10) == [("a", "t</w>"), ("h", "at</w>")]


def test_open_clip_reads_the_merges(tmp_path):
    save_merges(learn_merges(["beard"] * 3 + ["bear", "red"], 50), tmp_path / "bpe.txt.gz")
    tokenizer = SimpleTokenizer(str(tmp_path / "bpe.txt.gz"), context_length=6)
    assert len(tokenizer.encode("beard red bear")) == 3
    assert len(tokenizer.encode("xyz")) == 3
    ids = tokenizer("beard")[0]
    assert ids[0] == tokenizer.sot_token_id
    assert ids[2] == ids.max() == tokenizer.vocab_size - 1  # CLIP finds the end token as the largest id
    assert tokenizer.decode([ids[1].item()]) == "beard "


@pytest.mark.parametrize("count", [0, 3])
def test_files_repeat(tmp_path, count):
    for name in ("a", "b"):
        save_merges(learn_merges(["smile", "smiling"], count), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
