"""Finds the example faces: one search a prompt, the best of each kept as a PNG with its recipe inside.

Run it as `PYTHONPATH=. python examples/find.py` when the bundled weights have changed: a recipe belongs to the weights
that drew it.
"""

from pathlib import Path

import spaceseed as ss

HERE = Path(__file__).parent
EVALUATIONS = 2_000
WARM_START = range(256)
WISHES = {
    "Ada": "a smiling woman with long red hair",
    "Bruno": "bald man with a full beard",
    "Chioma": "dark-skinned woman with an afro, smiling",
    "Dieter": "old man with gray hair and a moustache",
    "Elin": "blonde woman with round glasses",
    "Farid": "man with black hair and stubble",
    "Gita": "woman with a black bun, yellow background",
    "Hugo": "surprised man with round glasses",
    "Ines": "winking woman with pink hair",
    "Jomo": "cool man in sunglasses",
    "Kei": "person with curly hair and closed eyes",
    "Lola": "woman sticking out her tongue, purple background",
}


def main() -> None:
    """Searches for every wish and writes the finds beside this file."""
    generator, judge = ss.load("avatars"), ss.load_judge("avatars")
    for seed, (name, wish) in enumerate(WISHES.items()):
        start = ss.latents_from_seeds(WARM_START, generator.z_dim)
        optimizer = ss.CMAES(generator.z_dim, start=start, seed=seed)
        limit = ss.Termination(evaluations=EVALUATIONS)
        *_, last = ss.search(generator, ss.TextObjective(judge, wish), optimizer, termination=limit)
        last.best.replace(name=name).save(HERE / f"{name.lower()}.png", generator)
        print(f"{name}: {wish}: {last.best_score:.3f}", flush=True)


if __name__ == "__main__":
    main()
