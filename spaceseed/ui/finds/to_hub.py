"""The part of the Found seeds tab that pushes finds to a dataset on the Hub; only a Space with sign-in has it."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from spaceseed.errors import ArgumentError, UploadError
from spaceseed.pushing.finds import push_finds
from spaceseed.pushing.repository import Pushed, check_repo_id
from spaceseed.recipes.recipe import Recipe, RecipeError
from spaceseed.ui.kit.events import quiet
from spaceseed.ui.kit.jobs import StatusLine, StoppedError, busy, idle, run
from spaceseed.ui.kit.messages import HintError, clear_errors
from spaceseed.ui.kit.picker import Picked, PickGallery
from spaceseed.ui.kit.text import heading
from spaceseed.ui.state.basket import png
from spaceseed.ui.state.networks import Networks
from spaceseed.ui.state.session import Session

TASK = "push"
STOPPED = "Stopped: nothing was pushed, unless it was being sent already."
UPLOADING = "Sending them to Hugging Face..."
EVENT = quiet(lane="push", at_once=2, trigger="once")


def create_to_hub(networks: Networks, session: gr.State, picker: PickGallery) -> None:
    """Lays out the part and joins its events.

    Args:
        networks: draw the finds.
        session: holds a `Session`.
        picker: where finds are chosen.
    """
    with gr.Column():  # its buttons stay below it on a phone
        heading("Push to a dataset on Hugging Face")
        with gr.Row():
            name = gr.Textbox(
                label="Dataset",
                info="A name; it is created if there is none. Names and prompts of the finds go along.",
                placeholder="my-finds",
                max_length=200,
                max_lines=1,
                elem_id="finds-dataset",
            )
            private = gr.Checkbox(
                True, label="Private", info="Only you see it.", elem_id="finds-private", min_width=120
            )
        with gr.Row(elem_classes="ss-actions"):
            gr.LoginButton("Sign in", "Sign out ({})", size="md", elem_id="finds-sign-in")
            go = gr.Button("Push finds", elem_id="finds-push")
            page = gr.Button("Open the dataset", link_target="_blank", visible=False, elem_id="finds-dataset-page")
        status = StatusLine.create("finds-push-line")

    # Gradio passes the token in by the annotation of the last argument, which a `partial` would hide.
    @clear_errors
    def push(
        visitor: Session, picked: Picked, name: str, private: bool, token: gr.OAuthToken | None
    ) -> Iterator[list[Any]]:
        yield from push_chosen(networks, visitor, picked, name, private, token.token if token else "")

    go.click(push, [session, picker, name, private], [*status.outputs, page], **EVENT)
    status.stop.click(lambda visitor: visitor.tasks.end(TASK), session, None, **quiet(queue=False))


def push_chosen(
    networks: Networks, visitor: Session, picked: Picked, name: str, private: bool, token: str
) -> Iterator[list[Any]]:
    """Pushes the finds chosen, or all when none is. Those whose model is not at hand go as JSON.

    Args:
        networks: draw the finds.
        visitor: whose finds.
        picked: those chosen.
        name: of the dataset.
        private: whether a new dataset is private.
        token: the visitor's own, used for this push alone; "" if they have not signed in.

    Yields:
        values for the status line, its stop button and the link to the dataset.

    Raises:
        HintError: there are no finds, or no token or name.
        ValueError: the Hub does not allow this name; the message is a sentence for the visitor.
    """
    kept = visitor.basket.finds
    finds = [find for key, find in kept.items() if key in picked.marks] or list(kept.values())
    if not finds:
        raise HintError("There is nothing to push yet: keep some finds first.")
    if not token:
        raise HintError("Sign in with Hugging Face first.")
    if not name.strip():
        raise HintError("Give the dataset a name first.")
    try:
        repo = check_repo_id(name.strip())
    except ArgumentError as error:
        raise ValueError(f"This cannot be the name of a dataset: it must be {error.allowed}.") from error

    def draw(recipe: Recipe) -> Path | None:
        return Path(png(networks, visitor.basket, recipe)) if networks.at_hand(recipe.model) else None

    work = partial(push_finds, finds, repo, token=token, private=private, draw=draw, cards=networks.cards)
    nothing = gr.Button(visible=False)
    try:
        for state in run(visitor.tasks, TASK, lambda progress: work(progress=progress), _line):
            if isinstance(state, Pushed):
                words = f"{len(finds)} pushed to {state.repo}."
                yield [*idle(words), gr.Button(f"Open {state.repo}", link=state.url, visible=True)]
            else:  # what the Hub has been asked to do cannot be stopped
                yield [*(idle(state) if state == UPLOADING else busy(state)), nothing]
    except StoppedError:
        yield [*idle(STOPPED), nothing]
    except (RecipeError, UploadError) as error:
        yield [*idle(str(error)), nothing]


def _line(share: float) -> str:
    return UPLOADING if share == 1 else f"Drawing the finds: {share:.0%}"
