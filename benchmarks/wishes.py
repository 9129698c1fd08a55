"""The wishes of the studies of searches: texts of three and four attributes, and what confirms them.

`TUNING` are the wishes on which settings are chosen. `FINAL` are asked only by the final table: no setting was chosen
on them. `NEGATIVE` say what a face must not have.
"""

from spaceseed.training.bundled.avatars import ATTRIBUTES
from spaceseed.training.bundled.captions import AskedPrompt, asked

_HAIRY = " ".join(value for value in ATTRIBUTES["hair"] if value != "bald")
_LONG = "straight wavy"
_SHORT = "short side-parted quiff pixie"
_GLASSES = "round square"
_BEARD = "stubble full"

TUNING: tuple[AskedPrompt, ...] = (
    asked(
        "cheerful old man with round glasses",
        mouth="smile tongue",
        hair_color="gray",
        presentation="man",
        glasses="round",
    ),
    asked("brown-skinned woman with curly black hair", skin="brown", hair="curly", hair_color="black"),
    asked("sad boy in a blue hoodie", mouth="sad", presentation="man", clothes="hoodie", clothes_color="blue"),
    asked("pale redhead with square glasses", skin="pale", hair_color="red", hair=_HAIRY, glasses="square"),
    asked("bald man sticking out his tongue, pink background", hair="bald", mouth="tongue", background="pink"),
    asked("blonde bob, sunglasses, smile", hair="bob", hair_color="blonde", glasses="sunglasses", mouth="smile"),
    asked("angry woman with a pink bun", brows="angry", hair="bun", hair_color="pink"),
    asked(
        "dark-skinned man with a big beard, laughing",
        skin="dark",
        presentation="man",
        beard="full",
        mouth="smile tongue",
    ),
    asked("screaming person with a black afro, wide eyes", mouth="open", hair_color="black", hair="afro", eyes="wide"),
    asked("tanned girl, eyes closed, long brown hair", skin="tan", eyes="closed", hair=_LONG, hair_color="brown"),
    asked(
        "guy with a quiff and stubble in a yellow t-shirt",
        hair="quiff",
        beard="stubble",
        clothes="t-shirt",
        clothes_color="yellow",
    ),
    asked("serious lady with wavy gray hair", mouth="serious", hair="wavy", hair_color="gray"),
    asked("worried man with glasses and a moustache", brows="worried", glasses=_GLASSES, beard="moustache"),
    asked(
        "winking person with short red hair, green background",
        eyes="wink",
        hair=_SHORT,
        hair_color="red",
        background="green",
    ),
    asked(
        "light-skinned woman in a white sweater, raised eyebrows",
        skin="light",
        presentation="woman",
        clothes="collar",
        clothes_color="white",
        brows="raised",
    ),
    asked(
        "happy bald person with dark skin in a blazer", mouth="smile tongue", hair="bald", skin="dark", clothes="blazer"
    ),
)

FINAL: tuple[AskedPrompt, ...] = (
    # Three attributes.
    asked("frowning woman with a red bob", mouth="sad", hair="bob", hair_color="red"),
    asked("dark-skinned guy winking, with square glasses", skin="dark", eyes="wink", glasses="square"),
    asked("surprised old lady on a yellow background", eyes="wide", hair_color="gray", background="yellow"),
    asked("bearded man with sunglasses in a red t-shirt", beard=_BEARD, glasses="sunglasses", clothes_color="red"),
    asked("curly pink hair and round spectacles", hair="curly", hair_color="pink", glasses="round"),
    asked("grumpy bald guy, purple background", brows="angry", hair="bald", background="purple"),
    asked("sleepy brown-skinned person with an afro", eyes="closed", skin="brown", hair="afro"),
    asked("a smiling girl with straight black hair", mouth="smile", hair="straight", hair_color="black"),
    asked("pale man with a moustache and a quiff", skin="pale", beard="moustache", hair="quiff"),
    asked("tongue out, blonde bun, tan skin", mouth="tongue", hair="bun", hair_color="blonde"),
    asked("someone shouting in a green hoodie", mouth="open", clothes="hoodie", clothes_color="green"),
    asked("expressionless person with messy brown hair", mouth="serious", hair="pixie", hair_color="brown"),
    # Four attributes.
    asked(
        "laughing dark-skinned woman with wavy red hair",
        mouth="smile tongue",
        skin="dark",
        hair="wavy",
        hair_color="red",
    ),
    asked("sad man with a gray beard and round glasses", mouth="sad", hair_color="gray", beard=_BEARD, glasses="round"),
    asked("tanned boy with short blond hair, eyes closed", skin="tan", hair=_SHORT, hair_color="blonde", eyes="closed"),
    asked(
        "nerdy lady with a brown bob, white background",
        glasses=_GLASSES,
        hair="bob",
        hair_color="brown",
        background="white",
    ),
    asked(
        "furious ginger man with stubble, blue background",
        brows="angry",
        hair_color="red",
        beard="stubble",
        background="blue",
    ),
    asked(
        "pale girl with long pink hair in a black hoodie", skin="pale", hair=_LONG, hair_color="pink", clothes="hoodie"
    ),
    asked(
        "silly bald man with a full beard and shades", mouth="tongue", hair="bald", beard="full", glasses="sunglasses"
    ),
    asked(
        "smiling person with a black afro in a yellow sweater",
        mouth="smile",
        hair="afro",
        hair_color="black",
        clothes_color="yellow",
    ),
    asked(
        "worried dark-skinned person with curly gray hair",
        brows="worried",
        skin="dark",
        hair="curly",
        hair_color="gray",
    ),
    asked(
        "winking woman, blonde hair in a bun, green background",
        eyes="wink",
        hair="bun",
        hair_color="blonde",
        background="green",
    ),
    asked(
        "brown-skinned man with square glasses and a moustache, serious",
        skin="brown",
        glasses="square",
        beard="moustache",
        mouth="serious",
    ),
    asked(
        "screaming woman with straight gray hair in a blazer",
        mouth="open",
        hair="straight",
        hair_color="gray",
        clothes="blazer",
    ),
)

NEGATIVE: tuple[AskedPrompt, ...] = (
    asked("a woman without glasses", presentation="woman", glasses="none"),
    asked("bald man with no beard", hair="bald", beard="none"),
    asked("old man without a beard, smiling", hair_color="gray", presentation="man", beard="none", mouth="smile"),
    asked("dark-skinned woman, not smiling", skin="dark", presentation="woman", mouth="serious sad open"),
    asked("red hair, no hoodie", hair_color="red", hair=_HAIRY, clothes="t-shirt blazer collar"),
    asked(
        "smiling person with an afro, no glasses, no beard", mouth="smile", hair="afro", glasses="none", beard="none"
    ),
)
