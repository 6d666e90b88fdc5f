"""The board of claims: a word for each claim, a line for each test, nothing cut or on top of another."""

import painsynth as ps
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

LONG = "A question with a long title that needs more than one line of the board " * 2
CLAIMS = pd.DataFrame(
    [
        ("a", "It helps.", "supported"),
        ("b", "It is free of harm.", "contradicted"),
        ("c", "Cells of every source, from the patient or a donor, do the same.", "uncertain"),
        ("d", "It lasts.", "untested"),
    ],
    columns=["claim_id", "claim", "verdict"],
)
TESTS = pd.DataFrame(
    [
        ("a", "supported", "high", "Knee, 6 months", "MD −13.0 (95% CI −19.6 to −7.1)"),
        ("b", "contradicted", "moderate", "Knee, longest follow-up", "RR 1.27 (95% CI 1.01 to 1.58)"),
        ("c", "uncertain", "very_low", LONG, "MD −8.0 (95% CI −99.9 to 99.9)"),
        ("d", "untested", "", "Markers", ""),
    ],
    columns=["claim_id", "verdict", "certainty", "asked", "result"],
)


@pytest.fixture(scope="module")
def board():
    return ps.claim_board(TESTS, CLAIMS, title="Claims")


def test_every_claim_has_its_verdict_and_its_tests(board):
    written = {text.get_text() for text in board.texts}
    assert {"Supported", "Contradicted", "Uncertain", "Untested", *TESTS["result"][:3], "not measured"} <= written


def test_nothing_overlaps_and_nothing_is_cut(board):
    figure = board.get_figure()
    FigureCanvasAgg(figure)
    renderer = figure.canvas.get_renderer()
    boxes = [text.get_window_extent(renderer) for text in board.texts]
    for i, one in enumerate(boxes):
        assert one.x0 >= 0 and one.y0 >= 0 and one.x1 <= figure.bbox.width and one.y1 <= figure.bbox.height
        assert not any(one.overlaps(other) for other in boxes[i + 1 :])


def test_circles_stand_only_where_a_result_was_rated(board):
    rated = [artist.get_label() for artist in board.collections if artist.get_label().startswith("certainty")]
    assert rated == ["certainty high", "certainty moderate", "certainty very_low"]


def test_words_for_those_who_cannot_see_it(board):
    assert board.alt_text.startswith("Verdicts on 4 claims. It helps. Supported: Knee, 6 months, MD −13.0")
    assert board.alt_text.endswith("It lasts. Untested: Markers, no result.")


def test_no_claim_is_an_error():
    with pytest.raises(ps.PainsynthError, match="no claim"):
        ps.claim_board(TESTS, CLAIMS[:0])
