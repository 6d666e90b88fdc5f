"""The methods of a run in words, each with its papers, from the account of what was really run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from painsynth.report.references import Reference, known

# What a fit or a name of the notebook stands for: words, and the keys of the papers.
TAU2 = {
    "REML": ("restricted maximum likelihood", ("viechtbauer_2005",)),
    "ML": ("maximum likelihood", ("viechtbauer_2005",)),
    "DL": ("the moment estimator of DerSimonian and Laird", ("dersimonian_laird_1986",)),
    "PM": ("the estimator of Paule and Mandel", ("paule_mandel_1982",)),
    "EB": ("empirical Bayes", ("morris_1983",)),
    "SJ": ("the estimator of Sidik and Jonkman", ("sidik_jonkman_2005",)),
    "HE": ("the estimator of Hedges and Olkin", ("hedges_olkin_1985",)),
    "HS": ("the estimator of Hunter and Schmidt", ("hunter_schmidt_1990",)),
    "DL2": ("the two-step estimator after DerSimonian and Laird", ("dersimonian_kacker_2007",)),
    "CA2": ("the two-step estimator after Hedges and Olkin", ("dersimonian_kacker_2007",)),
}
CI = {
    "HKSJ": ("of Hartung, Knapp, Sidik and Jonkman", ("hartung_knapp_2001", "sidik_jonkman_2002")),
    "HKSJ-guarded": ("of Hartung and Knapp, never with a smaller standard error than the classic one",
                     ("hartung_knapp_2001", "knapp_hartung_2003")),
    "HKSJ-wider": ("of Hartung and Knapp or the classic one, whichever is wider", ("jackson_2017",)),
    "Wald": ("of the normal distribution", ()),
    "t": ("of the t distribution with the classic standard error", ()),
    "KR": ("of Kenward and Roger", ("kenward_roger_1997", "partlett_riley_2017")),
}  # fmt: skip
PI = {
    "t(k-1)": ("t with k − 1 degrees of freedom", ("higgins_2009", "cochrane_handbook")),
    "t(k-2)": ("t with k − 2 degrees of freedom", ("higgins_2009",)),
    "z": ("the normal distribution", ()),
    "KR": ("the degrees of freedom of Kenward and Roger", ("partlett_riley_2017",)),
    "KR-PR": ("the degrees of freedom of Kenward and Roger less one", ("partlett_riley_2017",)),
}
TAU2_CI = {
    "QP": ("the Q-profile method", ("viechtbauer_2007",)),
    "PL": ("the profile likelihood", ("hardy_thompson_1996",)),
    "BJ": ("the generalised Q statistic", ("biggerstaff_jackson_2008",)),
    "GENQ": ("the generalised Q statistic", ("biggerstaff_jackson_2008",)),
    "J": ("the generalised Q statistic with weights of Jackson", ("jackson_2013",)),
}
NAMES = {
    "Certainty": ("certainty after GRADE, by stated rules", ("guyatt_2011",)),
    "Regression": ("meta-regression", ("viechtbauer_2010",)),
    "answer": ("effect measures and their variances", ("viechtbauer_2010", "cochrane_handbook")),
    "baujat": ("the plot of Baujat", ("baujat_2002",)),
    "begg": ("the rank correlation test for asymmetry", ("begg_mazumdar_1994",)),
    "bubble": ("meta-regression", ("viechtbauer_2010",)),
    "certainty": ("certainty after GRADE, by stated rules", ("guyatt_2011",)),
    "cumulate": ("cumulative pooling", ("lau_1992",)),
    "drapery": ("the drapery plot", ("ruecker_schwarzer_2021",)),
    "effects": ("effect measures and their variances", ("viechtbauer_2010", "cochrane_handbook")),
    "egger": ("the regression test for asymmetry", ("egger_1997",)),
    "gosh": ("all subsets of the trials", ("olkin_2012",)),
    "influence": ("leave-one-out diagnostics", ("viechtbauer_cheung_2010",)),
    "leave_one_out": ("leave-one-out pooling", ("viechtbauer_cheung_2010",)),
    "limit_meta": ("limit meta-analysis", ("ruecker_2011",)),
    "location_scale": ("a location-scale model", ("viechtbauer_lopez_2022",)),
    "pet_peese": ("PET-PEESE", ("stanley_doucouliagos_2014",)),
    "pool_by": ("subgroups and the test between them", ("borenstein_higgins_2013",)),
    "pool_glmm": ("generalised linear mixed models of the counts", ("stijnen_2010",)),
    "pool_mh": ("the Mantel-Haenszel method", ("mantel_haenszel_1959", "robins_1986", "greenland_robins_1985")),
    "pool_multilevel": ("a multilevel model of dependence", ("van_den_noortgate_2013", "pustejovsky_tipton_2022")),
    "pool_penalised": ("penalised likelihood of the counts", ("firth_1993",)),
    "pool_peto": ("the method of Peto", ("yusuf_1985",)),
    "pool_rve": ("robust variance estimation", ("hedges_tipton_johnson_2010", "tipton_2015")),
    "prob_new_effect": ("the share of new trials beyond a threshold", ("mathur_vanderweele_2019",)),
    "radial": ("the radial plot", ("galbraith_1988",)),
    "regress": ("meta-regression", ("viechtbauer_2010",)),
    "robust": ("cluster-robust standard errors", ("tipton_2015",)),
    "small_study_test": ("tests for asymmetry of binary outcomes", ("harbord_2006", "peters_2006")),
    "specification_curve": ("the specification curve", ("simonsohn_2020",)),
    "summary_of_findings": ("certainty after GRADE, by stated rules", ("guyatt_2011",)),
    "trim_and_fill": ("trim and fill", ("duval_tweedie_2000",)),
}  # fmt: skip

TABLES = {"method_tau2": TAU2, "method_tau2_ci": TAU2_CI, "method_ci": CI, "method_pi": PI}
ASKED = {
    "method_tau2": "between-trial variance by",
    "method_tau2_ci": "its interval by",
    "method_ci": "interval of the mean",
    "method_pi": "prediction interval by",
}
MODELS = {"random": "Random-effects model", "common": "Common-effect model"}


def methods_text(account: Mapping) -> str:
    """Say in sentences how the results of an account were made; papers stand in brackets.

    Examples
    --------
    >>> fit = {"record": "Fit", "model": "random", "method_tau2": "PM", "method_ci": "Wald", "measure": "MD"}
    >>> methods_text({"fits": [fit], "names": []})
    'Random-effects model of MD: between-trial variance by the estimator of Paule and Mandel (Paule & Mandel 1982); \
interval of the mean of the normal distribution.'
    """
    models: dict[str, list] = {}
    for fit in account.get("fits", ()):
        models.setdefault(fit.get("model") or fit["record"], []).append(fit)
    sentences = [_model_words(model, fits) for model, fits in models.items()]
    others = dict.fromkeys(_cite(NAMES[name]) for name in account.get("names", ()) if name in NAMES)
    if others:
        sentences.append(f"Also used: {'; '.join(others)}.")
    return " ".join(filter(None, sentences))


def method_references(account: Mapping) -> tuple[Reference, ...]:
    """Give the papers behind the methods of an account, sorted."""
    keys = {key for fit in account.get("fits", ()) for _, papers in _parts(fit).values() for key in papers}
    keys |= {key for name in account.get("names", ()) if name in NAMES for key in NAMES[name][1]}
    return tuple(known()[key] for key in sorted(keys))


def merged(accounts: Iterable[Mapping]) -> dict:
    """Join the accounts of several runs into one."""
    accounts = list(accounts)
    fits = {tuple(sorted(fit.items())): fit for each in accounts for fit in each.get("fits", ())}
    studies = {key: told for each in accounts for key, told in each.get("studies", {}).items()}
    names = sorted({name for each in accounts for name in each.get("names", ())})
    return {"names": names, "fits": [fits[key] for key in sorted(fits)], "studies": dict(sorted(studies.items()))}


def _parts(fit: Mapping) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Give what is known of each method of a fit: words and papers; an unlisted method is named as it is."""
    common = fit.get("model") == "common"
    told = {name: fit[name] for name in TABLES if fit.get(name, "none") != "none"}
    return {
        name: TABLES[name].get(word, (word, ()))
        for name, word in told.items()
        if not (common and name.startswith("method_tau2"))
    }


def _model_words(model: str, fits: list[Mapping]) -> str:
    """Say how all fits of one model were made; where they differ, every choice is named."""
    said = {name: " or ".join(dict.fromkeys(found)) for name in ASKED if (found := _choices(name, fits))}
    parts = [f"{words} {said[name]}" for name, words in ASKED.items() if name in said]
    measures = ", ".join(sorted({fit["measure"] for fit in fits if fit.get("measure")}))
    head = f"{MODELS.get(model, model)}{f' of {measures}' if measures else ''}"
    return f"{head}: {'; '.join(parts)}." if parts else f"{head}."


def _choices(name: str, fits: list[Mapping]) -> list[str]:
    return [_cite(part[name]) for fit in fits if name in (part := _parts(fit))]


def _cite(part: tuple[str, tuple[str, ...]]) -> str:
    words, papers = part
    named = ", ".join(known()[key].short for key in papers)
    return f"{words} ({named})" if named else words
