"""Every function of the engine on tables that break others: the right answer, or an error that names the row."""

from __future__ import annotations

import warnings

import numpy as np
import painsynth as ps
import pandas as pd
import pytest
from engine_calls import CALLS, figures, table
from painsynth.errors import PainsynthError
from painsynth.evidence import conversions

pytestmark = pytest.mark.filterwarnings("error")


def cell(column: str, value):
    """A table with one cell changed."""

    def change(t):
        t[column] = t[column].astype(object)
        t.loc[2, column] = value
        return t if isinstance(value, (str, complex)) else t.astype({column: float})

    return change


WRONG = (np.nan, np.inf, "5,1", 1e200, 1j)
REFUSED = {
    f"{name} {value}": cell(name, value) for name in ("yi", "vi") for value in (np.nan, np.inf, "5,1", 1e200, 1j)
}
REFUSED |= {f"vi {value}": cell("vi", value) for value in (0.0, -1.0, 1e-310)}
STRANGE = {
    "one study": lambda t: t.iloc[:1],
    "two studies": lambda t: t.iloc[:2],
    "identical effects": lambda t: t.assign(yi=0.4),
    "no effect at all": lambda t: t.assign(yi=0.0),
    "identical studies": lambda t: t.assign(yi=0.4, vi=0.1),
    "12 orders of magnitude": lambda t: t.assign(vi=np.logspace(-12, 0, len(t))),
    "one study rules": lambda t: t.assign(vi=np.where(np.arange(len(t)) == 3, 1e-12, 1.0)),
    "offset": lambda t: t.assign(yi=t["yi"] + 1e8),
    "moderator far away": lambda t: t.assign(dose=t["dose"] + 1e8),
    "moderator constant": lambda t: t.assign(dose=1.0),
    "moderator missing": cell("dose", np.nan),
    "moderator text": cell("dose", "x"),
    "cluster missing": lambda t: t.assign(trial=t["trial"].where(t.index != 2)),
    "one cluster": lambda t: t.assign(trial="A"),
    "each its own cluster": lambda t: t.assign(trial=t["study"]),
    "one group": lambda t: t.assign(group="a"),
    "a size of 0": cell("n1i", 0.0),
    "no years": cell("year", np.nan),
    "far beyond": cell("yi", 1e20),
    "far below": cell("vi", 1e-20),
}
SAME = {
    "index twice": lambda t: t.set_axis([0] * len(t)),
    "index backwards": lambda t: t.set_axis(range(len(t))[::-1]),
    "index of text": lambda t: t.set_axis(list("hgfedcba")),
    "objects": lambda t: t.astype({"yi": object, "vi": object, "dose": object}),
    "nullable": lambda t: t.convert_dtypes(),
}


@pytest.mark.parametrize("name", CALLS)
def test_what_is_no_effect_is_refused_by_name(name):
    for change in REFUSED.values():
        with pytest.raises(PainsynthError) as caught:
            CALLS[name](change(table()))
        assert any(word in str(caught.value) for word in ("T2", "study 3", "(3,)", "arrays of numbers"))
    with pytest.raises(PainsynthError):
        CALLS[name](table().iloc[:0])


@pytest.mark.parametrize("name", CALLS)
def test_a_strange_table_is_answered_or_refused_without_a_warning(name):
    for change in STRANGE.values():
        try:
            CALLS[name](change(table()))
        except PainsynthError as error:
            assert len(str(error)) > 20


@pytest.mark.slow
@pytest.mark.parametrize("name", CALLS)
def test_how_a_table_is_held_does_not_matter(name):
    plain = figures(CALLS[name](table()))
    for change in SAME.values():
        other = figures(CALLS[name](change(table())))
        for key, x in plain.items() if name != "rows" else ():
            assert np.allclose(x, other[key], rtol=1e-9, atol=1e-12, equal_nan=True), key


@pytest.mark.parametrize("measure", ["COR", "UCOR", "ZCOR"])
def test_correlations_of_too_few_are_refused(measure):
    for n in (1.0, 2.0) if measure != "COR" else (1.0,):
        with pytest.raises(PainsynthError, match="study B"):
            ps.effects(pd.DataFrame({"study": ["A", "B"], "ri": [0.4, 0.4], "ni": [20.0, n]}), measure)


def test_rates_without_events_need_no_correction_on_the_root_scale():
    """As metafor: IRSD adds nothing by default."""
    table = ps.effects(pd.DataFrame({"x1i": [0], "t1i": [10.0], "x2i": [1], "t2i": [11.0]}), "IRSD")
    assert table["yi"][0] == pytest.approx(-np.sqrt(1 / 11)) and table["vi"][0] == pytest.approx(1 / 40 + 1 / 44)


@pytest.mark.parametrize("measure", ["YUQ", "YUY", "OR", "RR"])
def test_an_empty_cell_without_correction_is_said_without_a_warning(measure):
    trials = pd.DataFrame({"ai": [0, 3], "n1i": [10, 10], "ci": [2, 4], "n2i": [10, 10]})
    assert np.isnan(ps.effects(trials, measure, to="none")["vi"][0])


@pytest.mark.parametrize("value", [1e300, 1e-300])
def test_figures_of_no_trial_are_refused(value):
    trials = pd.DataFrame({"study": ["A", "B"], "m1i": [1.0, 2], "sd1i": [1.0, value], "n1i": [9, 9], "m2i": [2.0, 3],
                           "sd2i": [1.0, 1], "n2i": [9, 9]})  # fmt: skip
    with pytest.raises(PainsynthError, match="study B, column sd1i"):
        ps.effects(trials, "SMD")


@pytest.mark.parametrize("method", ["luo-wan", "shi", "qe", "bc", "mln", "blue"])
def test_a_quantile_without_its_partner_is_left_aside(method):
    whole = ps.recover_mean_sd(30, 2.0, 3.0, 5.0, method=method)
    half = ps.recover_mean_sd(30, 2.0, 3.0, 5.0, maximum=9.0, method=method)
    assert half.to_numpy() == pytest.approx(whole.to_numpy())
    with pytest.raises(PainsynthError, match="row 1"):
        ps.recover_mean_sd(30, 2.0, 3.0, np.inf, method=method)


@pytest.mark.parametrize(
    "call",
    [
        lambda: conversions.se_to_sd(-1.0, 20),
        lambda: conversions.sd_to_se(1.0, 0),
        lambda: conversions.ci_to_se(2.0, 1.0),
        lambda: conversions.ci_to_sd(1.0, 2.0, 1),
        lambda: conversions.p_to_se(1.0, 1.2),
        lambda: conversions.t_to_se(1.0, 0.0),
        lambda: conversions.change_sd(1.0, 2.0, 1.5),
        lambda: conversions.change_correlation(0.0, 1.0, 1.0),
        lambda: conversions.paired_se(1.0, 1.0, -3, 0.5),
        lambda: conversions.ratio_to_log(-1.0, 0.5, 2.0),
        lambda: conversions.fourfold_from_or(2.0, 10, 20, 5),
    ],
)
def test_conversions_refuse_what_cannot_be(call):
    with pytest.raises(PainsynthError):
        call()


def test_a_correlation_of_one_leaves_the_difference_of_the_sds():
    assert conversions.change_sd(1e8 + 1, 1e8, 1.0) == 1.0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(conversions.se_to_sd(np.nan, 20))
