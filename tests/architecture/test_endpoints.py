"""Every endpoint says who may come in."""

from __future__ import annotations

from flask import Flask

# Flask's own, which serves nothing but the public files in static/.
_UNGUARDED = frozenset({"static"})


def test_every_endpoint_carries_a_guard(app: Flask) -> None:
    unguarded = {
        endpoint
        for endpoint, view in app.view_functions.items()
        if not getattr(view, "allowed", None)
    }

    assert unguarded == _UNGUARDED


def test_every_endpoint_can_be_reached(app: Flask) -> None:
    routed = {rule.endpoint for rule in app.url_map.iter_rules()}

    assert set(app.view_functions) == routed


def test_reading_changes_nothing_and_changing_is_never_a_get(app: Flask) -> None:
    mixed = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or set()) and {"POST", "PUT", "DELETE"} & (rule.methods or set())
    }

    assert mixed == set()
