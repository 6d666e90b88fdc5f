"""The rule by which a reference result passes: what it must let through, and what it must not."""

from __future__ import annotations

import numpy as np
import pytest
from golden_file import mismatches

TOL = {"rel": 1e-6, "abs": 1e-9}


@pytest.mark.parametrize(
    ("expect", "got"),
    [
        ({"a": 1.0}, {"a": 1.0 + 5e-7}),
        ({"a": [1.0, None, 3.0]}, {"a": np.array([1.0, np.nan, 3.0])}),
        ({"a": ["Inf", "-Inf"]}, {"a": [np.inf, -np.inf]}),
        ({"a": [2.0]}, {"a": 2.0}),
        ({"a": None}, {}),
        ({"a": {"b": True, "c": "name"}}, {"a": {"b": True, "c": "name"}}),
    ],
)
def test_met(expect, got):
    assert mismatches(expect, got, TOL) == []


@pytest.mark.parametrize(
    ("expect", "got"),
    [
        ({"a": 1.0}, {"a": 1.0 + 2e-6}),
        ({"a": 1.0}, {"a": float("nan")}),
        ({"a": 1.0}, {"a": None}),
        ({"a": 1.0}, {}),
        ({"a": [1.0, 2.0]}, {"a": [1.0]}),
        ({"a": "Inf"}, {"a": 1e300}),
        ({"a": 1.0}, {"a": float("inf")}),
        ({"a": True}, {"a": False}),
        ({"a": {"b": 1.0}}, {"a": 1.0}),
    ],
)
def test_not_met(expect, got):
    assert len(mismatches(expect, got, TOL)) == 1
