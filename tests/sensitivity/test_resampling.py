"""Bootstrap samples and sign changes: exact on tiny sets, reproducible, equal to slow loops."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from painsynth.errors import EffectsError
from painsynth.sensitivity.resampling import CHUNK, bootstrap, permute_signs
from painsynth.stats.pool import pool

SAME = 1e-10


def table(seed: int = 0, k: int = 6) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    vi = rng.uniform(0.02, 0.4, k)
    return pd.DataFrame({"yi": 0.3 + rng.normal(size=k) * np.sqrt(vi + 0.1), "vi": vi})


@pytest.mark.parametrize("how", [{"ci": "Wald"}, {"tau2": "DL"}, {"model": "common"}])
def test_sign_changes_equal_a_loop_over_all_of_them(how):
    effects = table(1, 5)
    found = permute_signs(effects, **how)
    slow = [pool(effects.assign(yi=effects["yi"] * np.array(signs)), **how) for signs in product((1, -1), repeat=5)]
    assert found.attrs["exact"] and len(found) == 32
    assert np.allclose(np.sort(found["statistic"]), np.sort([fit.statistic for fit in slow]), rtol=SAME)
    observed = abs(pool(effects, **how).statistic)
    share = np.mean([abs(fit.statistic) >= observed * (1 - 1e-9) for fit in slow])
    assert found.attrs["p"] == pytest.approx(share, abs=SAME)
    assert found["estimate"][0] == pytest.approx(pool(effects, **how).estimate, rel=SAME)


def test_the_smallest_p_is_two_of_all():
    effects = pd.DataFrame({"yi": [1.0, 1.1, 1.2, 1.3], "vi": [0.1] * 4})
    assert permute_signs(effects, ci="Wald").attrs["p"] == 2 / 16


def test_sampled_sign_changes_approach_the_exact_p():
    effects = table(2, 8)
    exact, drawn = permute_signs(effects), permute_signs(effects, n=20_000, seed=5)
    assert not drawn.attrs["exact"] and len(drawn) == 20_000
    assert drawn.attrs["p"] == pytest.approx(exact.attrs["p"], abs=0.02)
    assert permute_signs(effects, n=500, seed=5).attrs["p"] == permute_signs(effects, n=500, seed=5).attrs["p"]


def test_the_permutation_test_of_the_engine_gives_the_same_p():
    from painsynth.stats.permutation import permutation_test

    effects = table(6, 7)
    assert permute_signs(effects).attrs["p"] == pytest.approx(permutation_test(effects).table["p"].iloc[0], abs=SAME)


def test_identical_effects_leave_every_sign_change_as_extreme_or_not():
    assert 0 < permute_signs(pd.DataFrame({"yi": [1.0] * 3, "vi": [1.0] * 3})).attrs["p"] <= 1


@pytest.mark.parametrize("kind", ["studies", "parametric"])
def test_bootstrap_is_reproducible_and_grows_at_the_end(kind):
    effects = table(3)
    few, more = (bootstrap(effects, n=n, kind=kind, seed=2) for n in (200, 300))
    again = bootstrap(effects, n=200, kind=kind, seed=2)
    pd.testing.assert_frame_equal(few, again)
    assert few.attrs["estimate_ci"] == again.attrs["estimate_ci"]
    pd.testing.assert_frame_equal(few, more.iloc[:200], rtol=1e-9)
    low, high = more.attrs["estimate_ci"]
    assert low < pool(effects).estimate < high
    assert more["converged"].all()


def test_resampled_studies_are_studies():
    effects = pd.DataFrame({"yi": [1.0, 2.0, 4.0], "vi": [1.0, 1.0, 1.0]})
    means = {round(sum(x) / 3, 9) for x in product((1.0, 2.0, 4.0), repeat=3)}
    assert set(bootstrap(effects, n=400)["estimate"].round(9)) == means


def test_parametric_samples_have_the_variance_of_the_model():
    effects = table(4, 10)
    fit = pool(effects, model="common")
    drawn = bootstrap(effects, n=5000, kind="parametric", model="common")
    assert drawn["estimate"].std() == pytest.approx(fit.se, rel=0.05)


def test_chunks_have_their_own_streams():
    drawn = bootstrap(table(5, 3), n=CHUNK + 10, tau2="DL")
    assert len(drawn) == CHUNK + 10
    assert not np.allclose(drawn["estimate"][:10], drawn["estimate"][CHUNK : CHUNK + 10])


def test_what_is_refused():
    for call in (bootstrap, permute_signs):
        with pytest.raises(EffectsError, match="two studies"):
            call(table(1, 1))
        with pytest.raises(EffectsError, match="not a number above 0"):
            call(table(1), n=0)
    with pytest.raises(EffectsError, match="kind='smooth'"):
        bootstrap(table(1), kind="smooth")
