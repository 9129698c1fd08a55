"""Examines the bundled judge and classifier on held-out faces: `python -m benchmarks.judge --data runs/data`.

Writes benchmarks/results/judge.json and judge.md: accuracy for each attribute, and for each prompt the AUC of matching
against other faces.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from spaceseed.models.judges.classifier import load_classifier
from spaceseed.models.judges.clip import load_judge
from spaceseed.training.bundled.avatars import renders
from spaceseed.training.bundled.classifier import accuracies
from spaceseed.training.bundled.judge import examine

RESULTS = Path(__file__).parent / "results"


def markdown(figures: dict[str, Any]) -> str:
    """The figures as two tables."""
    lines = [
        f"Measured on {figures['images']:,} held-out renders (split `{figures['split']}`).",
        "",
        "| attribute | classifier accuracy |",
        "|---|---|",
        *(f"| {name} | {share:.1%} |" for name, share in figures["accuracy"].items()),
        "",
        f"Mean AUC of the judge over {len(figures['retrieval'])} prompts: **{figures['mean_auc']:.4f}**.",
        "",
        "| prompt | matching faces | AUC |",
        "|---|---|---|",
        *(f"| {row['prompt']} | {row['matching']} | {row['auc']:.4f} |" for row in figures["retrieval"]),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measures and writes the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("runs/data"), help="folder of the rendered faces")
    parser.add_argument("--split", default="held_out", choices=("held_out", "held_out_2"))
    args = parser.parse_args()
    data = renders(args.split, args.data)
    retrieval = examine(load_judge("avatars"), data)
    figures = {
        "split": args.split,
        "images": len(data.avatars),
        "accuracy": {name: round(share, 4) for name, share in accuracies(load_classifier("avatars"), data).items()},
        "mean_auc": round(float(np.mean([row["auc"] for row in retrieval])), 4),
        "retrieval": [{**row, "auc": round(row["auc"], 4)} for row in retrieval],
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "judge.json").write_text(json.dumps(figures, indent=1) + "\n")
    (RESULTS / "judge.md").write_text(markdown(figures))
    print(markdown(figures))


if __name__ == "__main__":
    main()
