"""Cartoon faces with known attributes: the training data of the bundled generator and judge.

`python-avatars` draws a face as SVG, `resvg` rasterises it, and it is cropped to the head. An `Avatar` names what is
visible, in words. `render` turns it into pixels. `sample` draws attributes so that all values of an attribute are
equally frequent among those that others permit (no beard with long hair, no visible eyes with sunglasses, no frown
with a smile)::

    avatars = [sample(random.Random(seed)) for seed in range(8)]
    images = np.stack([render(avatar) for avatar in avatars])      # uint8 [8, 64, 64, 3]
"""

import io
import random
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
import python_avatars as pa
import resvg_py
from PIL import Image

RESOLUTION = 64
# The square of the head in the drawing's 264 x 280 units: left, top, side.
HEAD = (25.0, 0.0, 214.0)
SUPERSAMPLING = 2

SKIN = {"pale": "#FFDBB4", "light": "#EDB98A", "tan": "#D08B5B", "brown": "#AE5D29", "dark": "#614335"}
HAIR = {
    "bald": pa.HairType.NONE,
    "short": pa.HairType.SHORT_FLAT,
    "side-parted": pa.HairType.SHORT_ROUND,
    "quiff": pa.HairType.QUIFF,
    "pixie": pa.HairType.PIXIE,
    "curly": pa.HairType.CURLY,
    "afro": pa.HairType.FRO,
    "bun": pa.HairType.BUN,
    "bob": pa.HairType.BOB,
    "straight": pa.HairType.STRAIGHT_STRAND,
    "wavy": pa.HairType.BIG_HAIR,
}
HAIR_COLOR = {
    "black": "#2C1B18",
    "brown": "#724133",
    "blonde": "#D6B370",
    "red": "#C93305",
    "gray": "#D9D5D5",
    "pink": "#F28FB0",
}
GLASSES = {
    "none": pa.AccessoryType.NONE,
    "round": pa.AccessoryType.ROUND,
    "square": pa.AccessoryType.PRESCRIPTION_2,
    "sunglasses": pa.AccessoryType.WAYFARERS,
}
BEARD = {
    "none": pa.FacialHairType.NONE,
    "stubble": pa.FacialHairType.BEARD_LIGHT,
    "full": pa.FacialHairType.BEARD_MAGESTIC,
    "moustache": pa.FacialHairType.MOUSTACHE_FANCY,
}
EYES = {
    "open": pa.EyeType.DEFAULT,
    "happy": pa.EyeType.HAPPY,
    "closed": pa.EyeType.CLOSED,
    "wink": pa.EyeType.WINK,
    "wide": pa.EyeType.SURPRISED,
}
BROWS = {
    "relaxed": pa.EyebrowType.DEFAULT_NATURAL,
    "raised": pa.EyebrowType.RAISED_EXCITED_NATURAL,
    "angry": pa.EyebrowType.ANGRY_NATURAL,
    "worried": pa.EyebrowType.SAD_CONCERNED_NATURAL,
}
MOUTH = {
    "smile": pa.MouthType.SMILE,
    "serious": pa.MouthType.SERIOUS,
    "sad": pa.MouthType.SAD,
    "open": pa.MouthType.SCREAM_OPEN,
    "tongue": pa.MouthType.TONGUE,
}
CLOTHES = {
    "t-shirt": pa.ClothingType.SHIRT_CREW_NECK,
    "hoodie": pa.ClothingType.HOODIE,
    "blazer": pa.ClothingType.BLAZER_SHIRT,
    "collar": pa.ClothingType.COLLAR_SWEATER,
}
CLOTHES_COLOR = {
    "black": "#262E33",
    "blue": "#25557C",
    "red": "#E0474C",
    "green": "#3C8D5A",
    "yellow": "#F2C84B",
    "white": "#F4F4F4",
}
BACKGROUND = {
    "blue": "#8EC9F2",
    "green": "#A9DDB0",
    "yellow": "#FBE8A6",
    "pink": "#F7C3D2",
    "purple": "#C3B4E8",
    "white": "#FAFAFA",
}
LAUGHING = ("smile", "tongue")
FEMININE_HAIR = ("bun", "bob", "straight", "wavy")
MASCULINE_HAIR = ("bald", "short", "side-parted", "quiff")


@dataclass(frozen=True)
class Avatar:
    """The visible attributes of one face. Every field holds a word of `ATTRIBUTES`."""

    skin: str
    hair: str
    hair_color: str
    glasses: str
    beard: str
    eyes: str
    brows: str
    mouth: str
    clothes: str
    clothes_color: str
    background: str

    @property
    def presentation(self) -> str:
        """The impression on a stranger: "woman", "man" or "person"."""
        if self.beard != "none" or self.hair in MASCULINE_HAIR:
            return "man"
        return "woman" if self.hair in FEMININE_HAIR else "person"


# "hidden" is for attributes that cannot be seen: the hair colour of bald people, and eyes behind sunglasses.
ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "skin": tuple(SKIN),
    "hair": tuple(HAIR),
    "hair_color": (*HAIR_COLOR, "hidden"),
    "glasses": tuple(GLASSES),
    "beard": tuple(BEARD),
    "eyes": (*EYES, "hidden"),
    "brows": tuple(BROWS),
    "mouth": tuple(MOUTH),
    "clothes": tuple(CLOTHES),
    "clothes_color": tuple(CLOTHES_COLOR),
    "background": tuple(BACKGROUND),
}
assert tuple(ATTRIBUTES) == tuple(field.name for field in fields(Avatar))


