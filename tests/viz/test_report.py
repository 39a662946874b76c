"""The page of a study as a file: its sentences in every case, its sections, and that nothing in it can act."""

from __future__ import annotations

import json
import math
import re

import pytest

from autocnn.errors import GraphError
from autocnn.viz import report, side_by_side
from autocnn.viz.report import chart
from autocnn.viz.report.sections import TITLES
from autocnn.viz.report.summary import network, shares
from autocnn.viz.report.words import cures_sentence, sentence
from tests.viz.studies import SECTION, STEPS, cures, run, study

OPENING = "The loss sends a learning signal backwards. Without skip connections "


@pytest.mark.parametrize(
    ("plain", "skip", "said"),
    [
        (
            (1.2e-18, 0.10), (0.15, 0.85),
            "1 part in 10^18 reaches the first layers and the network never learns (10 %, a guess). "
            "With them 1 part in 7 arrives and it learns (85 % right).",
        ),
        (
            (0.74, 0.95), (0.98, 0.96),
            "74 % reaches the first layers and the network learns (95 % right). With them all of it arrives "
            "and it learns (96 % right). Here nothing needs mending: both learn.",
        ),
        (
            (0.094, 0.95), (4300.0, 0.11),
            "1 part in 11 reaches the first layers and the network learns (95 % right). With them it has grown "
            "4,300-fold by the first layers and it never learns (11 %, a guess). Here skips do harm.",
        ),
        (
            (6.0e3, 0.80), (20.0, 0.90),
            "it has grown 6,000-fold by the first layers, yet the network learns (80 % right). With them it has "
            "grown 20-fold by the first layers and it learns (90 % right). Here both learn all the same.",
        ),
        (
            (0.0, 0.10), (0.5, 0.12),
            "nothing at all reaches the first layers (it is exactly zero) and the network never learns "
            "(10 %, a guess). With them 50 % arrives, yet it never learns (12 %, a guess). "
            "Here skips do not help: neither learns.",
        ),
        (
            (math.inf, 0.10), (0.5, 0.30),
            "it outgrows every number before it arrives and the network never learns (10 %, a guess). With them "
            "50 % arrives and it learns a little (30 % right).",
        ),
    ],
)  # fmt: skip
def test_the_headline_says_what_the_numbers_say(plain, skip, said):
    assert sentence(study(plain, skip)) == OPENING + said


def test_the_headline_of_a_network_that_diverged():
    made = study()
    made["runs"][1] |= {"diverged": 7, "accuracy": [[0, 0.1]]}
    assert sentence(made).endswith(
        "With them 1 part in 7 arrives and training breaks down: from step 7 on its numbers are no longer finite."
    )


def test_the_headline_of_a_partial_run():
    made = study(partial=True)
    made["runs"][1] |= {"finished": False, "steps": [1, 2], "gradient": made["runs"][1]["gradient"][:2]}
    made["runs"][1]["accuracy"] = [[0, 0.1], [2, 0.31]]
    text = sentence(made)
    assert text.startswith("Partial. The loss sends")
    assert text.endswith("1 part in 7 arrives; its training was stopped at step 2 of 64 (31 % so far).")
    made["runs"].pop()
    assert sentence(made) == (
        "Partial. The study was stopped before both networks had taken a step: there is nothing to compare yet."
    )
    assert "nothing to compare yet" in report(made)


