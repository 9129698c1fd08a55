"""The Search tab: a prompt becomes faces while the visitor watches the score climb."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
from gradio.utils import get_upload_folder

from spaceseed.models.generator import Generator
from spaceseed.recipe import Recipe
from spaceseed.search import TOP
from spaceseed.ui.breed_tab import BreedTab, liked_latents
from spaceseed.ui.charts import draw_curve, score_curve
from spaceseed.ui.climb import FRAMES, Climb, Job, climb
from spaceseed.ui.faces import captioned, faces
from spaceseed.ui.messages import clear_errors, inform, refusal, warn
from spaceseed.ui.picker import Picked
from spaceseed.ui.search_controls import create_controls
from spaceseed.ui.search_settings import SearchSettings
from spaceseed.ui.session import Session, Ticket

if TYPE_CHECKING:
    from spaceseed.models.judge import Judge

PROMPTS = Path(__file__).parents[2] / "examples" / "prompts.txt"
KNOWN = "skin, hair, glasses, beards, eyes, brows, mouths, clothes and backgrounds"
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
# Through the queue, because Gradio shows no refusal of an event that goes past it; but never waiting there.
QUICK: dict[str, Any] = QUIET | {"concurrency_limit": None}
NOW: dict[str, Any] = QUIET | {"queue": False}
# A visitor may search anew while a search of theirs runs: the old one sees that its ticket is taken, and ends.
AGAIN: dict[str, Any] = {"trigger_mode": "multiple"}
STATUS = """${(() => {
  const {text = '', share = 0} = value || {};
  const escape = (text) => String(text).replace(/[&<>"'`]/g, (c) => '&#' + c.charCodeAt(0) + ';');
  return '<p class="ss-status" role="status">' + escape(text) + '</p><div class="ss-track"><div style="width:' +
    100 * Number(share) + '%"></div></div>';
})()}"""
# Follows the hidden link once Gradio has given it its file.
FETCH = "() => { setTimeout(() => document.querySelector('#search-file a, #search-file')?.click(), 150); }"


@dataclass(frozen=True)
class Results:
    """Where a search is drawn: its line, its pictures, its curve, and the state behind them."""

    status: gr.HTML
    best: gr.HTML
    film: gr.HTML
    top: gr.HTML
    curve: gr.HTML
    climb: gr.State

    @property
    def outputs(self) -> list[Any]:
        """What `draw` fills."""
        return [self.status, self.best, self.film, self.top, self.curve, self.climb]


def create_search_tab(
    generator: Generator,
    judge: "Callable[[], Judge]",
    session: gr.State,
    basket: gr.State,
    breed: BreedTab,
    tabs: gr.Tabs,
) -> None:
    """Lays out the tab and joins its events.

    Args:
        generator: draws the faces.
        judge: gives the network that scores them; called when it is needed first.
        session: holds a `Session`.
        basket: a number that changes with the finds.
        breed: the Breed tab, whose liked faces a search can start from, and which takes finds to breed on.
        tabs: to turn to it.
    """
    with gr.Row(equal_height=True, elem_id="search-bar"):
        prompt = gr.Textbox(
            label="What should the face look like? Enter starts the search.",
            placeholder="a smiling woman with red hair, or pick one below",
            elem_id="search-prompt",
            scale=5,
            min_width=240,
        )
        go = gr.Button("Search", variant="primary", size="lg", min_width=100, elem_id="search-go")
        stop = gr.Button("Stop", variant="stop", size="lg", min_width=100, interactive=False, elem_id="search-stop")
        halt = gr.Button("Stopping...", size="lg", min_width=100, visible=False, elem_id="search-halt")
    chips = gr.Dataset(
        components=[gr.Textbox(visible=False)],
        samples=[[line] for line in example_prompts()],
        label="Example prompts",
        show_label=False,
        elem_id="search-examples",
    )
    with gr.Accordion("Search settings", open=False, elem_id="search-settings"):
        controls = create_controls()
    results = _create_results()
    with gr.Row(elem_classes="ss-actions"):
        keep_best = gr.Button("Keep best", min_width=120, elem_id="search-keep-best")
        keep_all = gr.Button(f"Keep all {TOP}", min_width=120, elem_id="search-keep-all")
        send = gr.Button("Breed from these", min_width=120, elem_id="search-send")
        download = gr.Button("Download best (PNG)", min_width=120, elem_id="search-download")
        file = gr.DownloadButton(visible="hidden", elem_id="search-file")

    @clear_errors
    def check(visitor: Session, picked: Picked, text: str, *values: Any) -> list[Any]:
        job = ask(visitor, picked, {"prompt": text} | controls.read(values))
        return [job, {"text": "Getting ready..."}, *_stop_buttons(searching=True)]

    def run(visitor: Session, job: Job) -> Iterator[list[Any]]:
        warn_of_unknown_words(judge(), job.settings.prompt)
        for state in climb(generator, judge(), job, visitor):
            yield [*draw(state), *_stop_buttons(searching=not state.ended)]

    job = gr.State()
    asked = [session, breed.picker, prompt, *controls.components]
    buttons = [stop, halt]
    typed = gr.on([go.click, prompt.submit], check, asked, [job, results.status, *buttons], **QUICK, **AGAIN)
    picked = chips.click(lambda sample: sample[0], chips, prompt, **NOW)
    picked = picked.then(check, asked, [job, results.status, *buttons], **QUICK, **AGAIN)
    searches = [
        checked.success(
            run,
            [session, job],
            [*results.outputs, *buttons],
            concurrency_id="search",
            concurrency_limit=2,
            **QUIET,
            **AGAIN,
        )
        for checked in (typed, picked)
    ]
    for search in searches:
        search.failure(lambda: _stop_buttons(searching=False), None, buttons, **NOW)
    stop.click(ask_to_stop, session, buttons, **NOW)
    halt.click(lambda: _stop_buttons(searching=False), None, buttons, cancels=searches, **NOW)

    keep_best.click(lambda visitor, state: keep(visitor, state, 1), [session, results.climb], basket, **QUICK)
    keep_all.click(lambda visitor, state: keep(visitor, state, TOP), [session, results.climb], basket, **QUICK)
    sent = send.click(send_to_breed, [session, results.climb], tabs, **QUICK)
    sent.success(breed.show, breed.inputs, breed.outputs, **QUICK)
    written = download.click(lambda state: write_png(generator, state), results.climb, file, **QUICK)
    written.success(None, None, None, js=FETCH)


def _create_results() -> Results:
    status = gr.HTML(
        {"text": "Type a prompt, or pick one, and watch the faces change."},
        html_template=STATUS,
        js_on_load=None,
        elem_id="search-status",
    )
    with gr.Row(elem_id="search-results"):
        with gr.Column(scale=6, min_width=260):
            best = faces("Best so far", places=1, columns=1, elem_id="search-best")
        with gr.Column(scale=9, min_width=320):
            top = faces("Best finds", places=TOP, columns=4, elem_id="search-top")
            film = faces("From the start to the best", places=FRAMES, columns=FRAMES, elem_id="search-film")
        with gr.Column(scale=6, min_width=260):
            curve = score_curve()
    return Results(status, best, film, top, curve, gr.State())


def draw(state: Climb) -> list[Any]:
    """Values for `Results.outputs`."""
    status = {"text": state.status, "share": state.share}
    if state.latest is None:
        return [status, *[gr.skip()] * 5]
    finds, frames = state.latest.top, state.frames()
    return [
        status,
        captioned(finds[:1], [f"best so far: {finds[0].score:.3f}"]),
        captioned([find for _, find in frames], ["start" if number == 1 else f"gen {number}" for number, _ in frames]),
        captioned(finds, [f"{find.score:.3f}" for find in finds]),
        draw_curve(state.best, state.mean, state.settings.generations),
        state,
    ]


def ask(visitor: Session, picked: Picked, values: dict[str, Any]) -> Job:
    """Checks what a visitor asks for. Only a search that can begin ends the one that runs.

    Raises:
        ValueError: what is wrong, in a sentence for the visitor.
    """
    settings = SearchSettings.parse(values)
    liked = liked_latents(visitor, picked) if settings.from_liked else None
    if liked is not None and not len(liked):
        raise ValueError("Like some faces in Breed first, or start from random seeds.")
    visitor.ticket = Ticket()
    return Job(settings, liked, visitor.ticket)


def ask_to_stop(visitor: Session) -> tuple[gr.Button, gr.Button]:
    """Lets the search that runs end by itself; until it does, a second button waits that cuts it off."""
    if visitor.ticket is not None:
        visitor.ticket.stopped = True
    return gr.Button(visible=False), gr.Button(visible=True)


def keep(visitor: Session, state: Climb | None, count: int) -> int:
    """Puts the best finds into the basket."""
    kept, problem = visitor.keep(_found(state, count))
    inform(f"Kept {kept} in Found seeds." if kept else "Kept already: look into Found seeds.")
    if problem:
        warn(problem)
    return visitor.changed()


@clear_errors
def send_to_breed(visitor: Session, state: Climb | None) -> gr.Tabs:
    """Puts the finds on the breeding page and turns to it."""
    problem = visitor.breed_from(_found(state, TOP))
    if problem:
        warn(problem)
    return gr.Tabs(selected="breed")


def write_png(generator: Generator, state: Climb | None) -> str:
    """Writes the best find where Gradio serves and, in time, deletes it; returns the path."""
    recipe = _found(state, 1)[0]
    path = Path(get_upload_folder()) / recipe.id / f"spaceseed-{recipe.id}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    recipe.save(path, generator)
    return str(path)


def unknown_words(judge: "Judge", prompt: str) -> list[str]:
    """Words that the bundled judge has never seen; [] for judges that were made for any text.

    The bundled tokenizer keeps each word that it learnt as one token, and has to spell all others.
    """
    if judge.name != "avatars":
        return []
    words = dict.fromkeys(re.findall(r"\w+|[^\w\s]", prompt.lower()))
    return [word for word in words if len(judge.tokenizer.encode(word)) > 1]


def warn_of_unknown_words(judge: "Judge", prompt: str) -> None:
    """Says which words of a prompt may be misread, and what can be asked for."""
    unknown = [f'"{word}"' for word in unknown_words(judge, prompt)]
    if unknown:
        words = ", ".join(unknown[:3]) + (" and more" if len(unknown) > 3 else "")
        warn(f"This judge has never seen {words} and may misread the prompt. It knows {KNOWN}.")


def example_prompts() -> list[str]:
    """Prompts that suit the bundled model; [] where the examples were not installed along."""
    return PROMPTS.read_text(encoding="utf-8").splitlines() if PROMPTS.exists() else []


def _found(state: Climb | None, count: int) -> list[Recipe]:
    if state is None:
        raise refusal("Nothing is found yet: start a search first.")
    return state.recipes(count)


def _stop_buttons(searching: bool) -> tuple[gr.Button, gr.Button]:
    return gr.Button(visible=True, interactive=searching), gr.Button(visible=False)
