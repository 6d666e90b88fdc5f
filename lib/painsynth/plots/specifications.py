"""The specifications of a curve: sorted, told apart by what they conclude, with the choices that made them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from painsynth.errors import NothingToPool, PainsynthError
from painsynth.formats import percent
from painsynth.plots import words
from painsynth.plots.effect_scale import EffectScale, excludes

RESULTS = ("estimate", "ci_low", "ci_high")
_NO_CHOICES = {*RESULTS, "se", "p", "k", "n", "tau2", "i2", "q", "weight", "main", "specification", "converged",
               "notes", "pi_low", "pi_high"}  # fmt: skip
MOST_OPTIONS = 30  # a column with more values is no choice
BETTER, NEITHER, WORSE = "better", "neither", "worse"


@dataclass(frozen=True, eq=False)
class Specifications:
    """All specifications with an estimate, sorted by it.

    Attributes
    ----------
    rows : DataFrame
        Sorted by estimate; choices as text.
    conclusion : ndarray of str (n,)
        better, worse (the confidence interval excludes no effect), or neither.
    choices : dict of str to (str, tuple of str)
        Heading and options of each choice that varies.
    fixed : dict of str to str
        Choices with a single option.
    main : int or None
        Place of the main specification.
    lost : int
        Specifications without an estimate.
    """

    rows: pd.DataFrame
    conclusion: np.ndarray
    choices: dict[str, tuple[str, tuple[str, ...]]]
    fixed: dict[str, str]
    main: int | None
    lost: int

    def __len__(self) -> int:
        return len(self.rows)


def specifications(
    table: pd.DataFrame, scale: EffectScale, lower_is_better: bool, choices: Sequence[str] | Mapping | None, main
) -> Specifications:
    """Read a table of specifications.

    Raises
    ------
    PainsynthError
        For a missing column, a column that is no choice, or a main specification that is not one row.
    NothingToPool
        When no row has an estimate.
    """
    known = table[table["estimate"].notna()]
    if not len(known):
        raise NothingToPool("no specification has an estimate, so there is no curve to draw")
    headings = _headings(table, choices)
    chosen = _main(known, main)
    order = np.argsort(known["estimate"].to_numpy(), kind="stable")
    rows = known.iloc[order].reset_index(drop=True)
    options = {column: _options(known[column]) for column in headings}
    rows = rows.assign(**{column: rows[column].map(_text) for column in headings})
    lower = rows["estimate"].to_numpy() < scale.null
    ours = lower if lower_is_better else ~lower
    conclusion = np.where(~excludes(rows, scale.null), NEITHER, np.where(ours, BETTER, WORSE))
    return Specifications(
        rows,
        conclusion,
        {column: (headings[column], values) for column, values in options.items() if len(values) > 1},
        {headings[column]: values[0] for column, values in options.items() if len(values) == 1},
        None if chosen is None else int(np.flatnonzero(order == chosen)[0]),
        len(table) - len(known),
    )


def check_results(table: pd.DataFrame) -> None:
    """Refuse a table without estimates and intervals."""
    missing = [name for name in RESULTS if name not in table]
    if missing:
        raise PainsynthError(f"a table of specifications needs {', '.join(RESULTS)}; '{missing[0]}' is missing")


def _headings(table: pd.DataFrame, choices) -> dict[str, str]:
    if choices is None:
        found = [name for name in table if name not in _NO_CHOICES and not pd.api.types.is_float_dtype(table[name])]
        return {name: _heading(words.plain(name)) for name in found
                if table[name].nunique(dropna=False) <= MOST_OPTIONS}  # fmt: skip
    named = dict(choices) if isinstance(choices, Mapping) else {name: words.plain(name) for name in choices}
    for name in named:
        if name not in table:
            raise PainsynthError(f"choices: '{name}' is not a column of the table; it has {', '.join(map(str, table))}")
        if table[name].nunique(dropna=False) > MOST_OPTIONS:
            raise PainsynthError(f"choices: '{name}' has more than {MOST_OPTIONS} values; it cannot stand in a matrix")
    return {name: _heading(heading) for name, heading in named.items()}


def _heading(text: str) -> str:
    return words.sentence_case(text).replace("Tau2", "τ²").replace("tau2", "τ²")


def _options(column: pd.Series) -> tuple[str, ...]:
    """Options as text: numbers and truth values in their order, words in order of appearance."""
    values = column.drop_duplicates()
    if pd.api.types.is_numeric_dtype(values):
        values = values.sort_values()
    return tuple(dict.fromkeys(map(_text, values)))


def _text(value) -> str:
    if isinstance(value, bool | np.bool_):
        return "Yes" if value else "No"
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return "–"
    if isinstance(value, int | float | np.number):
        return f"{value:g}".replace("-", "−")
    return words.sentence_case(words.plain(str(value))) or "–"


def _main(known: pd.DataFrame, main) -> int | None:
    """Position of the main specification: from its choices, its index, or the column `main`."""
    if main is None and "main" not in known:
        return None
    if isinstance(main, Mapping):
        strange = [name for name in main if name not in known]
        if strange:
            raise PainsynthError(f"main: '{strange[0]}' is not a column of the table")
        hit = np.logical_and.reduce([(known[name] == value).to_numpy() for name, value in main.items()])
    else:
        hit = known["main"].eq(True).to_numpy() if main is None else known.index == main
    if hit.sum() != 1:
        raise PainsynthError(f"main: {hit.sum()} specifications with an estimate fit; give what only one has")
    return int(np.flatnonzero(hit)[0])


def summary(specs: Specifications, scale: EffectScale, lower_is_better: bool, favours: tuple[str, str], level: float
            ) -> list[str]:  # fmt: skip
    """Sentences: how many specifications there are, and which share says what."""
    estimates, n = specs.rows["estimate"].to_numpy(), len(specs)
    lower, higher = favours if lower_is_better else favours[::-1]
    null = "1" if scale.ratio else "0"

    def share(hit) -> str:
        return _share(float(np.mean(hit)), n)

    said = [f"{n:,} specification{'' if n == 1 else 's'}: the estimate favours {lower} in "
            f"{share(estimates < scale.null)} and {higher} in {share(estimates > scale.null)}.",
            f"The {level * 100:g}% CI excludes {null} in favour of {favours[0]} in "
            f"{share(specs.conclusion == BETTER)}, of {favours[1]} in {share(specs.conclusion == WORSE)}."]  # fmt: skip
    if scale.mid:
        ours = estimates < scale.mid[0] if lower_is_better else estimates > scale.mid[1]
        theirs = estimates > scale.mid[1] if lower_is_better else estimates < scale.mid[0]
        said.append("The estimate is beyond the minimal important difference in favour of "
                    f"{favours[0]} in {share(ours)}, of {favours[1]} in {share(theirs)}.")  # fmt: skip
    said.append(f"Median {scale.write(float(np.median(estimates)))}, range {scale.write(estimates[0])} to "
                f"{scale.write(estimates[-1])}.")  # fmt: skip
    if specs.main is not None:
        row = specs.rows.iloc[specs.main]
        said.append(f"Main specification: {scale.write(row['estimate'])} "
                    f"{scale.interval(row['ci_low'], row['ci_high'], level)}, number {specs.main + 1:,} in the "
                    "order.")  # fmt: skip
    if specs.lost:
        said.append(f"{specs.lost:,} without an estimate are not drawn.")
    if specs.fixed:
        said.append(f"The same in all: {'; '.join(f'{name}: {value}' for name, value in specs.fixed.items())}.")
    return said


def _share(fraction: float, n: int) -> str:
    """A percentage that says 0% and 100% only of none and of all."""
    if 0 < fraction < 0.01 or 0.99 < fraction < 1:
        return percent(100 * fraction, 1 if min(fraction, 1 - fraction) >= 0.0005 or n < 2000 else 3)
    return percent(100 * fraction)
