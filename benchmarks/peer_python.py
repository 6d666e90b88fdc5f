"""Runs in an interpreter that has the Python peers: reads studies from standard input, writes CPU seconds.

{"package version": {"key": [seconds, fits]}}; a package that is not there, or a work it cannot do, is left out.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import sys
import time
import warnings

import numpy as np


def best(work, runs: int = 3) -> float:
    """Smallest CPU time of `runs` runs."""
    times = []
    for _ in range(runs):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def statsmodels(given: dict) -> dict:
    """One fit by DL: it has neither REML nor batches."""
    from statsmodels.stats.meta_analysis import combine_effects

    y, v = given["y"][0], given["v"][0]
    return {"record": [best(lambda: [combine_effects(y, v, method_re="dl") for _ in range(50)]) / 50, 1]}


def pymare(given: dict) -> dict:
    """Batches of parallel data sets."""
    from pymare import Dataset
    from pymare.estimators import DerSimonianLaird, VarianceBasedLikelihoodEstimator

    y, v, one = given["y"], given["v"], np.ones((given["y"].shape[1], 1))
    fit = VarianceBasedLikelihoodEstimator(method="REML")
    design = np.column_stack([one, given["x"]])
    order = given["order"]
    single = Dataset(y=y[0], v=v[0], X=one)

    def record():
        result = fit.fit_dataset(single).summary()
        return result.to_df(), result.get_heterogeneity_stats(), result.get_re_stats()

    dl = DerSimonianLaird()
    return {
        "record": [best(lambda: [record() for _ in range(5)]) / 5, 1],
        "bootstrap": [best(lambda: fit.fit(y.T, v.T, one)), len(y)],
        "tau2 DL": [best(lambda: dl.fit(y.T, v.T, one)), len(y)],
        "permutation": [best(lambda: fit.fit(y[0][order].T, v[0][order].T, design)), len(order)],
        "gosh REML": [best(lambda: [fit.fit(y[0], v[0], one) for _ in range(5)]) / 5, 1],
        "gosh EE": [best(lambda: [dl.fit(y[0], v[0], one) for _ in range(20)]) / 20, 1],
    }


def pymetaanalysis(given: dict) -> dict:
    """One fit at a time."""
    from meta_analyze import meta_analysis

    y, v = given["y"][0], given["v"][0]

    def reml():
        return meta_analysis(effect=y, variance=v, tau2_method="REML")

    seconds = best(lambda: [reml() for _ in range(20)]) / 20
    return {key: [seconds, 1] for key in ("record", "bootstrap", "gosh REML")}


def main() -> None:
    given = {name: np.array(x) for name, x in json.load(sys.stdin).items()}
    out = {}
    for package, work in (("statsmodels", statsmodels), ("PyMARE", pymare), ("PyMetaAnalysis", pymetaanalysis)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                out[f"{package} {importlib.metadata.version(package)}"] = work(given)
            except Exception as error:
                print(f"{package}: {type(error).__name__}: {error}", file=sys.stderr)
    print(json.dumps(out))


if __name__ == "__main__":
    main()
