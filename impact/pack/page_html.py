"""The pack as one HTML file: no script, no request, charts as drawings inside it; prints A4 landscape, a page a change.

Knows how the records look on a page; computes no figure.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from impact.figure_records import ChangeFigures, MeasureFigures, StepFigures
from impact.pack.charts import FALLBACKS, FAMILY, FONTS
from impact.pack.content import ChangePage, Chart, DecisionLine, Look, Pack, foot_of, further_of, further_tables
from impact.pack.marks import as_svg, step_svg
from impact.words.pack_labels import LABELS

STYLE = Path(__file__).with_name("pack.css")
MOST_MILESTONES = 12
ROWS_WITH_ROOM = 11
"""With more lines than this a printed page is set in smaller type, so that it stays one page."""
Cells = Sequence[str]


def written(pack: Pack, svgs: Sequence[str]) -> str:
    """The whole file. ``svgs`` are the drawings of the charts, overviews first, then page by page."""
    content = pack.content
    drawings = iter(svgs)
    overviews = [_sheet(f"overview-{i}", chart.title, _figure(chart, next(drawings, "")))
                 for i, chart in enumerate(content.overviews)]  # fmt: skip
    changes = [_change(pack, page, next(drawings, "") if page.chart else "") for page in content.pages]
    before = [_sheet("before", content.before_title, _decisions(content.decided_before), kind="sheet long")]
    parts = [
        _first(pack),
        *(before if content.decided_before else []),
        *overviews,
        *changes,
        _end(pack),
        *_further(pack),
    ]
    title = html.escape(content.title)
    return (
        f'<!doctype html>\n<html lang="en-GB">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light">\n'
        f"<style>\n{_fonts()}{STYLE.read_text('utf-8')}</style>\n</head>\n<body>\n<main>\n{''.join(parts)}</main>\n</body>\n</html>\n"
    )


def _fonts() -> str:
    """The letters themselves, so that the page reads and breaks the same on every machine."""
    faces = ""
    for weight, name in ((400, "Regular"), (600, "Semibold")):
        letters = base64.b64encode((FONTS / f"SourceSansPro-{name}.woff2").read_bytes()).decode("ascii")
        faces += (
            f'@font-face {{ font-family: "{FAMILY}"; font-weight: {weight}; '
            f'src: url(data:font/woff2;base64,{letters}) format("woff2"); }}\n'
        )
    return faces


# --- small parts -------------------------------------------------------------------------------------------------


def _t(text: str) -> str:
    return html.escape(" ".join(text.split(" ")))


def _table(heads: Cells, rows: Iterable[Cells], *, caption: str, kind: str = "") -> str:
    """A table with a caption for those who hear it. Cells are HTML; the first one names its row. A cell that begins
    with ``<td`` stands as it is."""
    head = "".join(f'<th scope="col">{_t(name)}</th>' for name in heads)
    body = ""
    for first, *others in rows:
        cells = "".join(cell if cell.startswith("<td") else f"<td>{cell}</td>" for cell in others)
        body += f'<tr><th scope="row">{first}</th>{cells}</tr>\n'
    return (
        f'<table class="{kind}"><caption>{_t(caption)}</caption><thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}</tbody></table>\n"
    )


def _sheet(name: str, title: str, body: str, *, kind: str = "sheet") -> str:
    return f'<section class="{kind}" aria-labelledby="{name}">\n<h2 id="{name}">{_t(title)}</h2>\n{body}</section>\n'


def _said(word: str, label: str, looks: dict[str, Look]) -> str:
    tone = (
        "good" if word in ("better", "leaning_better") else "bad" if word in ("worse", "leaning_worse", "mixed") else ""
    )
    look = looks.get(word)
    return f'<span class="word {tone}">{as_svg(look) if look else ""}{_t(label)}</span>'


def _figure(chart: Chart, svg: str) -> str:
    """A drawing with its alternative text; the marks inside are silent, the text says what they say."""
    drawn = svg.replace(f'font-family="{FAMILY}"', f'font-family="{FALLBACKS}"')
    start = drawn.find("<svg")
    drawn = drawn[start:].replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1) if start >= 0 else ""
    return (
        f'<figure><div role="img" aria-label="{_t(chart.alt)}">{drawn}</div>'
        f"<figcaption>{_t(chart.caption)}</figcaption></figure>\n"
    )


def _pairs(rows: Iterable[tuple[str, str]]) -> str:
    lines = (f"<span>{_t(name)}: </span>{_t(value)}" if name else _t(value) for name, value in rows)
    return '<ul class="lines">' + "".join(f"<li>{line}</li>" for line in lines) + "</ul>\n"


def _decisions(lines: Sequence[DecisionLine]) -> str:
    L = LABELS
    heads = (L["change"], L["decided"], L["reason"], L["owner"], L["due"], L["review"], L["since"])
    rows = [
        (f"<strong>{_t(d.number)}</strong> {_t(d.title)}", f"<strong>{_t(d.decided)}</strong>", _t(d.reason),
         _t(d.owner), _t(d.due), _t(d.review), _t(d.since))
        for d in lines
    ]  # fmt: skip
    return _table(heads, rows, caption=L["decided"])


# --- the sheets --------------------------------------------------------------------------------------------------


def _first(pack: Pack) -> str:
    content, L, looks = pack.content, LABELS, dict(pack.content.looks)
    next_on = f" · {L['next_meeting']} {content.next_meeting}" if content.next_meeting else ""
    demo = f" · {L['demo']}" if content.is_demo else ""
    facts = (
        f"{content.as_of} · {L['version']} {content.data_version} · {L['made']} {pack.frozen_text} · "
        f"{L['pack_id']} {pack.frozen_id}{demo}"
    )
    link = f'<a href="{html.escape(pack.link)}">{_t(pack.link)}</a>' if pack.link else _t(pack.where)
    stale = "".join(f'<p class="stale">{_t(sentence)}</p>' for sentence in content.stale)
    counts = "".join(f"<div><dt>{_t(name)}</dt><dd>{_t(value)}</dd></div>" for name, value in content.counts)
    decided, noted = any(line.decided for line in content.agenda), any(line.note for line in content.agenda)
    more = (*((L["decided"],) if decided else ()), *((L["note"],) if noted else ()))
    heads = ("", L["change"], L["customers"], L["why"], L["asked"], *more)
    rows = [
        (
            str(place), f'<a href="#change-{place}"><strong>{_t(line.number)}</strong> {_t(line.title)}</a>',
            _said(line.word, line.word_label, looks), _t(", ".join(line.reasons)),
            f'<span class="asked">{_t(line.asked)}</span>',
            *((f"<strong>{_t(line.decided)}</strong>",) if decided else ()), *((_t(line.note),) if noted else ()),
        )
        for place, line in enumerate(content.agenda, 1)
    ]  # fmt: skip
    agenda = (
        _table(("No.", *heads[1:]), rows, caption=L["agenda"], kind="agenda") if rows else f"<p>{L['no_agenda']}</p>"
    )
    return (
        f'<section class="sheet long">\n<h1>{_t(content.title)}</h1>\n'
        f'<p class="facts">{_t(content.team)}{_t(next_on)}<br>{_t(facts)}<br>{L["link"]}: {link}</p>\n{stale}'
        f'<dl class="counts">{counts}</dl>\n<h2>{L["agenda"]}</h2>\n{agenda}</section>\n'
    )


def _change(pack: Pack, page: ChangePage, svg: str) -> str:
    content, L, looks, f = pack.content, LABELS, dict(pack.content.looks), page.figures
    place = next((i for i, line in enumerate(content.agenda, 1) if line.change_id == f.id), 0)
    lead = next((m.sentence for m in f.measures if m.metric == f.leading), f.waiting)
    so_far = f' <span class="facts">{_t(f.so_far)}</span>' if f.so_far else ""
    told = [
        f'<strong class="asked">{L["decision_asked"]}:</strong> {_t(" · ".join(f.asked))}' if f.asked else "",
        f"{L['why']}: {_t(page.why)}" if page.why else "",
        f"{L['note']}: {_t(page.note)}" if page.note else "",
    ]
    strip = " &emsp; ".join(filter(None, told))
    left = f"<h3>{_t(page.chart.title)}</h3>{_figure(page.chart, svg)}" if page.chart else _expected(page)
    board = [m for m in f.measures if m.on_board]
    felt = f"<h3>{L['measures']}</h3>{_measures(board, looks)}" if board and not f.waiting else ""
    body = (
        f'<p class="facts">{_t(" · ".join(f.facts[1:]))}</p>\n'
        f'<p class="felt">{_said(f.word, f.felt, looks)}{so_far}</p>\n<p>{_t(lead)}</p>\n'
        f'<p class="strip{" urgent" if f.asked else ""}">{strip}</p>\n'
        f'<div class="beside"><div>{left}</div><div>{_milestones(f, MOST_MILESTONES)}</div></div>\n'
        f'{felt}<div class="foot">{"".join(f"<div>{part}</div>" for part in _foot(page))}</div>\n'
    )
    rows = len(f.milestones) + 2 * max(len(rows) for _, rows in foot_of(page))
    kind = "sheet dense densest" if rows > 2 * ROWS_WITH_ROOM else "sheet dense" if rows > ROWS_WITH_ROOM else "sheet"
    return _sheet(f"change-{place}", f"{f.number} {f.title}", body, kind=kind)


def _foot(page: ChangePage) -> Iterator[str]:
    for title, rows in foot_of(page):
        if page.chart or title != LABELS["case"]:
            yield f"<h3>{title}</h3>{_pairs(rows)}"


def _expected(page: ChangePage) -> str:
    """What the business expected, where there is no chart to stand in its place."""
    title, rows = next(part for part in foot_of(page) if part[0] == LABELS["case"])
    return f"<h3>{title}</h3>{_pairs(rows)}"


def _milestones(f: ChangeFigures, most: int) -> str:
    L = LABELS
    shown: Sequence[StepFigures] = f.milestones[:most]
    rows = [
        (f"{step_svg(m.mark)}{_t(m.title)}", _t(m.planned), f'<span class="{m.mark}">{_t(m.state)}</span>')
        for m in shown
    ]
    heads = (L["milestone"], L["planned"], L["state"])
    table = _table(heads, rows, caption=f"{L['milestones']}: {f.title}", kind="plan") if rows else L["no_milestones"]
    ready = ""
    for end in f.readiness:
        filled = "" if end.ratio is None else f'<span class="bar"><i style="width:{100 * end.ratio:.0f}%"></i></span>'
        ready += f'<p class="ready">{_t(end.text)}{filled}</p>'
    return f"<h3>{L['milestones']}</h3>{table}{ready}"


def _measures(
    measures: Sequence[MeasureFigures], looks: dict[str, Look], *, named: Sequence[str] = (), title: str = ""
) -> str:
    """A row a measure; with ``named``, the change's number before each."""
    L = LABELS
    heads = (L["measure"], L["answer"], L["before_after"], L["expected"], L["effect"], L["range"], L["basis"])
    rows: list[Cells] = []
    for m in measures:
        answer = _said(m.word, m.word_label + (", preliminary" if m.preliminary else ""), looks)
        if m.short:
            rows.append((_t(m.label), answer, f'<td colspan="5" class="facts">{_t(m.short)}</td>'))
            continue
        levels = f"{_t(m.before)} → <strong>{_t(m.after)}</strong> {_t(m.unit)}"
        rows.append((_t(m.label), answer, levels, _t(m.expected), f"<strong>{_t(m.effect)}</strong>", _t(m.range),
                     _t(m.basis)))  # fmt: skip
    if named:
        rows = [(f"<strong>{_t(name)}</strong>", *row) for name, row in zip(named, rows, strict=True)]
        return _table((L["change"], *heads), rows, caption=title)
    return _table(heads, rows, caption=L["measures"], kind="measures")


