"""The tables of a review, column by column: the one place that checks, readers and the data dictionary share."""

from __future__ import annotations

from painsynth.evidence import vocabularies as v
from painsynth.evidence.dictionary_judgements import CERTAINTY_OVERRIDES, CLAIMS, RISK_OF_BIAS
from painsynth.evidence.schema import ID, Column, Table, count, number, ref, text, word

FLAGS = ref("flags", "flags.code", "Doubts about the row, codes joined by `|`.", many=True, required=False)
SOURCE = ref("source_id", "sources.source_id", "Where the row was read.")
LOCATION = text("location", "Table, page or section of the source.")
QUOTE = text("quote", "The fragment with the number, at most 25 words.")
CONFIDENCE = word("confidence", "How close the number is to the primary report.", v.CONFIDENCE, required=True)
MONTHS = number("months", "Months after treatment; 0 is baseline; empty if not printed.", low=0)

STUDIES = Table("studies", "one trial, whether or not its numbers could be read", ("study_id",), (
    text("study_id", f"Identifier ({ID}).", required=True),
    text("label", "Name as figures show it.", required=True),
    count("year", "Year of the main report.", low=1950, high=2100),
    text("title", "Title of the main report."),
    text("journal", "Journal, volume, pages."),
    text("doi", "DOI without resolver."),
    text("pmid", "PubMed identifier."),
    text("registry_id", "Trial registration."),
    text("country", "Countries."),
    word("condition", "The painful condition.", v.CONDITIONS, required=True),
    word("design", "Design; empty if unknown.", v.DESIGNS),
    word("participants_blinded", "Were participants blinded?", ("yes", "no", "not_reported"), required=True),
    word("unit_of_analysis", "What was randomised and counted; empty if unknown.", v.UNITS),
    count("n_randomised", "Number randomised (hip trials count hips).", above=0),
    number("followup_months", "Longest follow-up.", low=0),
    text("funding", "Funding as printed."),
    SOURCE,
    text("notes", "Anything a reader must know."),
), distinct=("label", "doi", "pmid", "registry_id"))  # fmt: skip

ARMS = Table("arms", "one arm of a trial", ("arm_id",), (
    ref("study_id", "studies.study_id", "The trial."),
    text("arm_id", "Identifier; begins with the trial's.", required=True),
    text("label", "Name of the arm.", required=True),
    word("role", "Cells or control.", ("cells", "control"), required=True),
    word("msc_source", "Tissue of the cells; empty for controls.", v.MSC_SOURCES),
    word("donor", "Whose cells; empty for controls.", v.DONORS),
    word("product", "How the cells were prepared; empty for controls.", v.PRODUCTS),
    number("dose_million_cells", "Cells per injection, millions; ranges stand in notes.", above=0),
    count("n_injections", "Number of injections.", above=0),
    word("comparator", "What the control arm received; empty for cell arms. `*_both_arms` and `surgery_alone`: the "
         "cell arm had it too.", v.COMPARATORS),
    ref("combined_from", "arms.arm_id", "Component arms when the row stands for several.", many=True, required=False),
    count("n_randomised", "Number randomised to the arm.", above=0),
    number("age_mean", "Mean age, years.", low=0, high=120),
    number("age_sd", "SD of age, years.", above=0),
    number("female_percent", "Share of women, percent.", low=0, high=100),
    SOURCE,
    text("notes", "Anything a reader must know."),
))  # fmt: skip

