"""The page of the study `judge`."""

from benchmarks.report import Figures, table

TITLE = "The judge and the classifier"


def headline(figures: Figures) -> str:
    """Returns the figure that the README quotes."""
    return f"mean AUC {figures['mean_auc']:.4f} over {len(figures['retrieval'])} prompts"


def text(figures: Figures) -> str:
    """Returns the paragraphs above the tables."""
    accuracy, reached = figures["accuracy"], sum(row["auc"] >= 0.99 for row in figures["retrieval"])
    hardest = min(figures["retrieval"], key=lambda row: row["auc"])
    return f"""
The judge is a small CLIP: it scores a face against a text. The classifier reads eleven attributes from a face. The two
share no weights, so the classifier can check what a search by the judge has found. Both are examined on
{figures["images"]:,} held-out renders, which took no part in training.

For each prompt, the AUC is the probability that the judge ranks a matching face above another face. The mean over
{len(figures["retrieval"])} prompts of one to four attributes is {figures["mean_auc"]:.4f}; {reached} prompts reach
0.99. The hardest prompt is "{hardest["prompt"]}", with {hardest["auc"]:.4f}.

The classifier is right about {accuracy["clothes"]:.1%} of the clothes and {accuracy["clothes_color"]:.1%} of their
colours. The other nine attributes are
{min(accuracy[name] for name in accuracy if not name.startswith("clothes")):.1%} right, rounded.
"""


def tables(figures: Figures) -> str:
    """Returns the tables."""
    accuracy = [(name.replace("_", " "), f"{share:.1%}") for name, share in figures["accuracy"].items()]
    prompts = [(row["prompt"], str(row["matching"]), f"{row['auc']:.4f}") for row in figures["retrieval"]]
    return f"""
Split: `{figures["split"]}`. A hidden value counts as a value: the hair colour of a bald person, the eyes behind
sunglasses.

{table(("attribute", "accuracy of the classifier"), accuracy)}
{table(("prompt", "matching faces", "AUC of the judge"), prompts)}"""