def _end(pack: Pack) -> str:
    content, L = pack.content, LABELS
    now = _decisions(content.decided_now) if content.decided_now else f"<p>{L['none_now']}</p>"
    method = "".join(f"<div><h3>{_t(part.title)}</h3><p>{_t(part.text)}</p></div>" for part in content.method)
    body = f'{now}<h2>{L["method"]}</h2>\n<div class="method">{method}</div>\n'
    return _sheet("now", L["decided_now"], body, kind="sheet long")


def _further(pack: Pack) -> Iterator[str]:
    others = further_of(pack.content)
    looks, found = dict(pack.content.looks), []
    if others:
        title = LABELS["further_measures"]
        named = [f.number for f, _ in others]
        found.append(f"<h3>{title}</h3>{_measures([m for _, m in others], looks, named=named, title=title)}")
    for table in further_tables(pack.content):
        rows = [tuple(_t(cell) for cell in row) for row in table.rows]
        note = "".join(f'<p class="facts">{_t(line)}</p>' for line in table.note.splitlines())
        found.append(f"<h3>{_t(table.title)}</h3>{_table(table.columns, rows, caption=table.title)}{note}")
    for page in pack.content.pages:
        f = page.figures
        if len(f.milestones) > MOST_MILESTONES:
            plan = _milestones(f, len(f.milestones)).replace("h3>", "h4>")
            found.append(f"<h3>{_t(f.number)} {_t(f.title)}</h3>{plan}")
    if found:
        yield _sheet("further", LABELS["further"], "".join(found), kind="sheet long")
