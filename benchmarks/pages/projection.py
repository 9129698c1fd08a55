"""The page of the study `projection`."""

from collections.abc import Sequence

from benchmarks.report import Figures, table, with_error

TITLE = "My own picture"
STARTS = {"encoder": "encoder", "mean": "mean w", "seeds": "best of the seeds", "atlas": "atlas", "": "draws of z"}
AIM = 0.97  # of a drawing's attributes


def headline(figures: Figures) -> str:
    """Returns the figure that the README quotes."""
    its = figures["avatars"]
    alone, refined = (row["renders"]["attributes"][0] for row in its["rows"][:2])
    return (
        f"drawings: {alone:.1%} of attributes right after {its['pass_milliseconds']:.0f} ms, "
        f"{refined:.1%} after {its['seconds']:g} s"
    )


def text(figures: Figures) -> str:
    """Returns the paragraphs above the tables."""
    return f"""
`ss.project` finds the latent whose image is nearest to a picture, and `ss.load_encoder` answers a picture with styles
in one pass. Here both look for drawings that nothing was learned from (*renders*), and for images of the generator
itself (*samples*, truncation 1), whose w is known. Each run has one thread of a CPU.

What was optimised says little about what was found. So two other figures are reported: the structural similarity
(SSIM), which nothing optimises, and the share of {figures["avatars"]["attributes"]} attributes that a classifier finds
the same as in the picture. No way sees this classifier, but for one distance that is marked.

{_avatars(figures["avatars"])}
{_distances(figures["distances"])}
{_editing(figures["editing"])}
{_photographs(figures["photographs"])}"""


def tables(figures: Figures) -> str:
    """Returns the tables of the parts that there are."""
    makers = {
        "avatars": _avatar_tables,
        "distances": _distance_table,
        "editing": _editing_table,
        "photographs": _photograph_table,
    }
    return "\n".join(make(figures[part]) for part, make in makers.items() if part in figures)


def _avatars(its: Figures) -> str:
    alone, refined, *others = its["rows"]
    reached = refined["renders"]["attributes"][0]
    best = max(others, key=lambda row: row["renders"]["similarity"][0])
    nearest = min((row for row in its["rows"] if row["method"]), key=lambda row: row["samples"]["w"][0])
    plain = max((row for row in others if row["start"] != "encoder"), key=lambda row: row["renders"]["similarity"][0])
    few = its["few"]["refined_renders"]
    return f"""
**Starts, spaces and methods**, at {its["seconds"]:g} s a picture:

- The encoder alone takes {its["pass_milliseconds"]:.0f} ms. On {alone["renders"]["runs"]} renders
  {alone["renders"]["attributes"][0]:.1%} of the attributes are right, and SSIM is
  {alone["renders"]["similarity"][0]:.3f}.
- Refined for {its["seconds"]:g} s with the closest of the app's settings, {reached:.1%} are right
  ({_aim(reached)}), and SSIM is {refined["renders"]["similarity"][0]:.3f}.
- Of the other ways, {_way(best)} comes nearest: SSIM {best["renders"]["similarity"][0]:.3f}, and
  {best["renders"]["attributes"][0]:.1%} of the attributes are right. The refined answer has
  {few["similarity"][0]:.3f} and {few["attributes"][0]:.1%} on the same {few["runs"]} renders. Without an
  encoder it is {_way(plain)}, with {plain["renders"]["similarity"][0]:.3f} and {plain["renders"]["attributes"][0]:.1%}.
- The w of a sample: the encoder alone has a mean squared error of {its["few"]["alone_samples"]["w"][0]:.2f} variances
  of w. Of the ways with steps, the best is {_way(nearest)}, with {nearest["samples"]["w"][0]:.2f} on the same samples.
  The mean w would have about 1.
"""


def _distances(its: Figures) -> str:
    rows = {name: row for name, row in its["rows"].items() if name != "classifier"}
    similar = max(rows, key=lambda name: rows[name]["similarity"][0])
    right = max(rows, key=lambda name: rows[name]["attributes"][0])
    fast = min(its["rows"], key=lambda name: its["rows"][name]["milliseconds"][0])
    plain, judged = rows["shift-tolerant"], rows["avatars"]
    return f"""
**Which perceptual distance.** From the encoder's answer, in w+, {its["seconds"]:g} s each. Pixels are part of every
loss, with the same share. The classifier's own distance makes right what the classifier then finds: the
{its["rows"]["classifier"]["attributes"][0]:.1%} that it reaches show what this generator can give in this time. It is
left out below.

- The highest SSIM comes with {similar} ({rows[similar]["similarity"][0]:.3f}), and most attributes are right with
  {right} ({rows[right]["attributes"][0]:.1%}). A step is fastest with {fast}
  ({its["rows"][fast]["milliseconds"][0]:.0f} ms).
- The app uses "avatars", the stages of the bundled judge: {judged["attributes"][0]:.1%} of the attributes are right,
  SSIM is {judged["similarity"][0]:.3f}, and a step takes {judged["milliseconds"][0]:.0f} ms. With the shift-tolerant
  distance it is {plain["attributes"][0]:.1%}, {plain["similarity"][0]:.3f} and {plain["milliseconds"][0]:.0f} ms.
"""


