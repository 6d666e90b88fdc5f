"""Evidence synthesis of mesenchymal stromal cell therapy for chronic pain: from extracted tables to forest plots.

`import painsynth as ps` is light: a name is loaded when it is first used, so that a command line or a notebook pays
only for what it needs.
"""

from __future__ import annotations

import importlib

_HOME = {
    "Answer": "judgement.answers",
    "BatchFit": "stats.batch",
    "BatchRegression": "stats.batch_regress",
    "Bubble": "stats.predictions",
    "Certainty": "judgement.certainty",
    "Evidence": "evidence.tables",
    "EvidenceError": "errors",
    "Fault": "errors",
    "Fit": "stats.fit",
    "FitStatistics": "stats.fit_statistics",
    "Groups": "stats.subgroups",
    "LocationScale": "stats.location_scale",
    "MixedFit": "stats.mixed_fit",
    "Multilevel": "stats.multilevel_fit",
    "NewEffect": "stats.new_effect",
    "NothingToPool": "errors",
    "PainsynthError": "errors",
    "Permutation": "stats.permutation",
    "QBased": "stats.higgins_thompson",
    "Question": "evidence.question",
    "Regression": "stats.regression",
    "Table": "tables.record",
    "Translation": "evidence.translations",
    "aggregate": "stats.aggregate",
    "answer": "judgement.answers",
    "batch_pool": "stats.batch",
    "batch_regress": "stats.batch_regress",
    "baujat": "plots.baujat",
    "baujat_data": "sensitivity.influence",
    "begg": "stats.rank_test",
    "blup": "stats.shrinkage",
    "bootstrap": "sensitivity.resampling",
    "bootstrap_prediction": "stats.bootstrap_prediction",
    "bubble_data": "stats.predictions",
    "certainty": "judgement.certainty",
    "claim_tests": "judgement.verdicts",
    "compare": "evidence.compare",
    "cross_check": "sensitivity.cross_check",
    "cumulate": "sensitivity.subsets",
    "difference_sentence": "judgement.sentences",
    "effect_covariance": "stats.dependence",
    "effects": "evidence.effects",
    "egger": "stats.egger",
    "evidence_map": "plots.maps",
    "evidence_sentence": "judgement.overview",
    "excess_significance": "stats.excess_significance",
    "fail_safe_n": "stats.fail_safe",
    "figure_name": "report.summary",
    "fit_statistics": "stats.fit_statistics",
    "forest": "plots.forest",
    "funnel": "plots.funnel",
    "gosh": "sensitivity.gosh",
    "i2_from_q": "stats.higgins_thompson",
    "influence": "sensitivity.influence",
    "influence_plot": "plots.influence",
    "leave_one_out": "sensitivity.subsets",
    "level_tests": "stats.level_tests",
    "limit_meta": "stats.limit_meta",
    "load_evidence": "evidence.tables",
    "location_scale": "stats.location_scale",
    "or_to_smd": "evidence.translations",
    "other_methods": "sensitivity.alternatives",
    "permutation_test": "stats.permutation",
    "permute_signs": "sensitivity.resampling",
    "pet_peese": "stats.pet_peese",
    "pool": "stats.pool",
    "pool_beta_binomial": "stats.beta_binomial",
    "pool_by": "stats.subgroups",
    "pool_glmm": "stats.glmm",
    "pool_henmi_copas": "stats.fixed_weights",
    "pool_ivhet": "stats.fixed_weights",
    "pool_mh": "stats.mantel_haenszel",
    "pool_mh_random": "stats.mantel_haenszel_random",
    "pool_multilevel": "stats.multilevel",
    "pool_multivariate": "stats.multivariate",
    "pool_penalised": "stats.penalised",
    "pool_peto": "stats.peto",
    "pool_rve": "stats.correlated",
    "pool_ssw": "stats.size_weighted",
    "prisma": "plots.prisma",
    "prisma_counts": "evidence.flow",
    "prob_new_effect": "stats.new_effect",
    "profile_intervals": "stats.mixed_fit",
    "propose_risk_of_bias": "judgement.risk_of_bias",
    "provenance": "report.provenance",
    "radial": "plots.radial",
    "radial_data": "sensitivity.influence",
    "recover_mean_sd": "evidence.recover",
    "regress": "stats.regress",
    "regress_multilevel": "stats.multilevel_regression",
    "report_line": "report.summary",
    "residuals": "sensitivity.influence",
    "responders_to_smd": "evidence.translations",
    "results_by": "tables.pooled",
    "results_table": "tables.results",
    "risk_difference": "evidence.translations",
    "risk_of_bias": "judgement.risk_of_bias",
    "rob_summary": "plots.rob_summary",
    "robust": "stats.robust",
    "save": "plots.save",
    "save_table": "tables.save",
    "sentence": "judgement.sentences",
    "small_study_test": "stats.binary_asymmetry",
    "smd_to_nnt": "evidence.translations",
    "smd_to_or": "evidence.translations",
    "smd_to_points": "evidence.translations",
    "subsets_with": "sensitivity.gosh",
    "tau2_se": "stats.tau2_error",
    "traffic_light": "plots.traffic_light",
    "trim_and_fill": "stats.trim_fill",
    "verdicts": "judgement.verdicts",
    "without_flags": "sensitivity.alternatives",
}

__version__ = "0.1.0"
__all__ = sorted(_HOME)  # noqa: PLE0605  (a list of names, kept sorted by construction)


def __getattr__(name: str):
    """Load a public name from its home when it is first asked for (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module 'painsynth' has no attribute '{name}'")
    value = getattr(importlib.import_module(f"painsynth.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
