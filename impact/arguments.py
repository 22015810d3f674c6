"""Every command of the command line with its arguments; docs/command-line.md is made from it. Knows no settings."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path

from impact.model import TABLES

DERIVED = ("estimates", "false_alarms", "groups")
"""Tables that are computed from the stored ones."""
RECORDED = ("meeting", "decision", "statement", "audit")
"""Tables of what people recorded, every revision."""
EXPORTS = (*TABLES, "daily_fact", *DERIVED, *RECORDED)


def parser() -> argparse.ArgumentParser:
    """Every command with its arguments; docs/command-line.md is made from it."""
    top = argparse.ArgumentParser(prog="python -m impact", description="Customer impact of IT changes: command line.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("demo", help="load the demo organisation into its own folder inside the data folder")
    commands.add_parser("sources", help="configured sources, their state and freshness")
    check = commands.add_parser("check", help="sign in, read one page of every stream, say what is missing")
    check.add_argument("source", nargs="?", metavar="SOURCE", help="one source (default: all)")
    adding = commands.add_parser("add-source", help="connect a system: asks, tries, writes its section, starts to read")
    adding.add_argument("kind", nargs="?", metavar="KIND", help="kind of system (default: asks)")
    adding.add_argument("--name", metavar="NAME", help="name of the source, part of every record's id (default: asks)")
    adding.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="an answer given beforehand")
    adding.add_argument("--no-sync", action="store_true", help="do not offer the first sync")
    sync = commands.add_parser("sync", help="pull what changed; exit code 1 when some source failed")
    sync.add_argument("source", nargs="?", metavar="SOURCE", help="one source (default: all)")
    sync.add_argument("--full", action="store_true", help="read everything again from each source's start")
    sync.add_argument(
        "--sweep", action="store_true", help="ask now which records still exist, and mark those that do not"
    )
    trusting = "with --sweep: believe the answer also where it lacks a large share of what is stored"
    sync.add_argument("--trust-list", action="store_true", help=trusting)
    commands.add_parser("rebuild", help="make tables and daily facts anew from the raw records; nothing is fetched")
    export = commands.add_parser("export", help="write one table to a file")
    export.add_argument("table", metavar="TABLE", help=f"one of {', '.join(EXPORTS)}")
    export.add_argument("--format", choices=("csv", "parquet"), default="csv", help="file format (default: csv)")
    export.add_argument("--out", type=Path, required=True, metavar="FILE", help="file to write")
    export.add_argument("--demo", action="store_true", help="export the demo organisation instead of real data")
    copying = "copy all that is recorded in the data folder's file into the empty database of [records] url"
    commands.add_parser("copy-records", help=copying)
    pack = commands.add_parser("pack", help="make the pack of a steering meeting: slides, page, print and table")
    pack.add_argument("--meeting", type=_day, required=True, metavar="DATE",
                      help="day of the meeting, such as 2026-12-15; one that is not recorded is opened")  # fmt: skip
    pack.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="folder to write to")
    pack.add_argument("--team", metavar="TEAM", help="id or name of a team (default: the whole portfolio)")
    forms = "pptx, html, pdf, csv, with commas between them (default: all)"
    pack.add_argument("--forms", default="pptx,html,pdf,csv", metavar="FORMS", help=forms)
    pack.add_argument("--demo", action="store_true", help="of the demo organisation instead of real data")
    estimate = commands.add_parser("estimate", help="estimate effects from a panel file; needs no store")
    estimate.add_argument(
        "--panel",
        type=Path,
        required=True,
        help="csv or parquet: metric, kind, service, day, n, total, total_sq (see estimates.md)",
    )
    changes = "csv or parquet: change_id, service, rollout_on and, for rollouts over several days, rollout_to"
    estimate.add_argument("--changes", type=Path, required=True, help=changes)
    estimate.add_argument("--out", type=Path, required=True, help="csv or parquet to write")
    estimate.add_argument(
        "--pre", type=int, metavar="DAYS", help="days before; given this or --post, exactly one shape is used"
    )
    estimate.add_argument("--post", type=int, metavar="DAYS", help="days after")
    estimate.add_argument("--lead", type=int, default=1, metavar="DAYS", help="first compared day after rollout")
    estimate.add_argument("--holidays", type=Path, metavar="FILE", help="one ISO date a line")
    country = "public holidays of a country or a part of it instead of a file, such as DE or DE-BY"
    estimate.add_argument("--country", metavar="CODE", help=country)
    readings = "planned, first_days, lasting, late, with commas between them (default: planned)"
    estimate.add_argument("--readings", default="planned", metavar="NAMES", help=readings)
    estimate.add_argument("--per-service", action="store_true", help="also one row per change, service and metric")
    bundles = "also one row for each change that cannot be separated, read together with those in its way"
    estimate.add_argument("--bundles", action="store_true", help=bundles)
    return top


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no day. Write year, month and day of the meeting, such as 2026-12-15."
        ) from None
