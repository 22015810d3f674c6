"""Decisions: reviews due, the log, what was seen at the time beside today, and every write. Layout only."""

from impact import ui
from impact.ui import decisions

view = ui.open_page("decisions", needs_records=True)
filters = decisions.head(view)
decisions.one(view)
decisions.reviews_due(view)
decisions.log(view, filters)
decisions.audit(view)
