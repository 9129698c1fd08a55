"""Byte-pair encoding (Sennrich et al. 2016): learns a small vocabulary for open_clip's `SimpleTokenizer`."""

import gzip
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path


def learn_merges(words: Iterable[str], count: int) -> list[tuple[str, str]]:
    """Returns up to `count` merges: each is the most frequent adjacent pair after all earlier merges.

    Args:
        words: lower-case ASCII words, repeated as often as they occur. `</w>` is added to the last letter of a word, as
            in CLIP's tokenizer.
        count: maximum number of merges; there are fewer if every word has become one symbol.

    Returns:
        Pairs in the order of application.
    """
    spelled = {(*word[:-1], word[-1] + "</w>"): times for word, times in sorted(Counter(words).items())}
    merges: list[tuple[str, str]] = []
    while len(merges) < count:
        pairs: Counter[tuple[str, str]] = Counter()
        for symbols, times in spelled.items():
            for pair in pairwise(symbols):
                pairs[pair] += times
        if not pairs:
            break
        # Ties are resolved by spelling, so that the same words give the same merges.
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        spelled = {_merge(symbols, best): times for symbols, times in spelled.items()}
    return merges


def _merge(symbols: tuple[str, ...], pair: tuple[str, str]) -> tuple[str, ...]:
    merged: list[str] = []
    for symbol in symbols:
        if merged and (merged[-1], symbol) == pair:
            merged[-1] += symbol
        else:
            merged.append(symbol)
    return tuple(merged)


def save_merges(merges: list[tuple[str, str]], path: Path) -> None:
    """Writes the gzipped text for `SimpleTokenizer(bpe_path=...)`: a title line, then one pair on each line."""
    text = "\n".join(["#version: 0.2", *(" ".join(pair) for pair in merges)])
    path.write_bytes(gzip.compress(text.encode(), mtime=0))
