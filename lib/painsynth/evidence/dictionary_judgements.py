"""The tables of judgements: risk of bias, overruled certainty, public claims."""

from __future__ import annotations

from painsynth.evidence import vocabularies as v
from painsynth.evidence.schema import Column, Table, number, ref, text, word

_TOOLS = v.ROB_TOOLS.values()
ROB_DOMAINS = tuple(dict.fromkeys(name for tool in _TOOLS for name in tool["domains"]))
ROB_JUDGEMENTS = tuple(dict.fromkeys(name for tool in _TOOLS for name in tool["judgements"]))

RISK_OF_BIAS = Table("risk_of_bias", "a judgement on one domain of one trial, by one assessor",
                     ("study_id", "domain", "assessor"), (
    ref("study_id", "studies.study_id", "The trial."),
    word("tool", "RoB 2 for randomised trials, ROBINS-I for others.", tuple(v.ROB_TOOLS), required=True),
    word("domain", "Domain of the tool, or `overall`.", ROB_DOMAINS, required=True),
    word("judgement", "The judgement, in the words of the tool.", ROB_JUDGEMENTS, required=True),
    text("support", "What the judgement rests on.", required=True),
    text("assessor", "`rule`: derived by rule from recorded design facts, provisional. Anything else names the "
         "assessor, and overrules the rule.", required=True),
    text("rule", "For `rule`: which rule of `painsynth.judgement.bias_rules`."),
), required=False, may_be_empty=True)  # fmt: skip

_QUESTION = (
    word("condition", "The painful condition; empty: any.", v.CONDITIONS),
    word("msc_source", "Tissue of the cells; empty: any.", v.MSC_SOURCES),
    word("comparator", "The control; empty: any.", v.COMPARATORS),
    word("outcome", "Outcome or event.", (*v.OUTCOMES, *v.EVENTS)),
    number("months", "Months after treatment; empty: the longest follow-up.", above=0),
    word("measure", "Effect measure.", ("MD", "SMD", "RR", "OR", "RD")),
)

CERTAINTY_OVERRIDES = Table("certainty_overrides", "a domain of certainty that a person judged otherwise than the rule",
                            ("condition", "msc_source", "comparator", "outcome", "months", "measure", "domain"), (
    *_QUESTION,
    word("domain", "Domain of GRADE.", v.CERTAINTY_DOMAINS, required=True),
    number("step", "Levels taken off: 0, -1, -2 or -3.", low=-3, high=0, whole=True, required=True),
    text("reason", "Why, in a sentence that a reader can judge.", required=True),
    text("assessor", "Who judged.", required=True),
), required=False, may_be_empty=True)  # fmt: skip

CLAIMS = Table("claims", "one test of a public claim about cell therapy and pain", ("claim_id", "test"), (
    text("claim_id", "Identifier of the claim; its rows are the tests it has to pass.", required=True),
    text("test", "Identifier of the test within the claim.", required=True),
    text("claim", "The claim as people hear it.", required=True),
    word("rule", "How the verdict follows from the fit.", v.CLAIM_RULES, required=True),
    *_QUESTION,
    text("window", "Months, as `3-36`; empty: the review window that holds `months`."),
    Column("by", "word", "For `differs`: the column whose groups are compared.",
           words=("msc_source", "donor", "product", "comparator")),
    text("needs", "For `not_measured`: what would have to be on file."),
), required=False, may_be_empty=True)  # fmt: skip
