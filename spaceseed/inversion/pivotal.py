"""Pivotal tuning: changes a generator's weights a little, until it draws one picture exactly.

Example::

    *_, state = ss.project(G, image, space="w", method="ada")
    tuned = ss.tune(G, image, state.ws)
    ss.save_generator(tuned, "me.safetensors", title="me")

A projection in w can be edited well, and is not quite like the picture. Roich et al. 2021, "Pivotal Tuning for
Latent-based Editing of Real Images", keep its w and tune the weights around it: 350 steps of Adam at 3e-4, squared
error of pixels and LPIPS in equal parts, until LPIPS is at most 0.06.
"""

import copy

import torch
from torch import Tensor

from spaceseed.arguments import check_integer, check_number, check_tensor
from spaceseed.batches import Progress
from spaceseed.inversion.descent import BETAS
from spaceseed.inversion.reconstruction import Distance, Reconstruction, Target
from spaceseed.models.generators.generator import Generator
from spaceseed.models.judges.perceptual import load_distance

STEPS, RATE, NEAR = 350, 3e-4, 0.06


def tune(
    generator: Generator,
    image: Tensor,
    ws: Tensor,
    *,
    steps: int = STEPS,
    rate: float = RATE,
    near: float = NEAR,
    distance: Distance | None = None,
    mask: Tensor | None = None,
    progress: Progress = lambda _: None,
) -> Generator:
    """Returns a copy of a generator that draws a picture from given styles.

    Args:
        generator: the generator; it is not changed.
        image: [1, 3, S, S] in [-1, 1].
        ws: [1, num_ws, w_dim], the pivot, such as the `ws` of a `Projection`.
        steps: number of steps of Adam, at most.
        rate: its learning rate.
        near: the perceptual distance at which it ends.
        distance: how different images look; the one that is at hand by default.
        mask: [1, 1, S, S], 0 to 1: how much each pixel counts.
        progress: called with the share of the steps that is done. It may raise an exception to end the work.

    Returns:
        The tuned copy, frozen, without a card: its weights are of no model that others know.

    Raises:
        ArgumentError: an argument has another shape or is out of range.
    """
    check_integer("steps", steps, 1)
    check_number("rate", rate, 0, 1, above=True)
    check_number("near", near, 0)
    ws = check_tensor("ws", ws, [1, generator.num_ws, generator.w_dim]).to(generator.device)
    target = Target.of(generator, image, mask)
    distance = load_distance(device=generator.device) if distance is None else distance
    loss = Reconstruction(target, distance, pixels=1.0)
    tuned = copy.deepcopy(generator)
    tuned.card = None
    # The mapping has no part in drawing these styles, and w must keep its meaning.
    weights = [weight for name, weight in tuned.named_parameters() if not name.startswith("mapping.")]
    for weight in weights:
        weight.requires_grad_(True)
    adam = torch.optim.Adam(weights, lr=rate, betas=BETAS)
    for step in range(steps):
        with torch.enable_grad():
            parts = loss(tuned.synthesize(ws))
        if float(parts["perceptual"].detach()) <= near:
            break
        adam.zero_grad(set_to_none=True)
        parts["loss"].sum().backward()
        adam.step()
        progress((step + 1) / steps)
    return tuned.requires_grad_(False)