def test_an_unfinished_seed_does_not_spoil_those_that_are_finished():
    made = study(seeds=2, partial=True)
    made["runs"][3] |= {"finished": False, "steps": [1], "gradient": made["runs"][3]["gradient"][:1]}
    assert "With them 1 part in 7 arrives and it learns (85 % right)." in sentence(made)


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({}, "Other cures were not tried in this run."),
        ({"plain_default": 1e-14, "skip_default": 0.2}, "Other cures were not tried in this run."),
        (
            {"plain_default": 1e-14, "plain_good_init": 0.1, "plain_batch_norm": 6e3, "skip_default": 0.2},
            "No: good first weights carry it, too.",
        ),
        (
            {"plain_default": 1e-14, "plain_good_init": 0.1, "plain_batch_norm": 1.0, "skip_default": 4300.0},
            "No: good first weights and batch norm carry it, too. And skips alone can explode.",
        ),
        (
            {"plain_default": 1e-14, "plain_batch_norm": 6e3, "skip_default": 0.2, "skip_good_init": 4300.0},
            "Here it is: nothing else that was tried holds the signal. And skips can explode: with good first "
            "weights.",
        ),
        (
            {"plain_default": 0.5, "plain_both": 2.0},
            "Nothing needs a cure here: without skips, too, the signal holds.",
        ),
        (
            {"plain_default": 1e-14, "plain_both": 1e-9, "skip_default": 1e-5},
            "Here it is no cure, and nothing else that was tried is.",
        ),
    ],
)
def test_the_answer_about_cures(cells, said):
    assert cures_sentence(cures(**cells)) == said


def test_medians_and_ranges_over_seeds_and_the_place_of_float32_s_end():
    found = network(study(seeds=3), "plain")
    first = found.shares[0][0]
    assert (first.low, first.middle, first.high) == pytest.approx((1.2e-18, 1.32e-18, 1.44e-18))
    assert found.seeds == 3
    assert found.floor == 2.0**-149 * 64
    assert shares([None, 2.0])[1] == 1.0
    assert math.isnan(shares([1.0, 0.0])[0])


def parts(page: str) -> tuple[dict, str]:
    """What the page's program reads, and all else."""
    data = re.search(r'<script id="data" type="application/json">(.*?)</script>', page, re.DOTALL)
    return json.loads(data[1]), page.replace(data[0], "")


