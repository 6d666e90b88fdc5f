"""One engine: a batch gives what a loop gives, a mask what a smaller table gives, by every estimator and interval."""

import inspect

import numpy as np
import painsynth as ps
import pandas as pd
import pytest
from painsynth.stats.heterogeneity import ESTIMATORS
from painsynth.stats.words import CI

FIGURES = ("estimate", "se", "se_wald", "se_hksj", "tau2", "i2", "h2", "q", "statistic", "p")
GRID = [(tau2, ci) for tau2 in ESTIMATORS for ci in CI if ci != "KR" or tau2 == "REML"]
K = 6


def _table(y, v) -> pd.DataFrame:
    return pd.DataFrame({"study": [f"S{i}" for i in range(len(y))], "yi": y, "vi": v})


def _rows():
    """Random, equal, offset, and very uneven analyses of K studies, and masks of 1 to K of them."""
    rng = np.random.default_rng(20)
    y, v = rng.normal(0.2, 0.7, (7, K)), rng.uniform(0.02, 0.5, (7, K))
    y[3], y[4], v[5], v[6] = 0.3, y[4] + 1e3, 0.04, 10.0 ** rng.uniform(-5, 2, K)
    mask = rng.random((7, K)) < 0.6
    mask[:, 0] |= ~mask.any(1)
    mask[0], mask[1] = True, np.arange(K) == 2
    return y, v, mask


def _agree(batch, i: int, fit: ps.Fit) -> None:
    for name in FIGURES:
        one, other = float(np.asarray(getattr(batch, name))[i]), getattr(fit, name)
        undefined = fit.se == 0 and name == "statistic"  # 0/0 or x/0
        assert undefined or one == pytest.approx(other, rel=1e-12, abs=1e-13, nan_ok=True), (name, i)
    ends = (batch.ci_low[i], batch.ci_high[i])
    assert ends == pytest.approx(fit.ci, rel=1e-12, abs=1e-12, nan_ok=True)
    assert bool(batch.converged[i]) is fit.converged and int(batch.k[i]) == fit.k


@pytest.mark.parametrize(("tau2", "ci"), GRID)
def test_batch_equals_loop_and_mask_equals_subset(tau2, ci):
    y, v, mask = _rows()
    whole = ps.batch_pool(y, v, tau2=tau2, ci=ci)
    masked = ps.batch_pool(y, v, mask, tau2=tau2, ci=ci)
    how = {"tau2": tau2, "ci": ci, "pi": "none", "tau2_ci": "none"}
    for i in range(len(y)):
        _agree(whole, i, ps.pool(_table(y[i], v[i]), **how))
        _agree(masked, i, ps.pool(_table(y[i][mask[i]], v[i][mask[i]]), **how))


@pytest.mark.parametrize(("tau2", "ci"), GRID)
def test_shared_studies_take_another_path_to_the_same_numbers(tau2, ci):
    y, v, mask = _rows()
    shared = ps.batch_pool(y[0], v[0], mask, tau2=tau2, ci=ci)
    for i in range(0, len(y), 3):
        fit = ps.pool(_table(y[0][mask[i]], v[0][mask[i]]), tau2=tau2, ci=ci, pi="none", tau2_ci="none")
        _agree(shared, i, fit)


TABLES = {
    "leave_one_out": ps.leave_one_out, "cumulate": ps.cumulate, "influence": ps.influence, "residuals": ps.residuals,
    "baujat_data": ps.baujat_data, "bootstrap": lambda t, **how: ps.bootstrap(t, n=20, **how),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_options_reach_every_table_of_the_kernel(name):
    y, v, _ = _rows()
    table = _table(y[2], v[2]).assign(year=range(K))
    plain = TABLES[name](table)
    for option in ({"tau2": "SJ"}, {"model": "common"}, {"ci": "Wald"}, {"level": 0.5}):
        other = TABLES[name](table, **option)
        assert list(other.columns) == list(plain.columns)
    assert not TABLES[name](table, model="random", tau2="SJ").equals(TABLES[name](table, model="random", tau2="DL"))


def test_gosh_and_permutation_take_the_options_that_can_matter():
    for name, needed in (("gosh", {"model", "tau2"}), ("permute_signs", {"model", "tau2", "ci"})):
        assert needed <= set(inspect.signature(getattr(ps, name)).parameters)
    y, v, _ = _rows()
    table = _table(y[3], v[3])
    for tau2 in ("REML", "DL", "PM", "EE"):
        every = ps.gosh(table, tau2=tau2)
        fit = ps.pool(table, tau2=tau2, ci="Wald")
        assert every["estimate"].iloc[-1] == pytest.approx(fit.estimate, rel=1e-12)
    assert len(ps.permute_signs(table, ci="Wald", tau2="PM")) == 2**K
    assert ps.permutation_test(table, tau2="PM", ci="HKSJ").exact