def _editing(its: Figures) -> str:
    rows = its["rows"]
    names = list(rows)
    one, free = rows[names[0]], rows[names[-1]]
    best = max(rows, key=lambda name: rows[name]["became"][0])
    return f"""
**Closeness against edits.** Layers that differ come nearer to a picture, and may leave the region that directions know.
Three bundled directions ({", ".join(its["amounts"])}) are applied to the projected faces, as far as it takes to give
the attribute to {its["flipped"]:.0%} of random faces that lack it, or to as many as any amount does. So
{its["random"]["became"][0]:.0%} of the edits of random faces work.

- In w {one["became"][0]:.0%} of the edits work and {one["kept"][0]:.0%} of the other attributes stay; SSIM is
  {one["similarity"][0]:.3f}.
- In w+ without a penalty {free["became"][0]:.0%} work and {free["kept"][0]:.0%} stay; SSIM is
  {free["similarity"][0]:.3f}.
- Most edits work with {best} ({rows[best]["became"][0]:.0%}).
"""


def _photographs(its: Figures) -> str:
    if "missing" in its:
        return f"**Photographs of faces** were not measured: {its['missing']}\n"
    own = its["samples"]
    lines = f"""
**Photographs of faces.** `{its["model"]}` draws them. They are compared at {its["side"]} pixels. From the nearest of
{its["seeds"]} seeds, at most {its["most_seconds"]:g} s in all:

- {own["runs"]} of its own images: SSIM goes from {own["start"]["similarity"][0]:.2f} to {own["similarity"][0]:.2f}, the
  perceptual distance from {own["start"]["perceptual"][0]:.2f} to {own["perceptual"][0]:.2f}.
"""
    if "photograph" not in its:
        return lines
    face = its["photograph"]
    return f"""{lines}\
- A photograph of the astronaut Eileen Collins (NASA, public domain, from scikit-image), framed by the bundled face
  finder: SSIM goes from {face["start"]["similarity"][0]:.2f} to {face["similarity"][0]:.2f}, the perceptual distance
  from {face["start"]["perceptual"][0]:.2f} to {face["perceptual"][0]:.2f}.
"""


def _aim(reached: float) -> str:
    return f"{'' if reached >= AIM else 'not '}the {AIM:.0%} that we aimed at"


def _way(row: Figures) -> str:
    start = STARTS[row["start"]]
    return f"{row['method'] or 'no step'} in {row['space']} from the {start} ({row['distance']})"


def _avatar_tables(its: Figures) -> str:
    found = f"""
## Starts, spaces and methods

- *Perceptual*: shift-tolerant distance; ways with the distance of this name optimise it.
  *Pixels*: mean squared error, of values from -1 to 1; optimised, too, but not by "ada". The
  encoder has learned from both.
- *SSIM*, *attributes*: not optimised. *Error of w*: mean squared error in variances of w, averaged over layers.
- *Best of the seeds*: of {its["seeds"]:,}, drawn and embedded once before. *Atlas*: of its {its["atlas"]:,} seeds
  the one whose image the judge finds nearest. Seconds count from the picture to the last step, starts included;
  networks are loaded before. Steps of "cma" are generations. Means and standard errors.
- *Encoder* without a method: one pass. *Same*: only the pictures that the other ways have, too.
"""
    for kind in ("renders", "samples"):
        rows = []
        for row in its["rows"]:
            way = STARTS[row["start"]], row["method"] or "-", row["space"], row["distance"] if row["method"] else "-"
            rows.append((*way, *_cells(row[kind], kind)))
        for number, name in enumerate(("alone", "refined")):
            way, its_few = its["rows"][number], its["few"][f"{name}_{kind}"]
            words = "encoder, same", way["method"] or "-", way["space"], way["distance"] if way["method"] else "-"
            rows.insert(2 + number, (*words, *_cells(its_few, kind)))
        columns = ["start", "method", "space", "distance", kind, "perceptual", "pixels", "SSIM", "attributes"]
        columns += ["error of w"] * (kind == "samples") + ["seconds", "steps"]
        found += f"\n{table(columns, rows)}"
    return found


