"""The examples: prompts that suit the bundled faces, and finds that visitors may look at first."""

from pathlib import Path

_PACKAGE = Path(__file__).parents[2]
# An installed package has the examples inside, a checkout beside it.
EXAMPLES = next((folder for folder in (_PACKAGE / "examples", _PACKAGE.parent / "examples") if folder.is_dir()), None)


def example_prompts() -> list[str]:
    """Returns prompts that suit faces; [] where there are no examples."""
    return (EXAMPLES / "prompts.txt").read_text(encoding="utf-8").splitlines() if EXAMPLES else []


def example_finds() -> list[Path]:
    """Returns the PNGs of finds, in the order of their names; [] where there are no examples."""
    return sorted(EXAMPLES.glob("*.png")) if EXAMPLES else []
