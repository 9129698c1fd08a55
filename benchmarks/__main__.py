"""Runs the studies, all or those named, or checks their pages.

python -m benchmarks [--quick] [--data runs/data] [NAME ...]
python -m benchmarks --check [NAME ...]       does each page say what its figures say?
python -m benchmarks --rewrite [NAME ...]     writes pages from the figures, and measures nothing
"""

import argparse
import subprocess
import sys

from benchmarks.report import PAGES, faults, figures_of, page

STUDIES = {  # name: the options that it takes
    "generator": ("data",),
    "judge": ("data",),
    "search_quality": ("quick", "workers"),
    "search_settings": ("quick", "workers"),
    "pareto": ("quick",),
    "steering": ("quick",),
    "photographs": ("quick",),
    "projection": ("quick", "data", "workers"),
    "prior_study": ("quick", "data"),
    "avoidance": ("quick", "data"),
    "dissection": ("quick", "data"),
    "trust": ("quick",),
    "cost": ("quick",),
    "synthesis": ("quick",),
    "atlas": ("quick",),
    "evolving": ("quick", "data"),
    "convergence": ("quick", "data"),
    "first_load": ("quick",),
    "search_latency": ("quick",),
    "steer_latency": ("quick",),
    "busy": ("quick",),
}
# Only by name: the first four take half an hour and more, the next four need Playwright and Chromium, and the last one
# needs networks from npm.
BY_NAME = (
    "evolving", "convergence", "search_quality", "projection", "first_load", "search_latency", "steer_latency", "busy",
    "photographs",
)  # fmt: skip


def main() -> None:
    """Runs each study in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(STUDIES)}; a run without names leaves out {BY_NAME}"
    )
    parser.add_argument("--quick", action="store_true", help="so small that the figures mean nothing: does it run?")
    parser.add_argument("--data", help="folder of the rendered faces; they are drawn there when missing")
    parser.add_argument("--workers", help="processes, one thread each")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true", help="fail if a page differs from its figures")
    mode.add_argument("--rewrite", action="store_true", help="write the pages again from their figures")
    args = parser.parse_args()
    if unknown := set(args.names) - set(STUDIES):
        parser.error(f"there is no study {', '.join(sorted(unknown))}")
    if args.check:
        found = [fault for name in args.names or STUDIES for fault in faults(name)]
        sys.exit("\n".join(found) or None)
    if args.rewrite:
        for name in args.names or STUDIES:
            (PAGES / f"{name}.md").write_text(page(name, figures_of(name)), encoding="utf-8")
        return
    options = {
        "quick": ["--quick"] * args.quick,
        "data": ["--data", args.data] if args.data else [],
        "workers": ["--workers", args.workers] if args.workers else [],
    }
    for name in args.names or [name for name in STUDIES if name not in BY_NAME]:
        print(f"--- {name}", flush=True)
        chosen = [word for option in STUDIES[name] for word in options[option]]
        subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *chosen], check=True)  # noqa: S603


if __name__ == "__main__":
    main()