def sample(rng: random.Random) -> Avatar:
    """Draws one face. Each attribute is uniform over the values that the others permit.

    Half of all faces that can have a beard have none, and half of all faces have no glasses, so both states of each
    attribute are equally frequent. Moustaches and stubble, and kinds of glasses, share the other half.
    """
    hair = rng.choice(tuple(HAIR))
    can_grow_beard = hair not in FEMININE_HAIR
    beard = rng.choice(tuple(BEARD)[1:]) if can_grow_beard and rng.random() < 0.5 else "none"
    glasses = rng.choice(tuple(GLASSES)[1:]) if rng.random() < 0.5 else "none"
    mouth = rng.choice(tuple(MOUTH))
    # A frown with a laughing mouth looks wrong.
    brows = rng.choice(tuple(BROWS)[:2] if mouth in LAUGHING else tuple(BROWS))
    # The beard of a bald man shows his hair colour. Without hair and beard it is hidden.
    shows_hair = hair != "bald" or beard != "none"
    return Avatar(
        skin=rng.choice(tuple(SKIN)),
        hair=hair,
        hair_color=rng.choice(tuple(HAIR_COLOR)) if shows_hair else "hidden",
        glasses=glasses,
        beard=beard,
        eyes="hidden" if glasses == "sunglasses" else rng.choice(tuple(EYES)),
        brows=brows,
        mouth=mouth,
        clothes=rng.choice(tuple(CLOTHES)),
        clothes_color=rng.choice(tuple(CLOTHES_COLOR)),
        background=rng.choice(tuple(BACKGROUND)),
    )


def drawing(avatar: Avatar) -> str:
    """Returns the SVG drawing of one face, 264 x 280 units, without its background."""
    hair_color = HAIR_COLOR.get(avatar.hair_color, HAIR_COLOR["brown"])
    return pa.Avatar(
        style=pa.AvatarStyle.TRANSPARENT,
        top=HAIR[avatar.hair],
        eyebrows=BROWS[avatar.brows],
        eyes=EYES.get(avatar.eyes, EYES["open"]),
        nose=pa.NoseType.DEFAULT,
        mouth=MOUTH[avatar.mouth],
        facial_hair=BEARD[avatar.beard],
        skin_color=SKIN[avatar.skin],
        hair_color=hair_color,
        facial_hair_color=hair_color,
        accessory=GLASSES[avatar.glasses],
        clothing=CLOTHES[avatar.clothes],
        clothing_color=CLOTHES_COLOR[avatar.clothes_color],
    ).render()


def rasterised(svg: str, width: int, background: str) -> Image.Image:
    """Returns a drawing as RGB pixels, `width` wide, on a background colour."""
    drawn = resvg_py.svg_to_bytes(svg_string=svg, width=width, background=background, skip_system_fonts=True)
    return Image.open(io.BytesIO(bytes(drawn))).convert("RGB")


def render(avatar: Avatar, resolution: int = RESOLUTION) -> np.ndarray:
    """Renders one face.

    Args:
        avatar: the attributes.
        resolution: side of the square image in pixels.

    Returns:
        uint8 [resolution, resolution, 3], sRGB.
    """
    left, top, side = HEAD
    width = round(264 * resolution * SUPERSAMPLING / side)
    image = rasterised(drawing(avatar), width, BACKGROUND[avatar.background])
    unit = width / 264
    box = (left * unit, top * unit, (left + side) * unit, (top + side) * unit)
    return np.asarray(image.resize((resolution, resolution), Image.Resampling.BOX, box=box))


def halved(images: np.ndarray) -> np.ndarray:
    """Returns images uint8 [n, R, R, 3] with half the side: each pixel is the mean of four."""
    side = images.shape[1] // 2
    small = np.empty((len(images), side, side, 3), dtype=np.uint8)
    for i, image in enumerate(images):
        small[i] = np.rint(image.reshape(side, 2, side, 2, 3).mean(axis=(1, 3)))
    return small


def labels(avatars: Sequence[Avatar]) -> np.ndarray:
    """Returns attributes as class indices, int64 [n, len(ATTRIBUTES)], with columns in the order of `ATTRIBUTES`."""
    return np.array([[ATTRIBUTES[k].index(v) for k, v in asdict(avatar).items()] for avatar in avatars])


@dataclass(frozen=True)
class Renders:
    """A set of faces: `images`, uint8 [n, R, R, 3], and their attributes."""

    images: np.ndarray
    avatars: list[Avatar]

    @property
    def labels(self) -> np.ndarray:
        return labels(self.avatars)


# First seed and count of each split. Splits share no seed.
SPLITS = {"train": (0, 30_000), "held_out": (1_000_000, 5_000), "held_out_2": (2_000_000, 5_000)}


def _render_seed(seed: int, resolution: int) -> np.ndarray:
    return render(sample(random.Random(seed)), resolution)


def renders(split: str, folder: Path, resolution: int = RESOLUTION, workers: int = 2) -> Renders:
    """Renders one of `SPLITS`, or reads it from `folder` if it was saved before.

    Args:
        split: a key of `SPLITS`. The two held-out splits are disjoint from training and from each other. Their distance
            to each other is a lower bound for any generator.
        folder: folder where the images are saved as `.npy`.
        resolution: side of the images in pixels.
        workers: number of processes for rendering.
    """
    first, count = SPLITS[split]
    seeds = range(first, first + count)
    path = folder / f"{split}-{resolution}.npy"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with ProcessPoolExecutor(workers) as pool:
            images = np.stack(list(pool.map(_render_seed, seeds, [resolution] * count, chunksize=200)))
        np.save(path, images)
    return Renders(np.load(path), [sample(random.Random(seed)) for seed in seeds])
