"""What lists and switches of several pages share: one page of many lines, and a switch whose setting is in the address.
Layout only: knows neither changes nor measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import TypeVar

import streamlit as st

from impact.selection import PAGE_SIZE
from impact.ui import from_address, to_address

T = TypeVar("T")


def one_page(lines: Sequence[T], noun: str) -> Sequence[T]:
    """Those of the lines that are drawn, and which of how many they are; with many there are pages. ``noun`` is what
    they are called: Changes."""
    pages = ceil(len(lines) / PAGE_SIZE)
    if pages <= 1:
        return lines
    line = st.container(horizontal=True, vertical_alignment="center", key="pages")
    told = line.empty()
    with line:
        number = st.pagination(pages, key="page", bind="query-params")
    first = (min(number, pages) - 1) * PAGE_SIZE
    last = min(first + PAGE_SIZE, len(lines))
    told.markdown(f"{noun} {first + 1:,} to {last:,} of {len(lines):,}", width="content")
    return lines[first : first + PAGE_SIZE]


def switch(label: str, name: str, choices: Mapping[str, str], usual: str) -> tuple[str, str | None]:
    """A switch between codes with their labels; what it is set to is in the address as ``name``, the usual one left
    out. Gives the code chosen, and what the address asked for where there is no such code: the page says so."""
    unknown = from_address(name, usual, choices)
    st.segmented_control(
        label,
        list(choices),
        key=name,
        required=True,
        format_func=choices.__getitem__,
        on_change=to_address,
        args=(name, usual),
        label_visibility="collapsed",
    )
    return str(st.session_state.get(name) or usual), unknown
