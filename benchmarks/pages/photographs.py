"""The page of the study `photographs`."""

from collections.abc import Sequence

import numpy as np

from benchmarks.report import Figures, table

TITLE = "Steering photographs"
DIGITS = {"age": 1}  # after the point; of all others 2


def headline(figures: Figures) -> str:
    """Returns the figure that the README quotes."""
    rows = figures["directions"]
    return f"{sum(row['confirmed'] for row in rows)} of {len(rows)} names confirmed"


def text(figures: Figures) -> str:
    """Returns the paragraphs above the tables."""
    rows = {row["name"]: row for row in figures["directions"]}
    smile, age = rows["smile"]["ends"], rows["age"]["ends"]
    side = {name: _worst(row) for name, row in rows.items()}
    cleanest = min(side, key=lambda name: side[name][1])
    mixed = max(side, key=lambda name: side[name][1])
    chance = max(abs(change[0]) for row in figures["random"] for change in row["changes"].values())
    return f"""
`ffhq-mobile` draws photographs of faces. Its directions are bundled with the app and have names. Each leads from
the images that a network scores lowest to those that it scores highest, without what it shares with the other
directions: see [photographs.py](../../spaceseed/training/bundled/photographs.py).

A network may well find what it has taught itself. So other networks, which other people trained, confirm the names
here: HSE-FaceRes sees ages and what it calls male, face_classification sees smiles, and the mesh of MediaPipe
measures mouths, eyes and heads. They look at {figures["faces"]} faces that nothing was learned from, moved by
{figures["end"]:g} steps both ways. [The study](../../benchmarks/photographs.py) says where the networks come from.

- {sum(row["confirmed"] for row in rows.values())} of {len(rows)} names are confirmed: the change is above zero by more
  than two standard errors.
- The mean probability of a smile goes from {smile[0][0]:.2f} to {smile[2][0]:.2f}, the mean age from
  {age[0][0]:.0f} to {age[2][0]:.0f} years.
- Other attributes change less, counted in standard deviations among the unmoved faces. The cleanest direction is
  "{cleanest}": no other attribute changes by more than {side[cleanest][1]:.1f}. The least clean one is "{mixed}", with
  {side[mixed][1]:.1f} in "{side[mixed][0]}".
- Two random directions change no attribute by more than {chance:.1f}.

The names say what the images show: what networks call male is named after beards and short hair here. They judge by
looks alone, so what they see is no fact about anyone.

What the networks cannot see is not measured. In the strips of two faces that were looked at, drawn with
`python -m benchmarks.photographs --strips SEED`, this was seen:

- "smile" and "mouth open" leave all else as it is, up to the light on the skin. "eyes open" is hard to see.
- "age" turns the hair grey, and gave one of the two faces glasses.
- "beard or short hair" changes the whole face. Its other end has long hair, make-up and earrings.
- "head to the right" also changes the background. At -3 it distorts the face.
"""


def tables(figures: Figures) -> str:
    """Returns the tables."""
    ends = [
        (
            row["name"],
            *(_value(value, DIGITS.get(row["name"], 2)) for value in row["ends"]),
            f"{row['grew']} of {figures['faces']}",
            "yes" if row["confirmed"] else "no",
        )
        for row in figures["directions"]
    ]
    names = list(figures["directions"][0]["changes"])
    changes = [
        (row["name"], *(_value(row["changes"][name], 1, "+") for name in names), f"{row['pixels']:.0f}")
        for row in (*figures["directions"], *figures["random"])
    ]
    end = f"{figures['end']:g}"
    return f"""
## What the names promise

{figures["faces"]} faces, truncation {figures["truncation"]}; means and standard errors. "smile" and "beard or short
hair" are probabilities, "age" is in years, "mouth open" and "eyes open" are heights by widths. "head to the right"
says how far the nose is from the middle of the face, in halves of its width. *Grew*: the faces whose value is higher
at +{end} than at -{end}.

{table(("direction", f"at -{end}", "at 0", f"at +{end}", "grew", "confirmed"), ends)}
## What else changes

From -{end} to +{end}, in standard deviations among the {figures["faces"]} unmoved faces. *Pixels*: mean change, in
levels of 255.

{table(("direction", *names, "pixels"), changes)}"""


def _worst(row: Figures) -> tuple[str, float]:
    """Returns the attribute besides its own that a direction changes most, and by how much."""
    others = {name: abs(change[0]) for name, change in row["changes"].items() if name != row["name"]}
    name = max(others, key=lambda key: others[key])
    return name, float(np.round(others[name], 4))


def _value(value: Sequence[float], digits: int, sign: str = "-") -> str:
    return f"{value[0]:{sign}.{digits}f} ± {value[1]:.{digits}f}"
