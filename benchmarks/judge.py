"""Examines the bundled judge and classifier on held-out faces: `python -m benchmarks.judge --data runs/data`.

Measures the classifier's accuracy for each attribute, and for each prompt the AUC of matching against other faces.
"""

from pathlib import Path

import numpy as np

from benchmarks.report import DATA, arguments, save
from spaceseed.models.judges.classifier import load_classifier
from spaceseed.models.judges.clip import load_judge
from spaceseed.training.bundled.avatars import renders
from spaceseed.training.bundled.classifier import accuracies
from spaceseed.training.bundled.judge import examine


def main() -> None:
    """Measures and writes the results."""
    parser = arguments(__doc__, quick=False)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the rendered faces; drawn when missing")
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
    save(args, "judge", figures)


if __name__ == "__main__":
    main()
