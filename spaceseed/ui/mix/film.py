"""The Film part of the Steer tab: a walk through several finds, to watch and to download."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr
import imageio_ffmpeg
import numpy as np
import torch
from torch import Tensor

from spaceseed.batches import Progress, batch_size
from spaceseed.images import from_uint8
from spaceseed.mixing.detours import Penalty
from spaceseed.mixing.film import write_film
from spaceseed.mixing.walk import MAX_FINDS, MAX_FRAMES, walk
from spaceseed.models.generators.generator import Generator
from spaceseed.recipes.recipe import Recipe
from spaceseed.ui.kit.controls import Slider
from spaceseed.ui.kit.cores import use_cores
from spaceseed.ui.kit.events import in_order, quiet
from spaceseed.ui.kit.files import press, served
from spaceseed.ui.kit.jobs import StoppedError, run
from spaceseed.ui.kit.menu import Large, PictureMenu
from spaceseed.ui.kit.messages import HintError, clear_errors, warn
from spaceseed.ui.kit.numbers import is_number
from spaceseed.ui.kit.picker import Picked, PickGallery
from spaceseed.ui.kit.text import line
from spaceseed.ui.mix.chosen import chooser, chosen_finds, one_model
from spaceseed.ui.state import gpu
from spaceseed.ui.state.large import large
from spaceseed.ui.state.mixture import Film
from spaceseed.ui.state.networks import Networks
from spaceseed.ui.state.session import Session

EVENT, NOW = quiet(lane="film", at_once=2), quiet(queue=False)
WAYS = [("even changes (straight, in w)", "w"), ("unedited seeds only (on an arc, in z)", "z")]
MAX_SECONDS = 600.0
TASK = "film"
NAME = "spaceseed-film"
READY = "Choose two finds or more above: the film passes them in the order in which you chose them."
# The moment at which the video stands, in place of the second input.
MOMENT = "(visitor) => [visitor, document.querySelector('#film-video video')?.currentTime ?? 0]"


@dataclass(frozen=True)
class Script:
    """A film that the visitor asked for, checked."""

    finds: tuple[Recipe, ...]
    frames: int
    fps: int
    way: str
    loop: bool
    eased: bool

    @classmethod
    def read(cls, finds: Sequence[Recipe], seconds: Any, fps: Any, way: Any, loop: bool, eased: bool) -> "Script":
        """Checks what the visitor asks for.

        Args:
            finds: in order.
            seconds: from each to the next.
            fps: frames a second.
            way, loop, eased: as for `walk`.

        Raises:
            ValueError: the message is a sentence for the visitor.
        """
        if len(finds) < 2:
            raise HintError("A film needs two finds or more: choose another one too.")
        if way == "z" and any(find.space != "z" or find.steps for find in finds):
            raise ValueError("This way passes unedited seeds only, and not all of these are: choose even changes.")
        if not (is_number(seconds) and 0 < seconds <= MAX_SECONDS and is_number(fps) and 1 <= fps <= 60):
            raise ValueError("Seconds and frames a second must be numbers above 0.")
        legs = len(finds) if loop else len(finds) - 1
        frames = max(2, round(legs * seconds * fps))
        if frames > MAX_FRAMES:
            raise ValueError(
                f"This film would have {frames:,} frames, and {MAX_FRAMES:,} are allowed: "
                "take fewer finds, seconds or frames a second."
            )
        return cls(tuple(finds), frames, round(fps), str(way), bool(loop), bool(eased))


def create_film(networks: Networks, session: gr.State, menu: PictureMenu) -> PickGallery:
    """Lays out the part and joins its events.

    Args:
        networks: draw.
        session: holds a `Session`.
        menu: shows a frame large.

    Returns:
        where the finds are chosen, in order.
    """
    order = chooser("film-order")
    with gr.Row(elem_classes="ss-film"):
        with gr.Column(scale=5, min_width=320):
            with gr.Row():
                seconds = Slider(
                    0.5, 10, 2, step=0.5, label="Seconds", info="From each to the next.", elem_id="film-seconds",
                    min_width=140,
                )  # fmt: skip
                fps = Slider(
                    6, 30, 24, step=1, label="Frames a second", info="Fewer are drawn sooner.", elem_id="film-fps",
                    min_width=140,
                )  # fmt: skip
            way = gr.Radio(
                WAYS, value="w", label="Way", info="How the film goes from each find to the next.",
                elem_id="film-way",
            )  # fmt: skip
            with gr.Row():
                loop = gr.Checkbox(True, label="Loop", info="Back to the first.", elem_id="film-loop", min_width=120)
                eased = gr.Checkbox(True, label="Eased", info="Slow at each.", elem_id="film-eased", min_width=120)
            with gr.Row(elem_classes="ss-actions"):
                go = gr.Button("Make the film", variant="primary", elem_id="film-go")
                stop = gr.Button("Cancel", variant="stop", interactive=False, elem_id="film-stop")
            words = line(READY, "film-words")
        with gr.Column(scale=5, min_width=320):
            # Hidden until there is a film: what plays videos is as large as all else that a new page loads.
            video = gr.Video(
                label="Film", interactive=False, autoplay=True, loop=True, height=340, buttons=[], visible=False,
                elem_id="film-video",
            )  # fmt: skip
            with gr.Row(elem_classes="ss-actions"):
                mp4 = gr.DownloadButton("Download MP4", interactive=False, elem_id="film-mp4")
                gif = gr.Button("Download GIF", interactive=False, elem_id="film-gif")
                frame = gr.Button("Take this frame", interactive=False, elem_id="film-frame")
                file = gr.DownloadButton(visible="hidden", elem_id="film-gif-file")
    moment = gr.Number(visible="hidden", elem_id="film-moment")
    outputs = {"words": words, "video": video, "mp4": mp4, "gif": gif, "frame": frame, "go": go, "stop": stop}

    @clear_errors
    def make_shown(*inputs: Any) -> Iterator[list[Any]]:
        for shown in make(networks, *inputs):
            yield in_order(shown, outputs)

    inputs = [session, order, seconds, fps, way, loop, eased]
    made = go.click(make_shown, inputs, list(outputs.values()), **EVENT)
    made.failure(lambda: in_order(_state(READY, busy=False), outputs), None, list(outputs.values()), **NOW)
    stop.click(lambda visitor: visitor.tasks.end(TASK), session, None, **NOW)
    gif.click(clear_errors(make_gif), [session], file, **EVENT).success(None, None, None, js=press("film-gif-file"))
    frame.click(clear_errors(partial(take_frame, networks)), [session, moment], menu, js=MOMENT, **EVENT)
    return order


def make(
    networks: Networks, visitor: Session, order: Picked, seconds: Any, fps: Any, way: Any, loop: bool, eased: bool
) -> Iterator[dict[str, Any]]:
    """Makes a film.

    Yields:
        how far it is, and at the end the film; the one before stays when this one is cancelled.
    """
    finds = chosen_finds(visitor, order, MAX_FINDS, "film")
    script = Script.read(finds, seconds, fps, way, loop, eased)
    generator = networks.generator(one_model(networks, visitor, finds, "passed in one film"))
    penalty = _penalty(generator, visitor, script.way)
    ws = walk(
        generator, script.finds, script.frames, way=script.way, loop=script.loop, eased=script.eased, penalty=penalty
    )

    # It is written where it is drawn: its frames are large, and the file is small.
    work, seconds = partial(_drawn, generator, script, ws), gpu.seconds_to_draw(generator, script.frames)
    try:
        for state in run(
            visitor.tasks,
            TASK,
            lambda progress: Path(gpu.call(work, progress, seconds)),
            lambda done: f"Frame {round(done * script.frames):,} of {script.frames:,}",
        ):
            if isinstance(state, Path):
                visitor.film = Film(state, script.fps, script.finds[0], ws.cpu())
                yield {
                    **_state(f"{script.frames:,} frames, {script.frames / script.fps:.0f} seconds.", busy=False),
                    "video": gr.update(value=str(state), visible=True),
                    "mp4": gr.DownloadButton(value=str(state), interactive=True),
                    "gif": gr.Button(interactive=True),
                    "frame": gr.Button(interactive=True),
                }
            else:
                yield _state(state, busy=True)
    except StoppedError:
        warn("Cancelled: no film was made.")
        yield _state(READY, busy=False)


def _penalty(generator: Generator, visitor: Session, way: str) -> Penalty | None:
    """Returns the penalty of the filter in use, for `walk`; None while none is."""
    workspace = visitor.workspace
    learned = workspace.avoiding.films_with
    if learned is None:
        return None
    if way == "z":
        return lambda z: learned.penalty(z, "z")
    space = workspace.view.space(generator, "w")
    return lambda w: learned.penalty(space.from_w(w), "w")


def _drawn(generator: Generator, script: Script, ws: Tensor, progress: Progress) -> str:
    """Draws a film; returns the path of its file."""

    def frames() -> Iterator[Tensor]:
        for drawn, image in enumerate(draw_frames(generator, script.finds[0], ws), start=1):
            yield image
            progress(drawn / script.frames)

    return _written(frames(), script.fps)


@torch.no_grad()
def draw_frames(generator: Generator, first: Recipe, ws: Tensor) -> Iterator[Tensor]:
    """Draws styles [n, num_ws, w_dim] as the first find draws: noise, motion, edits of units. Yields [3, H, W]."""
    size = 1 if first.noise == "random" else batch_size(generator)  # the same noise in each frame
    for part in ws.split(size):
        use_cores(generator)
        yield from generator.synthesize(part, **first.synthesis_options(generator))


def make_gif(visitor: Session) -> str:
    """Writes the film made last as a GIF; returns its path."""
    film = _film(visitor)
    return _written(_read_frames(film.path), film.fps, ".gif")


def take_frame(networks: Networks, visitor: Session, moment: Any) -> Large:
    """Shows the frame at a moment of the film, in seconds, large."""
    film = _film(visitor)
    recipe = film.frame(networks.generator(film.first.model), float(moment) if is_number(moment) else 0.0)
    return large(networks, visitor, recipe, opens=True)


def _film(visitor: Session) -> Film:
    if visitor.film is None or not visitor.film.path.is_file():
        raise HintError("Make a film first.")
    return visitor.film


def _read_frames(path: Path) -> Iterator[Tensor]:
    pictures = imageio_ffmpeg.read_frames(str(path))
    width, height = next(pictures)["size"]
    for data in pictures:
        yield from from_uint8(np.frombuffer(bytearray(data), np.uint8).reshape(1, height, width, 3))


def _written(frames: Iterator[Tensor], fps: int, suffix: str = ".mp4") -> str:
    """Writes a film where the browser may fetch it; returns its path."""
    return served(NAME + suffix, lambda path: write_film(frames, path, fps))


def _state(words: str, *, busy: bool) -> dict[str, Any]:
    """Returns the line, and the buttons that make a film and cancel it."""
    return {"words": words, "go": gr.Button(interactive=not busy), "stop": gr.Button(interactive=busy)}
