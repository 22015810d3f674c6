"""Writes docs/command-line.md from the commands themselves: ``python -m tests.command_line_page``. Knows argparse."""

from __future__ import annotations

import argparse
from pathlib import Path

from impact.arguments import parser

FILE = Path(__file__).resolve().parent.parent / "docs" / "command-line.md"
OPENING = """\
# Command line

Made from the commands themselves by `python -m tests.command_line_page`; a test compares.

Start them with `python3 run.py impact` from any folder, or with `python -m impact` in the project's folder with its
environment active. Files you name are looked for in the folder you are in; data and settings are the project's, unless
`IMPACT_HOME` and `IMPACT_SECRETS` say otherwise. Exit code: 0 done, 1 some source or step failed, 2 wrong settings or
arguments.
"""


def page() -> str:
    """The whole page as Markdown: one section a command, one row an argument."""
    top = parser()
    choices = next(action for action in top._actions if isinstance(action, argparse._SubParsersAction))
    helps = {action.dest: action.help or "" for action in choices._choices_actions}
    sections = [_section(name, command, helps.get(name, "")) for name, command in choices.choices.items()]
    return "\n".join([OPENING, *sections])


def _section(name: str, command: argparse.ArgumentParser, help_text: str) -> str:
    arguments = [action for action in command._actions if not isinstance(action, argparse._HelpAction)]
    usage = " ".join(["python3 run.py impact", name, *map(_use, arguments)])
    sentence = help_text[:1].upper() + help_text[1:]
    lines = [f"## {name}", "", f"{sentence}.", "", "```", usage, "```", ""]
    if arguments:
        lines += ["| Argument | Meaning |", "|---|---|"]
        lines += [f"| `{_cell(_call(action))}` | {_cell(action.help or '')} |" for action in arguments]
        lines.append("")
    return "\n".join(lines)


def _call(action: argparse.Action) -> str:
    """How an argument is written, with what follows it: ``--out FILE``."""
    follows = "" if action.nargs == 0 else str(action.metavar or _choices(action) or action.dest.upper())
    return " ".join(filter(None, [action.option_strings[-1] if action.option_strings else "", follows]))


def _use(action: argparse.Action) -> str:
    needed = action.required and action.nargs != "?"
    return _call(action) if needed else f"[{_call(action)}]"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _choices(action: argparse.Action) -> str:
    return "|".join(map(str, action.choices)) if action.choices else ""


if __name__ == "__main__":
    FILE.write_text(page(), encoding="utf-8")
