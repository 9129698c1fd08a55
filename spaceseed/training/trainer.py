"""Trains a generator on a set of images. A run continues after an interruption, with the same result as without it."""

import copy
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor

from spaceseed.errors import ArgumentError, CheckpointError, DataError, TrainingError
from spaceseed.models.generators.generator import Generator
from spaceseed.training.config import EGAN, Config
from spaceseed.training.critics import Critics, Seen, joined
from spaceseed.training.data.images import ImageSet
from spaceseed.training.data.labels import difference, drop
from spaceseed.training.egan import generation, improve
from spaceseed.training.losses import LOSSES
from spaceseed.training.machine import BETAS, Learner, Machine
from spaceseed.training.networks.pairs import Pair, build
from spaceseed.training.report import Report

VERSION = 3  # of the checkpoint's contents
# Returns metrics of a generator by name.
Measure = Callable[[Generator], dict[str, float]]


class Trainer:
    """The state of a training. A checkpoint holds everything of it that changes.

    Attributes:
        groups: names of the labels by group; empty for unconditional networks.
        sizes: sizes of the groups.
        pair: the networks; `pair.generator` is the first of `parents`.
        parents: generators with their Adams: one, or mu in E-GAN.
        average: the moving average of the (fittest) generator's weights.
        critics: the discriminators.
        seen: number of real images shown to the discriminator, in all processes.
        seconds: duration of the steps, without reports.
        stopped: set to True, for example by a signal handler, to end `run` after the current step.

    Args:
        config: settings of the training.
        images: at `config.resolution`, with labels if `config.condition` is not "none".
        folder: folder of checkpoint, settings, reports and previews. An earlier run in it is continued.
        measure: computes metrics for reports. It gets the averaged generator in evaluation mode, on the same device.

    Raises:
        ArgumentError: the settings do not fit the images, or the run in the folder.
        CheckpointError: the folder's checkpoint is damaged or of another version.
        DataError: the labels of the images differ from those of the run in the folder.
    """

    def __init__(self, config: Config, images: ImageSet, folder: Path, measure: Measure | None = None) -> None:
        side = images.images.shape[1]
        if side != config.resolution:
            raise ArgumentError("images", f"{side} pixels wide", f"{config.resolution} pixels wide")
        config.check_resumes(folder)
        self.config, self.folder, self.measure = config, folder, measure
        self.images = images.mirrored() if config.mirror else images
        self.machine = Machine(config.precision)
        self.rng = torch.Generator(self.machine.device).manual_seed(config.seed + self.machine.rank)
        self.seen, self.seconds, self.stopped = 0, 0.0, False
        self.parents: list[Learner[Generator]] = []
        self.groups = images.labels.groups if images.labels and config.condition != "none" else {}
        self.sizes = images.labels.sizes if images.labels and self.groups else ()
        first = build(
            config.network,
            config.stages[0][0],
            z_dim=config.z_dim,
            label_groups=self.groups,
            condition=config.condition,
            capacity=config.capacity,
            seed=config.seed,
        )
        self._take(first, [first.generator], first.generator)
        self.critics = Critics(config, first, self.sizes, self.machine, self.rng)
        if self.machine.rank == 0:
            folder.mkdir(parents=True, exist_ok=True)
            partial = folder / "config.partial"
            partial.write_text(config.to_json())
            partial.replace(folder / "config.json")  # atomic, because another process may read it
        self.checkpoint = folder / "checkpoint.pt"
        if self.checkpoint.exists():
            self._load()
        self.report = Report(folder, config.images, self.seen, enabled=self.machine.rank == 0)

    def run(self) -> Generator:
        """Trains to the end, or until `stopped`, and saves a checkpoint.

        Returns:
            The averaged generator in its form for inference.

        Raises:
            TrainingError: a loss or a weight is not finite. The checkpoint is not changed.
        """
        config = self.config
        self.report.begin(self.seen)
        with closing(self.report):
            while self.seen < config.images and not self._agreed(self.stopped):
                before, began = self.seen, time.monotonic()
                try:
                    logits = self._step()
                except TrainingError as error:
                    told = f"Training stopped after {self.seen:,} images, because {error}"
                    raise TrainingError(f"{told}; the last checkpoint is unchanged.") from error
                self.seconds += time.monotonic() - began
                self.report.progress(self.seen)
                done = self.seen >= config.images
                if done or self.seen // config.report_every > before // config.report_every:
                    self._report(*logits)
                if done or self.seen // config.checkpoint_every > before // config.checkpoint_every:
                    self._save()
            if self.seen < config.images:
                self._save()
        return self.finished

    @property
    def finished(self) -> Generator:
        """The averaged generator in its form for inference."""
        return self.pair.finished(self.pair.standing(self.average)).eval()

    # ---------------------------------------------------------------- one step

    def latents(self, count: int) -> tuple[Tensor, Tensor | None]:
        """Returns latents [count, z_dim], and labels [count, num_classes] of random real images."""
        z = torch.randn(count, self.config.z_dim, generator=self.rng, device=self.machine.device)
        labels = self.images.labels
        return z, self._drop_labels(labels.vectors(self._rows(count))) if labels and self.sizes else None

    def reals(self, count: int) -> tuple[Tensor, Tensor | None]:
        """Returns random real images [count, 3, R, R] of the current resolution, and their labels."""
        images, labels = self.images.batch(self._rows(count), self.pair.generator.resolution)
        images = images.to(self.machine.device, memory_format=self._memory)
        return images, self._drop_labels(labels) if labels is not None and self.sizes else None

    def _rows(self, count: int) -> Tensor:
        return torch.randint(len(self.images), (count,), generator=self.rng, device=self.machine.device).cpu()

    def _drop_labels(self, labels: Tensor) -> Tensor:
        return drop(labels.to(self.machine.device), self.sizes, self.config.label_dropout, self.rng)

    def _step(self) -> tuple[float, float]:
        config = self.config
        self._grow()
        rate = 1.0
        if config.decay:
            rate = min(1.0, max(0.05, (config.images - self.seen) / (0.25 * config.images)))
        if config.objective == EGAN:
            fakes, objective = self._evolve(rate), LOSSES["nonsaturating"]
        else:
            objective = LOSSES[config.objective]
            latents = self.latents(config.batch)
            fakes = [improve(self.parents[0], objective, self.pair, self.critics, latents, self.rng, rate)]
        for fake in fakes:
            logits = self.critics.step(*self.reals(config.batch), fake, objective, rate)
            self.seen += config.batch * self.machine.processes
        self._average(len(fakes) * config.batch * self.machine.processes)
        return logits

    def _evolve(self, rate: float) -> list[Seen]:
        """Replaces the parents by the fittest children. Returns the inputs for the discriminators' steps."""
        batch = self.config.batch
        survivors = generation(self.parents, self.pair, self.critics, self, self.config, rate)
        self.parents = [child.learner for child in survivors]
        self.pair.generator = self.parents[0].network
        for rank, child in enumerate(survivors):
            told = {name: getattr(child, name) for name in ("parent", "mutation", "fitness", "quality", "diversity")}
            self.report.selections.add({"images": self.seen, "rank": rank} | told)
        seen = joined([child.seen for child in survivors])
        return [seen.rows(slice(i * batch, (i + 1) * batch)) for i in range(self.config.evolution.d_steps)]

    @torch.no_grad()
    def _average(self, shown: int) -> None:
        half_life = min(self.config.ema_images, 0.05 * self.seen)
        keep = 0.5 ** (shown / half_life)
        for mean, now in zip(self.average.parameters(), self.pair.generator.parameters(), strict=True):
            mean.lerp_(now, 1 - keep)
        for kept, buffer in zip(self.average.buffers(), self.pair.generator.buffers(), strict=True):
            kept.copy_(buffer)

    # ---------------------------------------------------------------- growth

    def _grow(self) -> None:
        """Grows the networks at the start of a stage, and fades the resolution in during its first half."""
        stages = self.config.stages
        now = next(i for i, (_, ends) in enumerate(stages) if self.seen < ends)
        (resolution, ends), begins = stages[now], stages[now - 1][1] if now else 0
        if resolution > self.pair.generator.resolution:
            self._grow_to(resolution)
        self.pair.fade = min(1.0, 2 * (self.seen - begins) / (ends - begins)) if begins else 1.0

    def _grow_to(self, resolution: int) -> None:
        """Continues with larger networks, which start from the smaller ones. Their optimizers are new."""
        larger = self.pair.grown(resolution)
        grown = [larger.generator]
        for network in (*(parent.network for parent in self.parents[1:]), self.average):
            grown.append(copy.deepcopy(larger.generator))
            larger.adopt(grown[-1], network)
        self._take(larger, grown[:-1], grown[-1])
        self.critics.grow(larger)

    def _take(self, pair: Pair, generators: list[Generator], average: Generator) -> None:
        """Sets the networks that are trained, on the machine's device, with new optimizers."""
        for network in (*generators, average, pair.discriminator):
            network.to(self.machine.device, memory_format=self._memory)  # type: ignore[call-overload]
            network.train()
        rate = self.config.learning_rate or pair.learning_rate
        self.pair = pair
        self.parents = [Learner(network, pair.groups(network, rate), BETAS, self.machine) for network in generators]
        self.average = copy.deepcopy(average).requires_grad_(False)

    @property
    def _memory(self) -> torch.memory_format:
        return torch.channels_last if self.config.channels_last else torch.contiguous_format

    # ---------------------------------------------------------------- reports and checkpoints

    def _report(self, real: float, fake: float) -> None:
        row: dict[str, float] = {
            "images": self.seen,
            "resolution": self.pair.generator.resolution,
            "seconds": round(self.seconds, 1),
            "D(real)": real,
            "D(fake)": fake,
        }
        if self.config.augment == "ada":
            row["augmented"] = self.critics.probability
        if self.machine.rank == 0:
            generator = self.finished
            with torch.no_grad():
                row |= self.measure(generator) if self.measure else {}
            labels = self.images.labels if self.sizes else None
            self.report.write(row, generator, labels)

    def _state(self) -> dict[str, Any]:
        return {
            "version": VERSION,
            "groups": dict(self.groups),
            "resolution": self.pair.generator.resolution,
            "seen": self.seen,
            "seconds": self.seconds,
            "parents": [parent.state_dict() for parent in self.parents],
            "average": self.average.state_dict(),
            "critics": self.critics.state_dict(),
            "rng": self.machine.gather(self.rng.get_state()),
        }

    def _save(self) -> None:
        state = self._state()
        if self.machine.rank == 0:
            self.report.flush()
            partial = self.checkpoint.with_suffix(".partial")
            torch.save(state, partial)
            partial.replace(self.checkpoint)  # atomic, so an interruption leaves the last checkpoint intact

    def _load(self) -> None:
        try:
            state = torch.load(self.checkpoint, map_location="cpu", weights_only=True)
        except (RuntimeError, UnpicklingError, EOFError) as error:
            raise CheckpointError(f"{self.checkpoint} is damaged; delete it to start again.") from error
        if not isinstance(state, dict) or state.get("version") != VERSION:
            raise CheckpointError(f"{self.checkpoint} is of another version; training needs a new folder.")
        if what := difference(state["groups"], self.groups):
            run = f"the run in {self.folder}"
            raise DataError(f"The labels of the images are not those of {run}: {what}; a new run needs a new folder.")
        if len(state["rng"]) != self.machine.processes:
            raise ArgumentError("processes", self.machine.processes, f"{len(state['rng'])}, as at the start of the run")
        for resolution, _ in self.config.stages:
            if self.pair.generator.resolution < resolution <= state["resolution"]:
                self._grow_to(resolution)
        if len(state["parents"]) > len(self.parents):  # E-GAN begins with one parent
            count = len(state["parents"])
            copies = [copy.deepcopy(self.pair.generator) for _ in range(count - 1)]
            self._take(self.pair, [self.pair.generator, *copies], self.average)
        for parent, its in zip(self.parents, state["parents"], strict=True):
            parent.load_state_dict(its)
        self.average.load_state_dict(state["average"])
        self.critics.load_state_dict(state["critics"])
        self.seen, self.seconds = state["seen"], state["seconds"]
        self.rng.set_state(state["rng"][self.machine.rank])

    def _agreed(self, stopped: bool) -> bool:
        """Returns whether any process was stopped. It is the same in all processes."""
        return bool(self.machine.mean(torch.tensor(float(stopped), device=self.machine.device)))
