"""Pooled effects in words a patient can use: odds ratios, numbers needed to treat, points, patients in a hundred.

Every function takes numbers or arrays and returns the same, or takes a fit (anything with `estimate`, `ci`, `measure`)
and returns a `Translation` with estimate, confidence and prediction interval together. Effects are cells minus control:
an SMD below 0 means lower scores with cells. `event` says which scores make the event that is counted: "low" (on a pain
scale the patients who improve) or "high" (those who do not).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from painsynth import formats
from painsynth.errors import EffectsError
from painsynth.evidence.conversions import log_or_to_smd, smd_to_log_or
from painsynth.evidence.effects import effects

IN_RAW_SDS = ("SMD", "SMDH", "SMD1", "SMD1H", "SMCR", "SMCRH", "SMCRP", "SMCRPH", "PPC1", "PPC1H", "PPC2", "OR2DL",
              "OR2DN")  # fmt: skip
ODDS = ("OR", "PETO", "D2ORL", "D2ORN")
EVENTS = ("high", "low")


@dataclass(frozen=True)
class Translation:
    """A fit in other words.

    Attributes
    ----------
    estimate : float
    ci, pi : tuple of float
        Confidence and prediction interval, limits in ascending order; NaN where the fit has none. For a number needed
        to treat the limit on the side of benefit comes first, and an interval that holds "no effect" runs from there
        through infinity to a negative number (needed to harm).
    title : str
        What the numbers are.
    level : float
    """

    estimate: float
    ci: tuple[float, float]
    pi: tuple[float, float]
    title: str
    level: float = 0.95

    def __str__(self) -> str:
        low, high = self.ci
        words = formats.interval(low, high)
        if self.title.startswith("number needed") and low > 0 > high:
            words = f"{formats.number(low)} to \N{INFINITY}, or to harm {formats.number(-high)}"
        return f"{self.title} {formats.number(self.estimate)} ({self.level:.0%} CI {words})"


def smd_to_or(smd, *, event="high", method="logistic"):
    """Odds ratio (cells over control) of a high or a low score, from a standardised mean difference.

    Parameters
    ----------
    smd : number, array or fit
    event : "high" or "low"
        Of which scores the odds are compared. An SMD of -0.5 is an odds ratio of 0.40 for a high score (more pain) and
        of 2.48 for a low one (less pain).
    method : "logistic" or "cox"
        Factor pi / sqrt(3), or 1.65.

    References
    ----------
    Chinn 2000, Stat Med 19:3127; Hasselblad & Hedges 1995, Psychol Bull 117:167; Cochrane Handbook 6.5, section 10.6.

    Examples
    --------
    >>> round(float(smd_to_or(-0.5)), 3), round(float(smd_to_or(-0.5, event="low")), 3)
    (0.404, 2.477)
    """
    sign = _sign(event)
    return _translate(
        smd, lambda x: np.exp(sign * smd_to_log_or(x, method=method)), f"odds ratio of a {event} score", IN_RAW_SDS
    )


def or_to_smd(ratio, *, event="high", method="logistic"):
    """Standardised mean difference from an odds ratio (not its logarithm), the inverse of `smd_to_or`.

    Parameters
    ----------
    ratio : number, array or fit
        Odds ratio of the event, cells over control.
    event : "high" or "low"
        Which scores make the event. Responders on a pain scale are those with a low score or a large drop: "low".

    Examples
    --------
    >>> round(float(or_to_smd(2.477, event="low")), 3)      # more responders: less pain
    -0.5
    """
    sign = _sign(event)
    return _translate(
        ratio,
        lambda x: sign * log_or_to_smd(np.log(_positive(x, "an odds ratio")), method=method),
        "standardised mean difference",
        ODDS,
    )


def responders_to_smd(table, *, event="low", method="logistic", **options):
    """Standardised mean differences from trials that count responders.

    Parameters
    ----------
    table : DataFrame, k rows
        Counts `ai n1i ci n2i`, or an odds ratio as `estimate` with `se`, `ci_low` and `ci_high`, or `p_value`: what
        `effects(table, "OR")` takes, with its options.
    event : "low" or "high"
        Which scores make a responder; "low" for pain, so that more responders with cells give an SMD below 0.

    Returns
    -------
    DataFrame, k rows
        As from `effects`; `yi`, `vi` in standard deviations, measure SMD, `effect_from` says where they come from.

    References
    ----------
    Chinn 2000, Stat Med 19:3127; Cochrane Handbook 6.5, section 10.6. Assumes scores of logistic (or with "cox" nearly
    normal) shape with the same spread in both groups.

    Examples
    --------
    >>> import pandas as pd
    >>> trials = pd.DataFrame({"study": ["A"], "ai": [30], "n1i": [40], "ci": [20], "n2i": [40]})
    >>> responders_to_smd(trials)[["yi", "vi"]].round(3)
          yi     vi
    0 -0.606  0.071
    """
    sign, factor = _sign(event), float(smd_to_log_or(1.0, method=method))
    found = effects(table, "OR", **options)
    notes = found.attrs["notes"]
    found["yi"], found["vi"] = sign * found["yi"] / factor, found["vi"] / factor**2
    found["effect_from"] = [f"odds ratio of responders ({source})" for source in found["effect_from"]]
    found.attrs |= {"measure": "SMD", "log": False, "options": {}, "notes": notes}
    return found


def smd_to_nnt(smd, *, control_rate=None, event="low"):
    """Number needed to treat with cells instead of the control for one more patient with the event.

    Parameters
    ----------
    smd : number, array or fit
    control_rate : number or array between 0 and 1, optional
        Share of the control group with the event (Furukawa & Leucht). None: Kraemer & Kupfer's number, from the chance
        that a patient with cells does better than one with the control, whatever makes a responder.
    event : "low" or "high"
        Which scores count as success; "low" for pain.

    Returns
    -------
    number, array or Translation
        Above 0: patients to treat for one more success; below 0: for one success less (needed to harm); infinite for
        no effect.

    References
    ----------
    Kraemer & Kupfer 2006, Biol Psychiatry 59:990; Furukawa & Leucht 2011, PLoS One 6:e19070.

    Examples
    --------
    >>> round(float(smd_to_nnt(-0.5)), 2), round(float(smd_to_nnt(-0.5, control_rate=0.3)), 2)
    (3.62, 5.26)
    """
    sign = _sign(event)
    if control_rate is not None:
        rate = _share(control_rate, "control_rate")
        how, gain = "", lambda x: ndtr(sign * np.asarray(x, dtype=float) + ndtri(rate)) - rate
    else:
        how, gain = " (Kraemer & Kupfer)", lambda x: 2 * ndtr(sign * np.asarray(x, dtype=float) / np.sqrt(2)) - 1
    if how == "" and np.ndim(rate) == 0:
        how = f" (success of {100 * float(rate):g}% with the control)"
    return _translate(smd, lambda x: _reciprocal(gain(x)), f"number needed to treat{how}", IN_RAW_SDS, reciprocal=True)


def smd_to_points(smd, *, sd):
    """Points of a scale from a standardised mean difference, by the standard deviation of patients on that scale.

    Parameters
    ----------
    smd : number, array or fit
    sd : number or array
        Between patients, in points; from a representative trial or cohort, and to be stated with the result.

    References
    ----------
    Cochrane Handbook 6.5, chapter 15.

    Examples
    --------
    >>> float(smd_to_points(-0.5, sd=22.0))
    -11.0
    """
    spread = _positive(sd, "sd")
    of = f" (SD {float(spread):g})" if np.ndim(spread) == 0 else ""
    return _translate(smd, lambda x: np.asarray(x, dtype=float) * spread, f"points{of}", IN_RAW_SDS)


def risk_difference(ratio, *, control_risk, measure=None, per=100):
    """Patients in a hundred with the event through cells rather than the control, from a ratio and the control's risk.

    Parameters
    ----------
    ratio : number, array or fit
        Odds ratio or risk ratio (not its logarithm), cells over control.
    control_risk : number or array between 0 and 1
        Share of patients with the event without cells.
    measure : "OR" or "RR", optional
        Of numbers; None stands for OR. A fit knows its own.
    per : number
        100: per hundred patients; 1: as a fraction.

    Returns
    -------
    number, array or Translation
        Risk with cells minus `control_risk`, times `per`: below 0 fewer patients with the event. With a risk ratio the
        risk with cells is held at 1.

    References
    ----------
    Cochrane Handbook 6.5, chapter 15.

    Examples
    --------
    >>> round(float(risk_difference(0.5, control_risk=0.4)), 2)
    -15.0
    >>> round(float(risk_difference(0.5, control_risk=0.4, measure="RR")), 2)
    -20.0
    """
    measure = getattr(ratio, "measure", None) or measure or "OR"
    if measure not in (*ODDS, "RR"):
        raise EffectsError(f"a risk difference needs an odds ratio or a risk ratio, not {measure}")
    risk = _share(control_risk, "control_risk")

    def difference(x):
        x = _positive(x, "a ratio")
        treated = np.minimum(x * risk, 1.0) if measure == "RR" else x * risk / (1 - risk + x * risk)
        return per * (treated - risk)

    of = f" at a control risk of {100 * float(risk):g}%" if np.ndim(risk) == 0 else ""
    return _translate(ratio, difference, f"events per {per:g} patients, cells minus control{of}", (*ODDS, "RR"))


def _translate(given, function: Callable, title: str, allowed: tuple[str, ...], *, reciprocal: bool = False):
    """Apply a monotone function to numbers, or to estimate and intervals of a fit."""
    if not hasattr(given, "estimate"):
        if hasattr(given, "fits"):
            raise EffectsError("subgroups are translated one by one: take a fit of `.fits`, or `.overall`")
        return function(np.asarray(given, dtype=float))[()]
    if given.measure not in allowed:
        raise EffectsError(f"a fit of measure {given.measure} cannot be turned into this: {title}; it takes "
                           f"{', '.join(allowed)}")  # fmt: skip
    log = given.measure in (*ODDS, "RR") and getattr(given, "scale", "yi") == "yi"

    def value(x) -> float:
        return float(function(np.exp(x) if log else x)) if np.isfinite(x) else np.nan

    def pair(limits) -> tuple[float, float]:
        low, high = sorted(value(x) for x in limits)
        return (high, low) if reciprocal and low < 0 < high else (low, high)

    intervals = pair(given.ci), pair(getattr(given, "pi", (np.nan, np.nan)))
    return Translation(value(given.estimate), *intervals, title, getattr(given, "level", 0.95))


def _reciprocal(gain):
    with np.errstate(divide="ignore"):
        return np.where(gain == 0, np.inf, 1 / np.where(gain == 0, 1.0, gain))


def _sign(event: str) -> int:
    if event not in EVENTS:
        raise EffectsError(f"event={event!r}: allowed is 'low' (low scores make the event) or 'high'")
    return 1 if event == "high" else -1


def _share(value, name: str) -> np.ndarray:
    share = np.asarray(value, dtype=float)
    if not np.all((share > 0) & (share < 1)):
        raise EffectsError(f"{name}={value}: allowed is a share between 0 and 1, such as 0.3 for 30 %")
    return share


def _positive(value, name: str) -> np.ndarray:
    number = np.asarray(value, dtype=float)
    if np.any(number <= 0):
        raise EffectsError(f"{name} of {value} is not possible: it must be above 0")
    return number
