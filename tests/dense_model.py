"""The mixed model written out with whole matrices: slow, plain, and independent of the package's kernels."""

from __future__ import annotations

import numpy as np


def covariance(v: np.ndarray, study: np.ndarray, between: float, within: float) -> np.ndarray:
    """V + between [same study] + within I."""
    return v + between * (study[:, None] == study) + within * np.eye(len(study))


def log_likelihood(y: np.ndarray, x: np.ndarray, m: np.ndarray, restricted: bool = True) -> float:
    """(Restricted) log-likelihood, beta profiled out."""
    w = np.linalg.inv(m)
    xwx = x.T @ w @ x
    r = y - x @ np.linalg.solve(xwx, x.T @ w @ y)
    value = np.linalg.slogdet(m)[1] + r @ w @ r
    if not restricted:
        return -0.5 * (value + len(y) * np.log(2 * np.pi))
    value += np.linalg.slogdet(xwx)[1] - np.linalg.slogdet(x.T @ x)[1]
    return -0.5 * (value + (len(y) - x.shape[1]) * np.log(2 * np.pi))


def cr2(y: np.ndarray, x: np.ndarray, m: np.ndarray, cluster: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """CR2 covariance and Satterthwaite df by their definitions, weights the inverse of m."""
    w = np.linalg.inv(m)
    bread = np.linalg.inv(x.T @ w @ x)
    rest = np.eye(len(y)) - x @ bread @ x.T @ w
    e = rest @ y
    meat, columns = np.zeros_like(bread), []
    for c in np.unique(cluster):
        j = np.flatnonzero(cluster == c)
        d = np.linalg.cholesky(m[np.ix_(j, j)]).T
        values, axes = np.linalg.eigh(d @ (rest @ m @ rest.T)[np.ix_(j, j)] @ d.T)
        a = d.T @ (axes / np.sqrt(values)) @ axes.T @ d
        wx = w[np.ix_(j, j)] @ x[j]
        score = wx.T @ a @ e[j]
        meat += np.outer(score, score)
        columns.append(rest[j].T @ a @ wx @ bread)
    df = []
    for t in range(x.shape[1]):
        p = np.column_stack([c[:, t] for c in columns])
        g = p.T @ m @ p
        df.append(np.trace(g) ** 2 / (g**2).sum())
    return bread @ meat @ bread, np.array(df)


def nested_table(seed: int, studies: int = 8, scale: float = 1.0):
    """A table of several effects per study, months and instruments."""
    import pandas as pd

    rng = np.random.default_rng(seed)
    study = np.repeat(np.arange(studies), rng.integers(1, 5, studies))
    k = len(study)
    vi = rng.uniform(0.5, 3.0, k) * scale**2
    yi = scale * (rng.normal(0, 1.5, studies)[study] + rng.normal(0, 1, k)) + rng.normal(size=k) * np.sqrt(vi)
    table = pd.DataFrame({"trial": [f"T{s}" for s in study], "yi": yi, "vi": vi})
    table["months"] = rng.choice([3, 6, 12, 24], k)
    table.attrs["measure"] = "MD"
    return table
