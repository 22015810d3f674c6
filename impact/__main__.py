"""The command line: the same engine, store and settings as the pages. Knows arguments and exit codes, nothing else.

Exit codes: 0 done, 1 some source or step failed, 2 wrong settings or arguments.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from impact import settings as settings_module
from impact.arguments import DERIVED, EXPORTS, RECORDED, parser
from impact.model import ImpactError, SettingsError
from impact.sections import Records
from impact.settings import Reporting, Settings

if TYPE_CHECKING:
    import pyarrow as pa

    from impact.store import Store

OK, FAILED, WRONG = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Errors the product can explain are printed as one sentence, never as a traceback."""
    given = parser().parse_args(arguments)
    try:
        return int(_COMMANDS[given.command](given))
    except SettingsError as error:
        print(f"Settings: {error}", file=sys.stderr)
        return WRONG
    except ImpactError as error:
        print(str(error), file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("Stopped. What was stored stays; the next sync goes on from there.", file=sys.stderr)
        return 130


def _demo(given: argparse.Namespace) -> int:
    from impact import demo

    settings = settings_module.load()
    today = datetime.now(ZoneInfo(settings.reporting.timezone)).date()
    demo.load(settings.demo_home, today=today, progress=_tell)
    print(f"The demo organisation is in {settings.demo_home}. Open the dashboard to see it.")
    return OK


def _tell(text: str, ratio: float) -> None:
    end = "" if sys.stderr.isatty() else "\n"
    lead = "\r\x1b[K" if sys.stderr.isatty() else ""
    print(f"{lead}{text} {ratio:.0%}", end=end, file=sys.stderr, flush=True)


def _sources(given: argparse.Namespace) -> int:
    from impact.store import Store
    from impact.words.sync_words import fresh

    settings = settings_module.load()
    if not settings.sources:
        raise SettingsError(
            "No source is configured. Add a section [sources.<name>] to .streamlit/secrets.toml; "
            "secrets.toml.example shows every kind."
        )
    states = Store(settings.home, zone=settings.reporting.timezone).state()
    for name, section in settings.sources.items():
        print(f"{name} ({section['kind']})")
        mine = [state for state in states if state.source == name]
        if not mine:
            print("  never synced: run python -m impact sync")
        for state in mine:
            print(f"  {fresh(state)}")
    return OK


def _check(given: argparse.Namespace) -> int:
    from impact import trying

    problems = 0
    for sentence in trying.check(settings_module.load(), given.source):
        problems += trying.PROBLEM in sentence
        print(sentence, flush=True)
    return FAILED if problems else OK


def _add_source(given: argparse.Namespace) -> int:
    from impact import asking

    answers = dict(pair.partition("=")[::2] for pair in given.set)
    settings, terminal = settings_module.load(to_be_written=True), asking.Terminal()
    try:
        tried = asking.add_source(
            settings_module.secrets_file(), settings.sources, asking.Given(given.kind, given.name, answers), terminal
        )
    except EOFError:
        raise SettingsError("Nobody answers here. Start add-source in a terminal; nothing was written.") from None
    if tried is None or not tried.works:
        return FAILED
    if given.no_sync or not asking.wants("Start the first sync now?", terminal):
        print("python3 run.py impact sync reads it whenever you want.")
        return OK
    return main(["sync", tried.name])


def _sync(given: argparse.Namespace) -> int:
    from impact import sync
    from impact.terminal import ProgressLine
    from impact.words import sync_words

    settings = settings_module.load()
    line = ProgressLine()

    def tell(told: sync.Progress) -> None:
        pace = {"rate": told.rate, "left": told.left_seconds}
        text = sync_words.under_way(told.source, told.stream, read=told.read, total=told.total, **pace)
        line.tell(text, last=told.done)

    try:
        report = sync.run(
            settings,
            only=given.source,
            full=given.full,
            sweep=given.sweep,
            trust_list=given.trust_list,
            progress=tell,
        )
    finally:
        line.close()
    print("\n".join(sync_words.summary(report.streams)))
    return report.exit_code


def _rebuild(given: argparse.Namespace) -> int:
    from impact import sync

    sync.rebuild(settings_module.load())
    print("Tables and daily facts are made anew from the raw records.")
    return OK


def _export(given: argparse.Namespace) -> int:
    from impact.demo_organisation.world import REPORTING
    from impact.group_exports import PROTECTED, protected
    from impact.store import Store
    from impact.tablefile import write, write_rows

    if given.table not in EXPORTS:
        raise SettingsError(f"There is no table {given.table!r}. Tables: {', '.join(EXPORTS)}.")
    settings: Settings = settings_module.load()
    home = settings.demo_home if given.demo else settings.home
    if given.table in RECORDED:
        rows = write_rows(_recorded(settings, given.table, demo=given.demo), given.out, given.format, typed=True)
        print(f"{rows:,} rows of {given.table} written to {given.out}.")
        return OK
    reporting = REPORTING if given.demo else settings.reporting
    store = Store(home, zone=reporting.timezone)
    if store.is_empty():
        raise SettingsError(
            f"Nothing is stored in {home}. Run python -m impact {'demo' if given.demo else 'sync'} first."
        )
    smallest = settings.privacy.smallest_group
    if given.table in DERIVED:
        rows = write_rows(_derived(store, given.table, settings, reporting), given.out, given.format)
    elif given.table in PROTECTED:
        rows = write_rows(protected(store.snapshot(), given.table, smallest=smallest), given.out, given.format)
        if smallest > 1:
            print(f"Groups of fewer than {smallest} people are left out; docs/groups.md says which.", file=sys.stderr)
    else:
        rows = write(store.snapshot(), given.table, given.out, given.format)
    print(f"{rows:,} rows of {given.table} written to {given.out}.")
    return OK


def _recorded(settings: Settings, table: str, *, demo: bool) -> pa.Table:
    from impact.demo import records_home
    from impact.demo_organisation.world import REPORTING
    from impact.state import FILE, open_state

    home, records = settings.home, settings.records
    if demo:
        today = datetime.now(ZoneInfo(REPORTING.timezone)).date()
        home, records = records_home(settings.demo_home, today), Records()
    if not records.url and not (home / FILE).exists():
        todo = "Run python -m impact demo first." if demo else "Meetings and decisions are recorded on the pages."
        raise SettingsError(f"Nothing is recorded in {home}. {todo}")
    with closing(open_state(home, url=records.url, password=records.password)) as state:
        return state.table(table)


def _copy_records(given: argparse.Namespace) -> int:
    from impact.state import FILE, open_state

    settings = settings_module.load()
    if not settings.records.url:
        raise SettingsError("[records] url is not set, so there is no database to copy to. See docs/records.md.")
    if not (settings.home / FILE).exists():
        raise SettingsError(f"There is no {FILE} in {settings.home}, so there is nothing to copy.")
    records = settings.records
    with (
        closing(open_state(settings.home)) as source,
        closing(open_state(settings.home, url=records.url, password=records.password)) as target,
    ):
        copied = target.copy_from(source)
        print(f"{copied:,} rows copied from {source.where} to {target.where}. The file is left as it is.")
    return OK


def _derived(store: Store, table: str, settings: Settings, reporting: Reporting) -> pa.Table:
    from impact import analysis, derived

    today = datetime.now(ZoneInfo(reporting.timezone)).date()
    snapshot = store.snapshot()
    evidence = analysis.gather(snapshot, reporting)
    version = str(snapshot.version)
    found = analysis.portfolio(snapshot, evidence, today=today, version=version, metrics=settings.metrics)
    if table == "groups":
        from impact.group_table import group_table

        own = replace(settings, reporting=reporting)
        return group_table(found, snapshot, evidence, settings=own, today=today, version=version)
    return derived.table(table, found, version=version)


def _pack(given: argparse.Namespace) -> int:
    from impact.pack import command

    wanted = command.Wanted(given.meeting, given.out, given.team, command.forms_of(given.forms), given.demo)
    pack, files = command.run(wanted, settings_module.load(), _tell)
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr)
    print("\n".join(command.told(pack, files)))
    return OK


def _estimate(given: argparse.Namespace) -> int:
    from impact import panel_files

    return int(
        panel_files.run(
            given.panel,
            given.changes,
            given.out,
            pre=given.pre,
            post=given.post,
            lead=given.lead,
            holidays=given.holidays,
            country=given.country,
            readings=given.readings,
            bundles=given.bundles,
            per_service=given.per_service,
        )
    )


_COMMANDS = {
    "demo": _demo,
    "sources": _sources,
    "add-source": _add_source,
    "check": _check,
    "sync": _sync,
    "rebuild": _rebuild,
    "export": _export,
    "copy-records": _copy_records,
    "estimate": _estimate,
    "pack": _pack,
}

if __name__ == "__main__":
    sys.exit(main())
