"""The words the tables may use: a new condition, source or comparator is a word added here."""

from __future__ import annotations

CONDITIONS = (
    "knee_osteoarthritis", "hip_osteoarthritis", "rheumatoid_arthritis", "degenerative_disc_disease",
    "osteonecrosis_femoral_head", "tendinopathy", "rotator_cuff_tear", "temporomandibular_joint", "neuropathic_pain",
    "knee_cartilage_defect", "post_acl_reconstruction", "post_meniscectomy", "interstitial_cystitis",
    "painful_diabetic_neuropathy",
)  # fmt: skip
MSC_SOURCES = ("bone_marrow", "adipose", "umbilical_cord", "placenta", "cord_blood", "not_reported")
DONORS = ("autologous", "allogeneic", "not_reported")
PRODUCTS = ("culture_expanded", "concentrate", "svf", "microfragmented", "mononuclear", "not_reported")

# The order is a rule: when a trial has several control arms and the question names none, the first kind that is there
# is taken. Controls that share the cells' co-treatment isolate the cells; inert controls come next; active ones last.
ADD_ON_COMPARATORS = ("hyaluronic_acid_both_arms", "prp_both_arms", "surgery_alone")
INERT_COMPARATORS = ("saline", "placebo", "sham")
ACTIVE_COMPARATORS = (
    "hyaluronic_acid", "corticosteroid", "prp", "usual_care", "exercise", "oral_analgesic", "microfracture",
    "total_knee_arthroplasty",
)  # fmt: skip
COMPARATORS = (*ADD_ON_COMPARATORS, *INERT_COMPARATORS, *ACTIVE_COMPARATORS, "not_reported", "cells_other")

OUTCOMES = (
    "pain", "function", "stiffness", "quality_of_life", "composite", "symptoms", "disease_activity", "global_rating",
    "structure",
)  # fmt: skip
EVENTS = (
    "any_adverse_event", "serious_adverse_event", "mild_adverse_event", "withdrawal", "withdrawal_due_to_adverse_event",
    "withdrawal_by_subject", "lost_to_follow_up", "treatment_failure", "joint_swelling",
)  # fmt: skip
EVENT_PREFIXES = ("responder: ", "treatment_failure: ", "other: ")
DESIGNS = ("rct", "nonrandomised", "single_arm")
UNITS = ("patient", "paired_side", "hip", "tendon", "knee")
VALUE_TYPES = ("endpoint", "change_from_baseline", "improvement")
CONFIDENCE = ("primary_table", "primary_abstract", "secondary_review", "derived")
SOURCE_KINDS = ("trial_report", "abstract_page", "secondary_review", "registry", "congress", "news")
DIRECTIONS = ("favours_cells", "no_difference", "favours_control", "unclear")
REASONS = (
    "no_data_reachable", "registered_no_results", "no_pain_numbers", "incomplete_numbers", "no_spread", "baseline_only",
    "time_not_reported", "sign_ambiguous", "no_control", "no_cell_free_control", "not_msc", "mixed_cell_product",
    "duplicate_report_of",
)  # fmt: skip

ROB_TOOLS = {
    "RoB 2": {"domains": ("D1", "D2", "D3", "D4", "D5", "overall"),
              "judgements": ("low", "some_concerns", "high", "no_information")},
    "ROBINS-I": {"domains": ("D1", "D2", "D3", "D4", "D5", "D6", "D7", "overall"),
                 "judgements": ("low", "moderate", "serious", "critical", "no_information")},
}  # fmt: skip
CERTAINTY_DOMAINS = ("risk_of_bias", "inconsistency", "indirectness", "imprecision", "publication_bias")
CLAIM_RULES = ("benefit", "benefit_in_each", "harm", "differs", "can_fail", "not_measured")

# Doubts that keep a row out of a confirmatory pool (data/README.md, "How to read the rows").
DISQUALIFYING_FLAGS = (
    "sign_ambiguous", "spread_type_not_stated", "ci_inconsistent", "percent_change", "instrument_unspecified",
    "time_not_reported",
)  # fmt: skip
# Rows that the dictionary of flags keeps for sensitivity analyses: nobody could read which cells were given.
SENSITIVITY_ONLY_FLAGS = ("cell_source_unverified",)
DEFAULT_LEAVE_OUT = (*DISQUALIFYING_FLAGS, *SENSITIVITY_ONLY_FLAGS)
