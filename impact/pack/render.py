"""From a frozen pack to files, in a process of its own: reads one JSON file, needs no store, no settings, no network.

Progress goes to the standard output, a JSON line a step; an error is one sentence on the standard error.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from impact.pack import charts, page_html, pdf, slides, tables
from impact.pack.content import SCHEMA, Pack, Tell
from impact.plain_json import made

NAMES = {"pptx": "slides", "html": "the page", "pdf": "the print", "csv": "the table"}


class UnreadablePack(ValueError):
    """The file holds no pack that this release can read."""


def read(file: Path) -> Pack:
    """The pack in a JSON file. Raises UnreadablePack, saying what is wrong with it."""
    try:
        plain = json.loads(file.read_text(encoding="utf-8"))
        schema = plain["content"]["schema"]
        if schema > SCHEMA:
            raise UnreadablePack(
                f"This pack was frozen by a newer release (form {schema}, this release knows {SCHEMA}). "
                "Update the product, then make the pack again."
            )
        return made(Pack, plain)
    except UnreadablePack:
        raise
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise UnreadablePack(f"{file.name} holds no pack that can be read ({type(error).__name__}).") from error


def files(pack: Pack, folder: Path, forms: Sequence[str], tell: Tell) -> dict[str, Path]:
    """Write the forms asked for into a folder; the charts are drawn once for all of them."""
    folder.mkdir(parents=True, exist_ok=True)
    svgs: list[str] = []
    if set(forms) - {"csv"}:
        tell("Drawing the charts", 0.05)
        svgs = charts.drawn([chart.spec for chart in pdf.charts_of(pack)])
    makers: dict[str, Callable[[], bytes]] = {
        "pptx": lambda: slides.written(pack, svgs),
        "html": lambda: page_html.written(pack, svgs).encode("utf-8"),
        "pdf": lambda: pdf.written(pack, svgs),
        "csv": lambda: tables.written(pack),
    }
    found = {}
    for place, form in enumerate(forms):
        tell(f"Writing {NAMES[form]}", 0.4 + 0.6 * place / len(forms))
        found[form] = folder / f"{file_name(pack)}.{form}"
        found[form].write_bytes(makers[form]())
    tell("Done", 1.0)
    return found


def file_name(pack: Pack) -> str:
    """What the files are called: the day, the team where it is one team's, and the pack's id."""
    meeting = "".join(sign if sign.isalnum() or sign == "-" else "-" for sign in pack.content.meeting_id)
    return f"pack-{meeting}-{pack.frozen_id[:8]}"


def run(arguments: Sequence[str]) -> int:
    """``CONTENT FOLDER FORMS``, forms with commas between. Exit code 0, or 1 with a sentence."""
    content, folder, forms = arguments

    def tell(text: str, ratio: float) -> None:
        _say({"told": text, "ratio": ratio})

    try:
        made_files = files(read(Path(content)), Path(folder), forms.split(","), tell)
    except UnreadablePack as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"The pack cannot be written to {folder} ({error.strerror}). Choose another folder.\n")
        return 1
    _say({"files": {form: str(path) for form, path in made_files.items()}})
    return 0


def _say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
