"""The page of the study `prior_study`."""

from benchmarks.report import Figures, table, with_error

TITLE = "The Gaussian prior"


def headline(figures: Figures) -> str:
    """Returns the figure that the README quotes."""
    distance = figures["along"]["frechet_distance"]
    return (
        f"Frechet distance between two z: {distance['lerp in z'][-1]:.1f} straight, "
        f"{distance['slerp in z'][-1]:.1f} on the arc"
    )


def text(figures: Figures) -> str:
    """Returns the paragraphs above the tables."""
    along, searches = figures["along"], figures["searches"]
    norm, distance = along["norm"], along["frechet_distance"]

    def way(name: str) -> str:
        return f"from {distance[name][0]:.1f} to {distance[name][-1]:.1f}"

    return f"""
Is straight interpolation in a high-dimensional Gaussian a bad choice?

For the bundled generator it is not. In the middle between two random z the straight line (lerp) has
{norm["lerp"][-1]:.2f} of the usual norm, and the arc (slerp) has {norm["slerp"][-1]:.2f}. But the mapping network
normalises z. So between two ends of the same norm both paths draw the same image, up to rounding (largest difference
in w: {along["lerp_to_slerp_in_w"]:.1e}).

Other generators do not normalise z. The rows called "raw" leave this step out. Then the middle of the straight line
raises the Frechet distance (avatar features) {way("lerp in raw z")}, and the middle of the arc
{way("slerp in raw z")}.

The optimizers treat the norm of z in one of three ways, called `prior`. With "free", differential evolution drifts to
{searches["free, z"]["norm"][-1]:.1f} times the norm of the prior. "shell", the default in z, keeps the norm. Its
scores are no lower within the error: {with_error(searches["shell, z"]["score"], ".3f")} against
{with_error(searches["free, z"]["score"], ".3f")}.

![Norms and realism along straight and spherical paths](prior_study.png)
"""


def tables(figures: Figures) -> str:
    """Returns the tables."""
    precision = figures["along"]["precision"]
    ends = [
        (
            name,
            f"{values[0]:.2f}",
            f"{values[-1]:.2f}",
            f"{precision[name][0]:.0%}",
            f"{precision[name][-1]:.0%}",
        )
        for name, values in figures["along"]["frechet_distance"].items()
    ]
    changes = [(name, "{:+.3f} ± {:.3f}".format(*value)) for name, value in figures["halfway"].items()]
    searches = [
        (name, f"{row['norm'][-1]:.3f}", with_error(row["score"], ".3f"), f"{row['precision']:.0%}")
        for name, row in figures["searches"].items()
    ]
    header = ("prior", "norm of the last candidates / sqrt(d)", "best score", "precision of the last population")
    return f"""
## Paths between two random faces

A second set of renders has a Frechet distance of {figures["floor"]:.2f}.

{table(("path", "Frechet, start", "Frechet, middle", "precision, start", "precision, middle"), ends)}
## Judge scores in the middle

The score in the middle between two of the {figures["parents"]} faces that fit a prompt best, minus the mean score of
these faces.

{table(("path", "change of score"), changes)}
## Differential evolution under each prior

{table(header, searches)}"""