def _cells(row: Figures, kind: str) -> tuple[str, ...]:
    seconds = f"{row['seconds'][0]:.2f}"
    error = (with_error(row["w"]),) if kind == "samples" else ()
    return (str(row["runs"]), *_near(row), *error, seconds, f"{row['steps'][0]:.0f}")


def _near(row: Figures) -> tuple[str, ...]:
    forms = {"perceptual": ".3f", "pixels": ".4f", "similarity": ".3f", "attributes": ".1%"}
    return tuple(with_error(row[name], form) for name, form in forms.items() if name in row)


def _distance_table(its: Figures) -> str:
    rows = []
    for name, row in its["rows"].items():
        near = dict(zip(("perceptual", "pixels", "similarity", "attributes"), _near(row), strict=True))
        mark = " (optimised)"
        rows.append(
            (
                name,
                f"{row['milliseconds'][0]:.0f}",
                near["similarity"],
                near["attributes"] + mark * (name == "classifier"),
                near["perceptual"] + mark * name.startswith("shift-tolerant"),
                f"{row['steps'][0]:.0f}",
            )
        )
    runs = next(iter(its["rows"].values()))["runs"]
    return f"""
## Which perceptual distance

{runs} renders, {its["seconds"]:g} s each, "adam" in w+ from the encoder's answer. *Optimised*: this figure is
what the way makes small. *EfficientNet-lite0*: four levels for an input of 128 pixels. *Classifier*: its maps after
each halving. *Pixels*: means of 1, 2, 4 and 8 pixels a side. These three are scaled so that different renders are as
far apart as by the shift-tolerant distance.

{table(("distance", "ms a step", "SSIM", "attributes", "shift-tolerant distance", "steps"), rows)}"""


def _editing_table(its: Figures) -> str:
    names = list(its["amounts"])

    def changed(row: Figures) -> Sequence[str]:
        each = (f"{row['each'][name]:.0%}" if name in row["each"] else "" for name in names)
        return (str(row["edits"]), with_error(row["became"], ".0%"), *each, with_error(row["kept"], ".1%"))

    rows = [
        (name, with_error(row["similarity"], ".3f"), with_error(row["attributes"], ".1%"), *changed(row))
        for name, row in its["rows"].items()
    ]
    rows.append((f"{its['random_faces']} random faces", "", "", *changed(its["random"])))
    amounts = ", ".join(f"{name} {amount:g}" for name, amount in its["amounts"].items())
    runs = next(iter(its["rows"].values()))["runs"]
    columns = ("space", "SSIM", "attributes", "edits", "edits that work", *names, "others kept")
    return f"""
## Closeness against edits

{runs} renders, {its["seconds"]:g} s each, "adam" from the encoder's answer; the app offers most of these. *Proximity*:
weight of how much layers differ. Edits, in standard deviations of w: {amounts}. Faces whose picture has the attribute
are left out. *Others kept*: share of the other attributes that the classifier finds as before the edit.

{table(columns, rows)}"""


def _photograph_table(its: Figures) -> str:
    if "missing" in its:
        return f"\n## Photographs of faces\n\nNot measured: {its['missing']}\n"
    rows = []
    for key, name in (("samples", "its own images"), ("photograph", "a photograph")):
        if key in its:
            row = its[key]
            pairs = [(row["start"][figure], row[figure]) for figure in ("similarity", "perceptual")]
            cells = [_value(value, ".3f", row["runs"]) for pair in pairs for value in pair]
            rows.append((name, str(row["runs"]), *cells, f"{row['seconds'][0]:.0f}", f"{row['steps'][0]:.0f}"))
    columns = ("picture", "runs", "SSIM, start", "SSIM", "perceptual, start", "perceptual", "seconds", "steps")
    return f"""
## Photographs of faces

`{its["model"]}` at {its["side"]} pixels, "adam" in w+ with the shift-tolerant distance, which is optimised. Start: the
nearest of {its["seeds"]} seeds at truncation 0.7, as its own images have it; seconds include the search for it.

{table(columns, rows)}"""


def _value(value: Sequence[float], form: str, runs: int) -> str:
    return with_error(value, form) if runs > 1 else f"{value[0]:{form}}"
