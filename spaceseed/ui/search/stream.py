"""A search as a stream of what the page shows: first its seeds, then ever better images."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import gradio as gr

from spaceseed.atlas.atlas import Atlas
from spaceseed.ui.kit.jobs import DownloadProgress, waiting_for
from spaceseed.ui.kit.messages import warn
from spaceseed.ui.search.bar import pressable
from spaceseed.ui.search.begin import begin
from spaceseed.ui.search.climb import Climb, climb
from spaceseed.ui.search.job import Job
from spaceseed.ui.search.results import draw
from spaceseed.ui.state.networks import JUDGE, Networks
from spaceseed.ui.state.prompts import about_wish
from spaceseed.ui.state.session import Session

if TYPE_CHECKING:
    from spaceseed.models.judges.clip import Judge


def first_steps(networks: Networks, visitor: Session, job: Job) -> Iterator[dict[str, Any]]:
    """Loads the judge and draws the first generation.

    Yields:
        values for the wall, the line, the stop buttons and at the end the search that can begin, by name.
    """
    download = DownloadProgress(JUDGE)
    generator = networks.generator(job.model)

    def load() -> tuple["Judge", Atlas | None, str]:
        judge = networks.judge(job.model, download)
        return judge, *networks.atlases.atlas(generator, judge, job.view.space(generator).labels)

    for loaded in waiting_for(load, lambda: download.line):
        if job.ticket.stopped or visitor.ticket is not job.ticket:
            yield {"status": {"text": "Stopped at once."}, **pressable(searching=False)}
            return
        if isinstance(loaded, str):
            yield {"status": {"text": loaded}, **pressable(searching=True)}
            continue
        judge, atlas, problem = loaded
        if problem:
            warn(problem)
        unknown = about_wish(judge, job.settings.words)
        state = None
        with networks.atlases.searching():
            for state in begin(generator, judge, atlas, job, visitor):
                shown = {"wall": state.wall.draw(visitor), "status": {"text": state.status}}
                shown["unknown"] = gr.HTML(value=unknown, visible=bool(unknown))
                yield shown | {"begun": state if state.asked else None} | pressable(searching=True)
        if job.ticket.stopped and visitor.ticket is job.ticket:
            wall = {"wall": state.wall.draw(visitor, stopped=True)} if state else {}
            yield wall | {"status": {"text": "Stopped at once."}, **pressable(searching=False)}


def steps(networks: Networks, visitor: Session, state: Climb | None) -> Iterator[dict[str, Any]]:
    """Searches; afterwards the model's atlas is built.

    Yields:
        values for `Results.outputs` and the stop buttons, by name.
    """
    if state is None:  # stopped before it could begin
        return
    with networks.atlases.searching():
        for now in climb(state, visitor, networks.turns):
            yield draw(now, visitor) | pressable(searching=not now.ended, more=now.ended and now.memory is not None)
    build_atlas(networks, visitor)


def build_atlas(networks: Networks, visitor: Session) -> None:
    """Builds the atlas of the visitor's model in the background, while they stay on the tab with it.

    Only with a judge that is loaded: nothing is downloaded that nobody has asked for.
    """
    model, judge = visitor.model, networks.loaded_judge(visitor.model)
    if judge is not None:
        generator = networks.generator(model)
        networks.atlases.build(
            generator,
            judge,
            visitor.workspace.view.space(generator).labels,
            lambda: visitor.tab == "search" and visitor.model == model,
        )


def failed() -> dict[str, Any]:
    """Returns what is shown when a search could not go on."""
    return {"status": {"text": "The search could not go on."}, **pressable(searching=False)}
