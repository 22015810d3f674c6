"""Decisions: reviews due, the log, what was seen beside today, what was expected and what came of it. Layout only."""

from impact import ui
from impact.ui import case, decisions, register

view = ui.open_page("decisions", needs_records=True)
filters = decisions.head(view)
decisions.one(view)
decisions.reviews_due(view)
decisions.log(view, filters)
register.portfolio_section(view)
case.portfolio_section(view)
decisions.audit(view)
