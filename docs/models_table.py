"""Writes the table of models in docs/models.md from the catalogue.

python -m docs.models_table             writes it again
python -m docs.models_table --check     fails if it is not up to date
"""

import argparse
import sys
from pathlib import Path

import spaceseed as ss

PAGE = Path(__file__).parent / "models.md"
BEGIN = "<!-- `python -m docs.models_table` writes what follows from spaceseed/models/zoo/catalogue.toml -->\n"
END = "<!-- end of the table -->\n"
HEADER = "| id | title | family | pixels | size | truncation | licence |\n| --- | --- | --- | --- | --- | --- | --- |\n"


def updated(page: str) -> str:
    """Returns the page with the table that the catalogue gives."""
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    return before + BEGIN + table() + END + after


def table() -> str:
    """Returns a row for each model, then what the licences mean."""
    cards = ss.list_models()
    rows = [
        f"| `{card.id}` | {title(card)} | {card.family} | {card.resolution} | {card.size / 1e6:.0f} MB "
        f"| {'' if card.truncation is None else card.truncation} | {card.licence} |\n"
        for card in cards
    ]
    terms = dict.fromkeys(f"- {card.licence}: {card.terms}\n" for card in cards)
    return HEADER + "".join(rows) + "\n" + "".join(terms)


def title(card: ss.ModelCard) -> str:
    """Returns a model's title, with a link to its weights where they are elsewhere."""
    return f"[{card.title}]({card.source})" if card.source.startswith("http") else card.title


def main() -> None:
    """Writes the table, or checks it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="fail if the table is not up to date")
    args = parser.parse_args()
    page = PAGE.read_text(encoding="utf-8")
    new = updated(page)
    if not args.check:
        PAGE.write_text(new, encoding="utf-8")
    elif new != page:
        sys.exit("docs/models.md differs from the catalogue: `python -m docs.models_table` writes its table again.")


if __name__ == "__main__":
    main()
