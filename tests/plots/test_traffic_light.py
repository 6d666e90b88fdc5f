"""Risk of bias in dots and in bars: every judgement in its place, its colour and its symbol."""

from __future__ import annotations

import pandas as pd
import pytest
from matplotlib.figure import Figure
from painsynth.errors import NothingToPool, PainsynthError
from painsynth.plots.judgements import colours_of, panels
from painsynth.plots.rob_summary import rob_summary
from painsynth.plots.traffic_light import DOT, traffic_light
from plots.plot_looks import outside, overlapping, words

CODES = ["low", "some_concerns", "high", "no_information"]


def table(studies, domains=("D1", "D2", "D3", "D4", "D5", "overall"), codes=CODES):
    rows = [(study, domain, codes[(i + j) % len(codes)]) for i, study in enumerate(studies)
            for j, domain in enumerate(domains)]  # fmt: skip
    return pd.DataFrame(rows, columns=["study", "domain", "judgement"])


def dots(axes):
    return {(round(x, 1), round(y, 1)): c.get_label() for c in axes.collections if c.get_label() in colours_of("safe")
            for x, y in c.get_offsets()}  # fmt: skip


def test_every_judgement_has_a_dot_in_order():
    rob = table(["B 2020", "A 2010"])
    axes = traffic_light(rob)
    last = max(text.get_position()[1] for text in axes.texts if text.get_text() == "A 2010")
    placed = [word for (_, y), word in sorted(dots(axes).items(), key=lambda item: item[0][::-1]) if y < last + 5]
    assert placed == rob["judgement"].tolist()
    overall = max(x for x, y in dots(axes) if y < last)
    others = sorted({x for x, y in dots(axes) if y < last})[:-1]
    assert overall - others[-1] > others[1] - others[0]  # set apart


@pytest.mark.parametrize(
    "rob",
    [
        table([f"Study {i} 20{i % 30:02}" for i in range(150)]),
        table(["The cooperative group for the study of " * 4 + "pain 2020", "Ö. 2019"]),
        table(["A"], ("D7", "overall"), ["critical", "moderate"]),
        table(["A", "B"], ("overall",)),
    ],
    ids=["150", "long", "one", "overall"],
)
@pytest.mark.parametrize("draw", [traffic_light, rob_summary])
def test_texts_are_apart_and_inside(draw, rob):
    axes = draw(rob, title="Risk of bias")
    assert overlapping(axes.figure) == [] and outside(axes.figure) == []


def test_dots_of_one_picture_do_not_touch():
    axes = traffic_light(table(["A", "B", "C"]))
    spots = list(dots(axes))
    apart = [abs(a[0] - b[0]) >= DOT or abs(a[1] - b[1]) >= DOT for a in spots for b in spots if a != b]
    assert all(apart)


def test_tools_stand_apart_because_their_domains_differ():
    rob = pd.concat([table(["A"]), table(["N"], ("D1", "D6", "overall"), ["serious", "moderate", "low"])])
    assert [panel.tool for panel in panels(rob)] == ["RoB 2", "ROBINS-I"]
    axes = traffic_light(rob)
    said = words(axes).replace("\N{NO-BREAK SPACE}", " ")
    assert "Domains (RoB 2): D1 randomisation process" in said and "D1 confounding" in said
    assert "High or serious risk" in said
    assert "ROBINS-I (1 study):" in [label.get_text() for label in rob_summary(rob).get_yticklabels()]


def test_a_rule_is_no_reader():
    rob = table(["A"]).assign(assessor=["rule"] * 5 + ["KL"], support="Blinded.")
    axes = traffic_light(rob)
    assert "5 of 6 judgements were derived by rule" in words(axes)
    svg = axes.figure.svg()
    assert "A, Randomisation process: Low risk. Blinded. Judged by rule, provisional." in svg and "Judged by KL." in svg


def test_names_lead_to_the_papers():
    axes = traffic_light(table(["A", "B"]).assign(doi="10.1000/182"))
    assert axes.figure.svg().count(' xlink:href="https://doi.org/10.1000/182"') == 2


def test_same_names_are_told_apart_by_identifier():
    rob = pd.concat([table(["Kim 2023"]).assign(study_id="a"), table(["Kim 2023"]).assign(study_id="b")])
    assert len(panels(rob)[0].labels) == 2
    with pytest.raises(PainsynthError, match="judged twice"):
        traffic_light(rob.drop(columns="study_id"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"judgement": "bad"}, "judgement = 'bad' is not a judgement of RoB 2; those are low"),
        ({"domain": "D9"}, "domain = 'D9'"),
        ({"tool": "QUADAS"}, "tool = 'QUADAS' cannot be drawn"),
    ],
)
def test_unknown_words_are_refused(change, message):
    with pytest.raises(PainsynthError, match=message):
        traffic_light(table(["A"], ("D1",)).assign(**change))


def test_nothing_and_no_column():
    with pytest.raises(NothingToPool, match="empty"):
        traffic_light(table([]))
    with pytest.raises(PainsynthError, match="'judgement' is missing"):
        traffic_light(table(["A"]).drop(columns="judgement"))
    with pytest.raises(PainsynthError, match="'cochrane' and 'safe'"):
        rob_summary(table(["A"]), colours="red")


def test_bars_are_shares_of_the_weight():
    rob = table(["A", "B", "C"], ("D1", "overall"), ["low", "high"])
    axes = rob_summary(rob, weights={"A": 60.0, "B": 20.0})
    widths = [(patch.get_label() or "", round(patch.get_width(), 6)) for patch in axes.patches]
    bars = list(axes.containers)
    assert [(c.get_label(), c.patches[0].get_width()) for c in bars] == [
        ("low", 75.0), ("high", 25.0), ("low", 25.0), ("high", 75.0)
    ], widths  # fmt: skip
    assert "1 judged study has no weight in the meta-analysis and is left out." in words(axes).replace("\n", " ")
    assert "+ 75%" in words(axes)


def test_weights_of_a_pooled_result():
    import painsynth as ps

    trials = pd.DataFrame({"study": ["A", "B"], "yi": [1.0, 2.0], "vi": [1.0, 3.0]})
    axes = rob_summary(table(["A", "B"], ("overall",), ["low", "high"]), weights=ps.pool(trials, model="common"))
    assert "low risk 75%, high risk 25%" in axes.alt_text


def test_a_weight_needs_a_judgement():
    with pytest.raises(PainsynthError, match="Z: a weight but no judgement"):
        rob_summary(table(["A"]), weights={"Z": 1.0})
    with pytest.raises(PainsynthError, match="not all 0"):
        rob_summary(table(["A"]), weights={"A": 0.0})


@pytest.mark.parametrize("draw", [traffic_light, rob_summary])
def test_on_given_axes(draw):
    ax = Figure(figsize=(6, 5)).subplots()
    assert draw(table(["A", "B"]), ax=ax) is ax
    assert overlapping(ax.figure) == []