def test_the_page_has_everything_in_it_and_fetches_nothing(tmp_path):
    made = study(
        cures=cures(plain_default=1e-14, plain_good_init=0.1, skip_default=4300.0),
        sections=[SECTION], facts=["digits", "3 seeds"], command="autocnn study --quick",
        files={"CSV": "gradients.csv"}, missing={"lesion": "no blocks"},
    )  # fmt: skip
    page = report(made, tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text("utf-8") == page
    data, rest = parts(page)
    assert data[0]["steps"] == list(STEPS)
    assert "default-src 'none'" in rest
    assert not re.search(r"""(src|href)=["'](?!data:|#|gradients\.csv)""", rest)
    assert "url(" not in rest
    for text in (
        "↓ vanishes",
        "✓ holds",
        "↑ explodes",
        "not run",
        "1 in 10<sup>14</sup>",
        "autocnn study --quick",
    ):
        assert text in rest, text
    assert "2<sup>27</sup> paths" in rest
    assert "What is &lt;this&gt;?" in rest
    assert "remove a block (no blocks)" in rest  # what was not computed, by name
    assert all(title in rest for name, title in TITLES.items() if name != "depth")
    assert "<script>1</script>" not in rest


def test_without_cures_there_is_no_table_of_them():
    page = report(study())
    assert "Other cures were not tried in this run." in page
    assert "not run" not in page
    assert '<nav aria-label="Sections">Not computed in this run' in page


def test_equal_studies_give_equal_pages():
    assert report(study()) == report(study())


def test_numbers_that_are_none_and_infinite_are_drawn_as_such():
    made = study((math.inf, 0.1), (0.0, 0.1))
    made["runs"][0]["gradient"][1] = [None] * 9
    data, _ = parts(report(made))
    plain = data[0]["networks"]["plain"]["shares"]
    assert plain[0][0][0] == "inf"
    assert plain[1][0][0] is None


def test_what_is_no_study_is_refused():
    with pytest.raises(GraphError, match="report: document is no study; its format is 'other'"):
        report({"format": "other"})
    with pytest.raises(GraphError, match="report: version is 9; this one reads 1"):
        report({"format": "autocnn.study", "version": 9})
    with pytest.raises(GraphError, match="side_by_side: documents are 1; two studies"):
        side_by_side({"a": study()})


def test_two_studies_side_by_side_say_what_differs():
    deep = study((1e-30, 0.1), (0.5, 0.9))
    deep["about"] = {**deep["about"], "depth": 110}
    page = side_by_side({"<one>": study(), "two": deep})
    data, rest = parts(page)
    assert len(data) == 2
    assert "Two runs, of which only depth differs: 20 and 110." in rest
    assert "&lt;one&gt;" in rest
    assert "1 part in 10<sup>30</sup>" in rest
    assert rest.count('<article class="study">') == 2


def test_a_run_by_itself_is_as_long_as_its_steps():
    found = network({"runs": [run("plain", 0, 0.5, 0.4)]}, "plain")
    assert found.steps == STEPS
    assert found.learnt == pytest.approx(0.4)


def test_names_at_the_left_stay_inside_the_picture() -> None:
    starts = {"batch norm": 120.0, "both": 115.0, "good": 0.05, "default": 1e-14}
    series = [{"name": name, "x": [1, 27], "y": [start, 1.0]} for name, start in starts.items()]
    drawn = chart.figure({"kind": "lines", "y": {"log": True}, "series": series})
    heights = [float(y) for y in re.findall(r'<text class="named[^"]*" x="[\d.]+" y="([\d.]+)"', drawn)]
    assert len(heights) == 4
    assert min(heights) > 14


def two_seeds(*accuracies: float, **more) -> dict:
    """A study whose network with skips ends with these accuracies, a seed each."""
    runs = [run(name, seed, 0.15, a if name == "skip" else 0.1) for seed, a in enumerate(accuracies)
            for name in ("plain", "skip")]  # fmt: skip
    return {**study(), "runs": runs, **more}


@pytest.mark.parametrize(
    ("accuracies", "said"),
    [
        ((0.92, 0.10), "1 part in 7 arrives; 1 of 2 seeds learns (10 % and 92 %)."),
        ((0.92, 0.10, 0.88), "1 part in 7 arrives; 2 of 3 seeds learn (10 %, 88 % and 92 %)."),
        ((0.92, 0.80), "1 part in 7 arrives and it learns (80 % right)."),
    ],
)
def test_seeds_that_disagree_are_not_averaged(accuracies, said):
    cells = cures(plain_default=1e-14, skip_default=0.15)
    cells[1]["accuracies"] = list(accuracies)
    made = two_seeds(*accuracies, cures=cells)
    assert sentence(made).endswith(said)
    data, rest = parts(report(made))
    end = data[0]["networks"]["skip"]["end"]
    assert f"({end}" in said
    assert f"<span>{end} right</span>".replace(" %", "\u202f%") in rest
    ends = {score[1] for score in data[0]["networks"]["skip"]["accuracy"][-1:]}
    assert ends <= set(accuracies)  # a line goes through what a seed has reached


def test_a_seed_that_breaks_down_does_not_speak_for_the_others():
    made = two_seeds(0.92, 0.9)
    made["runs"][3] |= {"diverged": 5, "accuracy": [[0, 0.1], [5, 0.0]]}
    assert sentence(made).endswith("1 of 2 seeds learns (92 %), and training breaks down in 1.")


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        (1, "; 10 % right, but one step is too few to say whether it learns."),
        (40, "; 10 % right, but 40 steps are too few to say whether it learns."),
        (50, ", yet it never learns (10 %, a guess). Here skips do not help: neither learns."),
    ],
)
def test_too_few_steps_are_no_verdict(steps, said):
    made = study(skip=(0.15, 0.10))
    made["about"]["steps"] = steps
    assert sentence(made).endswith(said)


def test_where_the_loss_ends_high_what_is_right_is_luck():
    made = study((0.5, 0.24), (0.15, 0.41))
    for one in made["runs"]:
        one["loss"] = [2.3, 8e8, 1e8]
    assert "learns" not in sentence(made)
    assert sentence(made).count("training blows up: its loss rises to 10^9") == 2


def test_a_loss_that_blows_up_is_said():
    made = study(skip=(0.15, 0.10))
    made["runs"][1]["loss"] = [2.3, 1e5, 8e8, 12.0]
    assert sentence(made).endswith(
        "With them 1 part in 7 arrives, but training blows up: its loss rises to 10^9 (10 % right). "
        "A lower learning rate would tell more."
    )
