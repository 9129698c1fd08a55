"""Runs the studies, all or those named: `python -m benchmarks [--quick] [--data runs/data] [NAME ...]`."""

import argparse
import subprocess
import sys

STUDIES = {  # name: the options that it takes
    "judge": ("data",),
    "search_quality": ("quick", "workers"),
    "steering": ("quick",),
    "prior_study": ("quick", "data"),
    "avoidance": ("quick", "data"),
    "trust": ("quick",),
    "cost": ("quick",),
    "synthesis": ("quick",),
    "evolving": ("quick", "data"),
    "convergence": ("quick", "data"),
}
LONG = ("evolving", "convergence")  # they train for an hour and more: only by name


def main() -> None:
    """Runs each study in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"of {', '.join(STUDIES)}; without names {' and '.join(LONG)} are left out",
    )
    parser.add_argument("--quick", action="store_true", help="so small that the figures mean nothing: does it run?")
    parser.add_argument("--data", help="folder of the rendered faces; they are drawn there when missing")
    parser.add_argument("--workers", help="processes, one thread each, that search")
    args = parser.parse_args()
    if unknown := set(args.names) - set(STUDIES):
        parser.error(f"there is no study {', '.join(sorted(unknown))}")
    options = {
        "quick": ["--quick"] * args.quick,
        "data": ["--data", args.data] if args.data else [],
        "workers": ["--workers", args.workers] if args.workers else [],
    }
    for name in args.names or [name for name in STUDIES if name not in LONG]:
        print(f"--- {name}", flush=True)
        chosen = [word for option in STUDIES[name] for word in options[option]]
        subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *chosen], check=True)  # noqa: S603


if __name__ == "__main__":
    main()
