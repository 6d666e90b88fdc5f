"""Adapters of the reference functions about small studies."""

from __future__ import annotations

ADAPTERS: dict = {}
NOT_BUILT_VALUES: dict = {}
FLOOR: dict = {}