OUTCOMES = Table("outcomes", "arm x outcome x instrument x time x type of value",
                 ("study_id", "arm_id", "outcome", "instrument", "months", "value_type"), (
    ref("study_id", "studies.study_id", "The trial."),
    ref("arm_id", "arms.arm_id", "The arm."),
    word("outcome", "What was measured.", v.OUTCOMES, required=True),
    ref("instrument", "instruments.instrument", "The scale as the source prints it."),
    MONTHS,
    word("value_type", "`endpoint`: the score; `change_from_baseline`: signed change; `improvement`: printed "
         "improvement, positive is better on every scale.", v.VALUE_TYPES, required=True),
    count("n", "Number analysed.", above=0),
    number("mean", "Mean on the instrument's own scale."),
    number("sd", "Standard deviation.", above=0),
    number("se", "Standard error of the mean.", above=0),
    number("ci_low", "Lower limit of the 95 % interval of the mean (of the median with flag `ci_of_median`)."),
    number("ci_high", "Upper limit."),
    number("median", "Median."),
    number("q1", "First quartile."),
    number("q3", "Third quartile."),
    number("minimum", "Smallest value."),
    number("maximum", "Largest value."),
    SOURCE, LOCATION, QUOTE, CONFIDENCE, FLAGS,
))  # fmt: skip

CONTRASTS = Table("contrasts", "a between-arm result as printed",
                  ("study_id", "experimental_arm_id", "control_arm_id", "outcome", "instrument", "months",
                   "value_type"), (
    ref("study_id", "studies.study_id", "The trial."),
    ref("experimental_arm_id", "arms.arm_id", "The cell arm."),
    ref("control_arm_id", "arms.arm_id", "The control arm."),
    word("outcome", "What was measured.", v.OUTCOMES, required=True),
    ref("instrument", "instruments.instrument", "The scale as the source prints it."),
    MONTHS,
    word("value_type", "As in outcomes.", v.VALUE_TYPES, required=True),
    word("measure", "What the estimate is.", ("MD", "adjusted_difference", "p_value_only"), required=True),
    number("estimate", "Cells minus control, on the instrument's own scale."),
    number("se", "Standard error of the estimate.", above=0),
    number("ci_low", "Lower limit of the 95 % interval."),
    number("ci_high", "Upper limit."),
    text("p_value", "p-value as printed, possibly with `<`."),
    count("n_experimental", "Number analysed, cells.", above=0),
    count("n_control", "Number analysed, control.", above=0),
    SOURCE, LOCATION, QUOTE, CONFIDENCE, FLAGS,
), required=False)  # fmt: skip

EVENTS_TABLE = Table("events", "arm x event x time", ("study_id", "arm_id", "event", "months"), (
    ref("study_id", "studies.study_id", "The trial."),
    ref("arm_id", "arms.arm_id", "The arm."),
    text("event", "Name of the event; responders begin with `responder: ` and carry their definition.", required=True),
    MONTHS,
    count("events", "Number with the event; empty where only a percentage is printed."),
    count("total", "Number in whom it could occur.", above=0),
    SOURCE, LOCATION, QUOTE, CONFIDENCE, FLAGS,
), required=False)  # fmt: skip

INSTRUMENTS = Table("instruments", "a scale: construct, range, direction, minimal important difference",
                    ("instrument",), (
    text("instrument", "Name, with range.", required=True),
    word("construct", "What it measures.", v.OUTCOMES, required=True),
    number("minimum", "Smallest possible score; empty if not known."),
    number("maximum", "Largest possible score; empty if not known."),
    word("higher_is_worse", "Direction; empty if not known.", ("true", "false")),
    number("mid", "Minimal important difference between groups, on the instrument's own scale.", above=0),
    text("mid_source", "What the minimal important difference rests on."),
))  # fmt: skip

SOURCES = Table("sources", "a page that was read", ("source_id",), (
    text("source_id", "Identifier.", required=True),
    word("kind", "Kind of page.", v.SOURCE_KINDS, required=True),
    text("citation", "Full citation.", required=True),
    text("doi", "DOI without resolver."),
    text("url", "Address."),
))  # fmt: skip

EXCLUDED = Table("excluded", "a trial or report that gives nothing to a controlled pain pool, and why", ("study_id",), (
    text("study_id", "Identifier; may stand in studies.csv too.", required=True),
    text("label", "Name.", required=True),
    count("year", "Year.", low=1950, high=2100),
    word("condition", "The painful condition.", (*v.CONDITIONS, "not_reported"), required=True),
    Column("msc_source", "words", "Tissues, joined by `|`.", words=v.MSC_SOURCES),
    count("n_randomised", "Number randomised.", above=0),
    text("reason", "Why nothing can be pooled: one of " + ", ".join(v.REASONS) + " (followed by the trial).",
         required=True),
    word("direction_reported", "What the report says of the direction.", v.DIRECTIONS, required=True),
    ref("source_id", "sources.source_id", "Where it was read.", required=False),
    text("notes", "Anything a reader must know."),
), required=False)  # fmt: skip

