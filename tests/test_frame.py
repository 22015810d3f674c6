"""The frame of hand-drawn charts: one scale each way for all layers, what has no rows left out."""

from __future__ import annotations

from typing import Any

from impact.charts.frame import framed


def layer(rows: list[dict[str, Any]], x: dict[str, Any]) -> dict[str, Any]:
    return {"mark": "point", "data": {"values": rows}, "encoding": {"x": x, "y": {"field": "y"}}}


def test_layers_share_one_scale_each_way_and_those_without_rows_are_left_out() -> None:
    spec = framed([layer([{"x": 0.5, "y": 3}], {"field": "x"}), layer([], {"field": "x"})], height=80.0, font=12)
    (only,) = spec["layer"]
    assert only["encoding"]["x"] == {"field": "x", "axis": None, "scale": {"domain": [0, 1]}}
    assert only["encoding"]["y"]["scale"] == {"domain": [0, 80.0], "reverse": True, "nice": False, "zero": False}
    assert spec["height"] == 80.0


def test_a_place_in_pixels_keeps_its_own_scale_beside_an_axis_of_time() -> None:
    time = {"type": "time", "domain": ["2026-09-01", "2026-12-01"]}
    rows = [{"on": "2026-09-07", "y": 1}]
    spec = framed([layer(rows, {"field": "on"}), layer(rows, {"value": 12})], height=40, font=12, across=time)
    assert [each["encoding"]["x"] for each in spec["layer"]] == [
        {"field": "on", "axis": None, "scale": time},
        {"value": 12},
    ]
