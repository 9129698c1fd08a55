"""Builds an atlas of seeds, or asks one for the best seeds. After an interruption, the same command goes on.

python -m spaceseed.atlas build avatars --count 65536 --folder atlas
python -m spaceseed.atlas query atlas "red hair"
"""

import argparse
import sys
import time
from pathlib import Path

from spaceseed.atlas.atlas import Atlas
from spaceseed.batches import Progress
from spaceseed.errors import ArgumentError, AtlasError, CheckpointError
from spaceseed.models.judges.clip import load_judge
from spaceseed.models.zoo.loading import load


def main(arguments: list[str] | None = None) -> int:
    """Runs the command.

    Args:
        arguments: the arguments; those of the command line if None.

    Returns:
        The exit status: 0 if it is done, 130 if it was interrupted, 2 if it cannot be done.
    """
    args = _parser().parse_args(arguments)
    try:
        if args.command == "build":
            _build(args)
        else:
            seeds, scores = Atlas.open(args.atlas).query(args.wish, args.count)
            print(*(f"{seed} {score:.4f}" for seed, score in zip(seeds, scores.tolist(), strict=True)), sep="\n")
    except (ArgumentError, AtlasError, CheckpointError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m spaceseed.atlas", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    build = commands.add_parser("build", help="draws and embeds the images of seeds")
    build.add_argument("model", help="what spaceseed.load takes")
    build.add_argument("--folder", type=Path, required=True, help="where the atlas goes, or is continued")
    build.add_argument("--count", type=int, default=50_000, help="number of seeds (%(default)s)")
    build.add_argument("--first", type=int, default=0, help="the first seed (%(default)s)")
    build.add_argument("--truncation", type=float, default=0.7, help="psi (%(default)s)")
    build.add_argument("--judge", default="avatars", help="what spaceseed.load_judge takes (%(default)s)")
    query = commands.add_parser("query", help="prints the best seeds and their scores, best first")
    query.add_argument("atlas", help="id of a bundled model, or a folder")
    query.add_argument("wish", help="what the images should show")
    query.add_argument("--count", type=int, default=24, help="number of seeds (%(default)s)")
    return parser


def _build(args: argparse.Namespace) -> None:
    generator, judge = load(args.model), load_judge(args.judge)
    seeds = range(args.first, args.first + args.count)
    atlas = Atlas.build(
        generator, judge, seeds=seeds, folder=args.folder, truncation=args.truncation, progress=_reported()
    )
    print(
        f"\n{len(atlas):,} seeds from {atlas.seeds.start} to {atlas.seeds.stop - 1} in {args.folder}", file=sys.stderr
    )


def _reported() -> Progress:
    """Returns a function that shows the share that is done and the time left, at most once a second."""
    began, before, shown = 0.0, -1.0, 0.0

    def report(share: float) -> None:
        nonlocal began, before, shown
        now = time.monotonic()
        if before < 0:
            began, before = now, share  # what an earlier run has done took none of this time
        elif share == 1 or now - shown >= 1:
            shown = now
            left = (now - began) * (1 - share) / (share - before)
            print(f"\r{share:6.1%}  {left:6.0f} s left", end="", file=sys.stderr, flush=True)

    return report


if __name__ == "__main__":
    sys.exit(main())