FLAG_CODES = Table("flags", "the meaning of a flag code", ("code",), (
    text("code", "The code.", required=True),
    text("meaning", "What it says about a row.", required=True),
), required=False)  # fmt: skip

CONFLICTS = Table("conflicts", "two sources, or two places of one source, that differ",
                  ("study_id", "what", "value_a", "value_b"), (
    text("study_id", "The trial.", required=True),
    text("what", "Which value.", required=True),
    text("value_a", "One reading."),
    ref("source_a", "sources.source_id", "Where it stands.", required=False),
    text("value_b", "The other reading."),
    ref("source_b", "sources.source_id", "Where it stands.", required=False),
    text("kept", "Which was kept."),
    text("why", "Why."),
), required=False)  # fmt: skip

PUBLISHED_SYNTHESES = Table("published_syntheses", "a pooled result of a published review, for comparison only",
                            ("review_id", "outcome", "instrument", "subgroup", "months"), (
    text("review_id", "Identifier of the review.", required=True),
    text("label", "Name."),
    text("doi", "DOI without resolver."),
    count("year", "Year.", low=1950, high=2100),
    text("condition", "Condition as the review has it."),
    text("outcome", "Outcome as the review has it."),
    text("instrument", "Scale as the review has it."),
    text("subgroup", "Subgroup as the review has it."),
    number("months", "Months after treatment.", low=0),
    count("k", "Number of trials.", above=0),
    count("n", "Number of patients.", above=0),
    text("measure", "MD, SMD, RR ..."),
    text("model", "common or random."),
    number("estimate", "Pooled estimate as printed."),
    number("ci_low", "Lower limit."),
    number("ci_high", "Upper limit."),
    number("i2", "I2, percent.", low=0, high=100),
    text("p", "p-value as printed."),
    text("design_note", "What was pooled; `before_after` rows are no controlled evidence."),
    SOURCE, QUOTE,
), required=False)  # fmt: skip

COCHRANE = Table("cochrane_cd013342", "a study row of an analysis of Cochrane review CD013342.pub2",
                 ("analysis", "window", "subgroup", "study"), (
    text("analysis", "Number of the analysis.", required=True),
    word("analysis_role", "Role.", ("main", "subgroup_by_donor", "sensitivity"), required=True),
    text("study", "Name in the review.", required=True),
    ref("study_id", "studies.study_id", "The trial."),
    text("comparison", "Comparison."), text("outcome", "Outcome."), text("window", "Follow-up window."),
    text("subgroup", "Subgroup."),
    word("data_type", "Type.", ("continuous", "dichotomous"), required=True),
    number("mean_experimental", "Mean, cells."), number("sd_experimental", "SD, cells.", above=0),
    count("events_experimental", "Events, cells."), count("n_experimental", "Number, cells.", above=0),
    number("mean_control", "Mean, control."), number("sd_control", "SD, control.", above=0),
    count("events_control", "Events, control."), count("n_control", "Number, control.", above=0),
    word("printed_measure", "Measure.", ("MD", "RR"), required=True),
    number("printed_effect", "Effect as printed."), number("printed_ci_low", "Lower limit as printed."),
    number("printed_ci_high", "Upper limit as printed."), number("printed_weight", "Weight as printed, percent."),
), required=False)  # fmt: skip

TABLES = {
    table.name: table
    for table in (
        STUDIES, ARMS, OUTCOMES, CONTRASTS, EVENTS_TABLE, INSTRUMENTS, SOURCES, EXCLUDED, FLAG_CODES, CONFLICTS,
        PUBLISHED_SYNTHESES, COCHRANE, RISK_OF_BIAS, CERTAINTY_OVERRIDES, CLAIMS,
    )
}  # fmt: skip
