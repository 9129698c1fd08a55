"""Captions for avatars, as a visitor would type them, and prompts for evaluating judges.

A caption is a few phrases about visible attributes, in free word order. It knows which avatars it is true for::

    caption = describe(avatar, random.Random(0))
    caption.text                         # "smiling bearded man with round glasses"
    caption.matches(avatar)              # True

Short captions are true for many faces in a training batch. `unmet` counts, for every pair of a face and a caption, the
attributes that are asked for and not shown. It is the training target of the bundled judge (see `judge.py`).
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spaceseed.training.bundled.avatars import ATTRIBUTES, Avatar

# Everything that a caption can ask for: the drawn attributes, and the impression that they make.
ASKABLE: dict[str, tuple[str, ...]] = {**ATTRIBUTES, "presentation": ("woman", "man", "person")}


@dataclass(frozen=True)
class AskedPrompt:
    """A text and what it asks for: for each attribute in it, the values that satisfy it."""

    text: str
    attributes: dict[str, frozenset[str]]

    def matches(self, avatar: Avatar) -> bool:
        """Returns whether the text is true for `avatar`."""
        return all(getattr(avatar, name) in values for name, values in self.attributes.items())

    def confirmed(self, avatar: Avatar) -> float:
        """Returns the share, in [0, 1], of the requested attributes that `avatar` has."""
        met = [getattr(avatar, name) in values for name, values in self.attributes.items()]
        return sum(met) / len(met)


def asked(text: str, **attributes: str) -> AskedPrompt:
    """Makes a prompt from words: `asked("happy woman", mouth="smile tongue", presentation="woman")`."""
    for name, values in attributes.items():
        assert set(values.split()) <= set(ASKABLE[name]), (name, values)
    return AskedPrompt(text, {name: frozenset(values.split()) for name, values in attributes.items()})


def _phrases(forms: str, **attributes: str) -> list[AskedPrompt]:
    return [asked(form.strip(), **attributes) for form in forms.split("|")]


# In a phrase, * is the position of the noun: "smiling *" comes before it, "* with a beard" after it.
_HAIRY = " ".join(ATTRIBUTES["hair"][1:])
_HAIR_COLOR_WORDS = {
    "black": "black|raven|dark",
    "brown": "brown|brunette|chestnut",
    "blonde": "blonde|blond|golden|fair",
    "red": "red|ginger|orange",
    "gray": "gray|grey|silver|white",
    "pink": "pink|rose",
}
_COLORED_HAIR = {
    "* with {c} hair|{c}-haired *|{c} hair|{c} haired *": _HAIRY,
    "* with long {c} hair|long {c} hair|* with {c} long hair": "straight wavy",
    "* with short {c} hair|short {c} hair": "short side-parted quiff pixie",
    "* with curly {c} hair|curly {c} hair|* with {c} curls": "curly",
    "* with a {c} afro|{c} afro": "afro",
    "* with a {c} bun|{c} hair in a bun": "bun",
    "* with a {c} bob|{c} bob": "bob",
    "* with straight {c} hair": "straight",
    "* with wavy {c} hair|* with big {c} hair": "wavy",
    "* with a {c} quiff": "quiff",
}
_COLORED_BEARD = {
    "* with a {c} beard|{c} beard|{c}-bearded *": "stubble full",
    "* with a {c} moustache|{c} mustache": "moustache",
}
_GARMENT_WORDS = {
    "t-shirt": "t-shirt|tshirt|tee|crew neck shirt",
    "hoodie": "hoodie|hooded sweatshirt",
    "blazer": "blazer|jacket|suit",
    "collar": "sweater with a collar|sweater|collared sweater",
}
_COLORED_CLOTHES = "* in {c}|* wearing {c}|* dressed in {c}|{c} clothes|* with {c} clothes|{c} top|{c} shirt"
_COLORED_BACKGROUND = (
    "{c} background|* on a {c} background|* against a {c} background|* on {c}|* in front of a {c} wall|{c} backdrop"
)


def _hair_color_phrases() -> list[AskedPrompt]:
    """Returns phrases that combine a colour with hair or beard."""
    phrases = []
    for color, words in _HAIR_COLOR_WORDS.items():
        for word in words.split("|"):
            for forms, hair in _COLORED_HAIR.items():
                phrases += _phrases(forms.format(c=word), hair_color=color, hair=hair)
            for forms, beard in _COLORED_BEARD.items():
                phrases += _phrases(forms.format(c=word), hair_color=color, beard=beard)
    return phrases


def _clothes_phrases() -> list[AskedPrompt]:
    """Returns phrases about clothes, their colour, and the colour of the background."""
    phrases = []
    for garment, words in _GARMENT_WORDS.items():
        for word in words.split("|"):
            phrases += _phrases(f"* in a {word}|* wearing a {word}|{word}", clothes=garment)
            for color in ATTRIBUTES["clothes_color"]:
                forms = f"* in a {color} {word}|* wearing a {color} {word}|{color} {word}"
                phrases += _phrases(forms, clothes_color=color, clothes=garment)
    for color in ATTRIBUTES["clothes_color"]:
        phrases += _phrases(_COLORED_CLOTHES.format(c=color), clothes_color=color)
    for color in ATTRIBUTES["background"]:
        phrases += _phrases(_COLORED_BACKGROUND.format(c=color), background=color)
    return phrases


def _shape_phrases() -> list[AskedPrompt]:
    """Returns phrases about skin, hair, glasses, beard and expression."""
    p = _phrases
    return [
        *p("pale *|* with pale skin|pale-skinned *|very fair-skinned *|pale skin", skin="pale"),
        *p("light-skinned *|* with light skin|light skin|* with peach skin", skin="light"),
        *p("tanned *|tan *|* with tan skin|tan skin|olive-skinned *|* with tanned skin", skin="tan"),
        *p("brown-skinned *|* with brown skin|brown skin", skin="brown"),
        *p("dark-skinned *|* with dark skin|dark skin|* with very dark skin", skin="dark"),
        *p("black *|african *", skin="brown dark"),
        *p("white *|fair-skinned *|caucasian *", skin="pale light"),
        *p("bald *|* with a bald head|bald|hairless *|* with a shaved head|bald head", hair="bald"),
        *p("short-haired *|* with short hair|short hair", hair="short side-parted quiff pixie"),
        *p("* with a crew cut|* with cropped hair|* with a buzz cut|crew cut|* with spiky short hair", hair="short"),
        *p("* with a side parting|* with parted hair|side-parted hair|* with combed hair", hair="side-parted"),
        *p("* with a quiff|quiff|* with a pompadour|* with swept up hair", hair="quiff"),
        *p("* with a pixie cut|pixie cut|pixie hair|* with messy hair|* with tousled hair", hair="pixie"),
        *p("curly *|* with curly hair|curly hair|* with curls|curly-haired *|curls", hair="curly"),
        *p("* with an afro|afro|* with afro hair|* with round afro hair", hair="afro"),
        *p("* with big hair|big hair|* with voluminous hair", hair="curly afro wavy"),
        *p("* with a bun|hair in a bun|* with hair in a bun|bun|* with a topknot|* with hair tied up", hair="bun"),
        *p("* with a bob|bob cut|bob|* with a bob haircut|* with chin-length hair", hair="bob"),
        *p("long-haired *|* with long hair|long hair", hair="straight wavy"),
        *p("* with straight hair|straight hair|* with long straight hair", hair="straight"),
        *p("* with wavy hair|wavy hair|* with long wavy hair|* with waves", hair="wavy"),
        *p("brunette|brunette *", hair_color="brown", hair=_HAIRY),
        *p("blonde|blonde *|blond *", hair_color="blonde", hair=_HAIRY),
        *p("redhead|redheaded *|ginger|ginger *|redhead *", hair_color="red", hair=_HAIRY),
        *p("old *|elderly *|older *|gray *|grey *|aged *|senior *", hair_color="gray"),
        *p("grandmother|grandma|old woman|old lady|granny", hair_color="gray", presentation="woman"),
        *p("grandfather|grandpa|old man", hair_color="gray", presentation="man"),
        *p(
            "* with glasses|* wearing glasses|glasses|* with spectacles|bespectacled *|eyeglasses",
            glasses="round square",
        ),
        *p("nerd|nerdy *|geek|geeky *|bookish *", glasses="round square"),
        *p("* with round glasses|* wearing round glasses|round glasses|round spectacles", glasses="round"),
        *p("* with circular glasses|* with wire glasses|harry potter glasses|* with round frames", glasses="round"),
        *p("* with square glasses|* wearing square glasses|square glasses|* with thick glasses", glasses="square"),
        *p("* with rectangular glasses|* with thick-rimmed glasses|* with square frames", glasses="square"),
        *p("* with sunglasses|* wearing sunglasses|sunglasses|* in sunglasses|* with shades", glasses="sunglasses"),
        *p("cool *|* with dark glasses|* wearing shades|shades|* in dark glasses", glasses="sunglasses"),
        *p("bearded *|* with a beard|beard|bearded|* with beard", beard="stubble full"),
        *p("* with facial hair|facial hair", beard="stubble full moustache"),
        *p("* with a full beard|* with a long beard|full beard|* with a big beard|long beard", beard="full"),
        *p("* with a bushy beard|big beard|lumberjack|viking|* with a thick beard", beard="full"),
        *p("* with stubble|stubble|* with a short beard|* with a light beard|short beard", beard="stubble"),
        *p("* with a trimmed beard|* with a goatee|unshaven *|stubbly *", beard="stubble"),
        *p("* with a moustache|* with a mustache|moustache|mustache|moustached *|mustached *", beard="moustache"),
        *p("clean-shaven *|shaved *|clean shaven *|smooth-faced man", beard="none", presentation="man"),
        *p("* with open eyes|* looking at the camera|* looking straight ahead|open eyes", eyes="open"),
        *p("* with happy eyes|* with smiling eyes|happy eyes|* with laughing eyes|smiling eyes", eyes="happy"),
        *p("* with closed eyes|eyes closed|* with eyes closed|closed eyes|* with shut eyes", eyes="closed"),
        *p("sleeping *|sleepy *|asleep *|* sleeping|calm *|peaceful *|meditating *|tired *", eyes="closed"),
        *p("winking *|* winking|wink|* with a wink|winking|* giving a wink|one eye closed", eyes="wink"),
        *p("surprised *|* with wide eyes|wide eyes|wide-eyed *|surprised|* with big eyes", eyes="wide"),
        *p("astonished *|amazed *|startled *|stunned *|* with wide open eyes|* looking surprised", eyes="wide"),
        *p("shocked *|scared *|terrified *|shocked|frightened *|horrified *", eyes="wide", mouth="open"),
        *p("* with raised eyebrows|* with raised brows|raised eyebrows|curious *|excited *", brows="raised"),
        *p("* with relaxed eyebrows|* with relaxed brows", brows="relaxed"),
        *p("angry *|* with angry eyebrows|angry|mad *|furious *|* looking angry|evil *", brows="angry"),
        *p("grumpy *|annoyed *|grumpy", brows="angry", mouth="serious sad"),
        *p(
            "worried *|* with worried eyebrows|concerned *|worried|anxious *|* looking worried|nervous *",
            brows="worried",
        ),
        *p("smiling *|* smiling|* with a smile|smiling|smile|a smile|grinning *|* with a big smile", mouth="smile"),
        *p("happy *|happy|cheerful *|laughing *|* laughing|joyful *|* looking happy|friendly *", mouth="smile tongue"),
        *p(
            "serious *|serious|* with a serious face|neutral *|* with a straight face|expressionless *", mouth="serious"
        ),
        *p("stern *|* with a neutral expression|* with a closed mouth|neutral expression|bored *", mouth="serious"),
        *p(
            "sad *|sad|unhappy *|* with a sad mouth|frowning *|* frowning|gloomy *|* looking sad|depressed *",
            mouth="sad",
        ),
        *p("screaming *|* screaming|shouting *|yelling *|* with an open mouth|open mouth|* shouting", mouth="open"),
        *p("* with mouth open|* with mouth wide open|screaming|yelling|singing *", mouth="open"),
        *p("* sticking out tongue|* with tongue out|tongue out|tongue|* showing tongue|silly *", mouth="tongue"),
        *p("cheeky *|playful *|* sticking tongue out|goofy *|* with the tongue out|funny *", mouth="tongue"),
    ]


PHRASES: tuple[AskedPrompt, ...] = (*_shape_phrases(), *_hair_color_phrases(), *_clothes_phrases())
_NOUNS = {
    "woman": ("woman", "woman", "woman", "girl", "lady", "female"),
    "man": ("man", "man", "man", "guy", "boy", "male", "dude", "gentleman"),
    "anyone": ("person", "person", "face", "someone", "character", "avatar", "cartoon", "portrait", "human"),
}
_OPENINGS = (
    "a photo of",
    "a picture of",
    "portrait of",
    "cartoon of",
    "an image of",
    "a drawing of",
    "face of",
    "show me",
)
_FILLERS = ("very", "nice", "beautiful", "cute", "really", "handsome", "pretty", "young", "good looking", "some")


def one_hot(avatars: Sequence[Avatar]) -> np.ndarray:
    """Returns which values (of `ASKABLE`, in order) each face shows: float32 [n, values]."""
    rows = [[getattr(avatar, name) == v for name, values in ASKABLE.items() for v in values] for avatar in avatars]
    return np.array(rows, dtype=np.float32)


def refused(prompts: Sequence[AskedPrompt]) -> np.ndarray:
    """Returns which values each prompt excludes: float32 [m, values]."""
    rows = [
        [v not in p.attributes.get(name, values) for name, values in ASKABLE.items() for v in values] for p in prompts
    ]
    return np.array(rows, dtype=np.float32)


def unmet(shown: np.ndarray, refused: np.ndarray) -> np.ndarray:
    """Counts the unmet attributes: [n, values] and [m, values] -> [n, m], 0 if the prompt is true for the face."""
    return shown @ refused.T


class Captioner:
    """Draws captions that are true for given faces.

    Args:
        avatars: the faces. Captions are requested by index.
    """

    def __init__(self, avatars: Sequence[Avatar]) -> None:
        self.avatars = avatars
        # Phrases are grouped by their attributes, so that the many phrases about hair do not dominate.
        groups: dict[tuple[str, ...], list[AskedPrompt]] = {}
        for phrase in PHRASES:
            groups.setdefault(tuple(sorted(phrase.attributes)), []).append(phrase)
        self._groups = list(groups.values())
        shown = one_hot(avatars)
        self._true = [unmet(shown, refused(group)) == 0 for group in self._groups]

    def describe(self, index: int, rng: random.Random) -> AskedPrompt:
        """Draws one caption for `avatars[index]`: most often one phrase, then two, rarely up to seven."""
        count = rng.choices((0, 1, 2, 3, 4, 5, 7), weights=(2, 38, 30, 12, 8, 6, 4))[0]
        chosen: list[AskedPrompt] = []
        spoken: set[str] = set()
        for group in rng.sample(range(len(self._groups)), len(self._groups)):
            if len(chosen) == count:
                break
            if spoken.isdisjoint(self._groups[group][0].attributes):
                candidates = np.flatnonzero(self._true[group][index])
                if len(candidates):
                    chosen.append(self._groups[group][rng.choice(candidates)])
                    spoken.update(chosen[-1].attributes)
        return _join(chosen, self.avatars[index].presentation, rng, noun_needed=count == 0)


def _join(phrases: list[AskedPrompt], presentation: str, rng: random.Random, noun_needed: bool) -> AskedPrompt:
    """Joins phrases in random order: as a list of tags, or as a sentence about a noun."""
    attributes = {name: values for phrase in phrases for name, values in phrase.attributes.items()}
    names_presentation = presentation != "person" and "presentation" not in attributes
    kind = presentation if names_presentation and (noun_needed or rng.random() < 0.5) else "anyone"
    noun = rng.choice(_NOUNS[kind])
    if kind != "anyone":
        attributes["presentation"] = frozenset({kind})
    texts = [phrase.text for phrase in phrases]
    if not noun_needed and rng.random() < (0.45 if kind == "anyone" else 0.25):
        tags = [text.replace("* with ", "").replace("*", "").strip() for text in texts]
        tags += [noun] if kind != "anyone" else []
        rng.shuffle(tags)
        text = rng.choice((", ", ", ", " ", " and ")).join(tags)
    else:
        before = [text[:-2] for text in texts if text.endswith(" *")]
        after = [text[2:] for text in texts if text.startswith("* ")]
        alone = [text for text in texts if "*" not in text]
        rng.shuffle(before)
        text = " ".join([rng.choice(("a", "a", "the", "")), *before, noun]).strip()
        rng.shuffle(after)
        text = " ".join([text, rng.choice((" and ", ", ", " ")).join(after)]).strip()
        text = ", ".join([text, *alone])
        if rng.random() < 0.15:
            text = f"{rng.choice(_OPENINGS)} {text}"
    return AskedPrompt(_as_typed(text, rng), attributes)


def _as_typed(text: str, rng: random.Random) -> str:
    """Adds what visitors add: words without meaning for the search, and rarely a typing error."""
    words = text.split()
    if rng.random() < 0.08:
        words.insert(rng.randrange(len(words) + 1), rng.choice(_FILLERS))
    if rng.random() < 0.06:
        slip = rng.randrange(len(words))
        word = words[slip]
        if len(word) > 4:
            at = rng.randrange(1, len(word) - 1)
            words[slip] = rng.choice((word[:at] + word[at + 1 :], word[:at] + word[at] + word[at:]))
    return " ".join(words)


def describe(avatar: Avatar, rng: random.Random) -> AskedPrompt:
    """Draws one caption that is true for `avatar`. For many faces use one `Captioner`."""
    return Captioner([avatar]).describe(0, rng)
