"""Texts from sources in a real browser: what looks like an address there reads as it was typed, and is no link."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from impact.words.formats import plain
from tests.browser import Visit, serve

TITLES = (
    "see https://example.com/a_b?x=1&y=(2) now",
    "www.example.com is down, Www.example.com too",
    "HTTP://EXAMPLE.COM. Ask first-last+x@example.com, or xmpp:a@b.co",
    "**bold** [link](https://example.com) $x$ :red[red]",
)
PAGE = f"""
import streamlit as st
from impact.words.formats import plain
titles = {TITLES!r}
with st.container(key="as-typed"):
    for title in titles:
        st.markdown(title)
for place, how in (("text", "{{}}"), ("small", ":small[{{}}]"), ("bold", "**{{}}**")):
    for number, title in enumerate(titles):
        with st.container(key=f"{{place}}-{{number}}"):
            st.markdown(how.format(plain(title)))
for number, title in enumerate(titles):
    with st.container(key=f"title-{{number}}"):
        st.title(plain(title), anchor=False)
    with st.container(key=f"table-{{number}}"):
        st.table({{"Title": [plain(title)]}}, hide_header=True)
    with st.container(key=f"button-{{number}}"):
        st.button(plain(title))
with st.container(key="linked"):
    st.markdown(f"[{{plain(titles[0])}}](change?change=1)")
"""


def test_an_address_in_a_title_reads_as_typed_everywhere_and_is_no_link(
    tmp_path: Path, visit: Callable[..., Visit]
) -> None:
    script = tmp_path / "page.py"
    script.write_text(PAGE)
    with serve(script, tmp_path / "home", {"PYTHONPATH": str(Path(__file__).parent.parent)}) as served:
        page = visit(served.url).page
        assert page.locator(".st-key-as-typed a").count() > len(TITLES), "Streamlit makes links of bare addresses"
        for place in ("text", "small", "bold", "title", "table", "button"):
            for number, title in enumerate(TITLES):
                shown = page.locator(f".st-key-{place}-{number}")
                assert shown.inner_text().strip() == title, place
                assert shown.locator("a").count() == 0, (place, title)
        links = page.locator(".st-key-linked a")
        assert [link.get_attribute("href") for link in links.all()] == ["change?change=1"]
        assert links.first.inner_text() == TITLES[0]


@pytest.mark.parametrize("text", ["a@ b", "@anna", "the http port", "swww", "mail @ noon", "ratio 3:4"])
def test_what_is_no_address_is_only_escaped(text: str) -> None:
    assert plain(text) == text.replace(":", "\\:")
