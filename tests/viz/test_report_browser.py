"""The page of a study, used: slider, hover, play and keys in a real browser, and what is then on the screen."""

from __future__ import annotations

from functools import partial

import pytest

from autocnn.viz import report, side_by_side
from autocnn.viz.report.chart import raised
from autocnn.viz.report.words import brief, size_words
from tests.viz.browser import browser
from tests.viz.browser import opened as opened_with
from tests.viz.studies import BLOCKS, SECTION, STEPS, cures, study

opened = partial(opened_with, schemes=("file:", "data:"))
MARK = "window.hacked = true"
ATTACK = f"</script><script>{MARK}</script><img src=x onerror='{MARK}'>"


@pytest.fixture(scope="module")
def chromium():
    with browser() as found:
        yield found


def moving() -> dict:
    """A study whose signal shrinks with every step, so that one sees the strips move."""
    made = study(
        seeds=3, cures=cures(plain_default=1e-14, plain_good_init=0.1, plain_batch_norm=6e3, plain_both=2.0,
                             skip_default=4300.0, skip_good_init=3.0, skip_batch_norm=20.0, skip_both=9.0),
        sections=[{**SECTION, "question": ATTACK}], facts=[ATTACK, "3 seeds"], command="autocnn study --quick",
    )  # fmt: skip
    for one in made["runs"]:
        rows = one["gradient"]
        one["gradient"] = [[value / 10**i for value in row[:-1]] + row[-1:] for i, row in enumerate(rows)]
    return made


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("studies")
    report(moving(), folder / "one.html")
    side_by_side({"short": study(), ATTACK: moving()}, folder / "two.html")
    return folder


@pytest.fixture
def page(chromium, files):
    """The page of one study; at the end, that nothing failed, nothing was fetched and nothing in it acted."""
    found = opened(chromium, files / "one.html")
    yield found
    assert found.seen == []
    assert found.evaluate("window.hacked") is None
    found.close()


def label(page, name: str) -> str:
    return page.locator(f".strips text.label.{name}").first.text_content()


def test_the_first_screen_fits_and_says_what_it_is_to_say(page):
    assert page.locator("footer").bounding_box()["y"] + page.locator("footer").bounding_box()["height"] <= 800
    assert page.evaluate("document.documentElement.scrollWidth") == 1280
    head = page.locator("h1").inner_text()
    assert "1 part in 1018 reaches the first layers and the network never learns" in head
    assert page.locator(".row.plain .cell").count() == page.locator(".row.skip .cell").count() == BLOCKS
    assert page.locator(".arc").count() == BLOCKS
    assert "float32 rounds to zero" in page.locator(".strips").text_content()
    for words in ("same as at the loss", "a thousandth", "a millionth"):
        assert words in page.locator(".strips").text_content()
    assert page.locator(".cures td.vanishes").count() == 1
    assert page.locator(".cures td.explodes").count() == 2
    side = page.locator(".side").bounding_box()
    assert page.locator(".cures .small").bounding_box()["y"] < side["y"] + side["height"]


def test_no_two_words_lie_on_each_other(page):
    for step in range(len(STEPS)):
        page.evaluate(f"go({step})")
        boxes = page.evaluate(
            """() => [...document.querySelectorAll(".strips text, .learning text")].map((each) => {
              const { x, y, width, height } = each.getBoundingClientRect();
              return [each.textContent, x, y, x + width, y + height];
            })"""
        )
        clashes = [
            (a[0], b[0])
            for i, a in enumerate(boxes)
            for b in boxes[i + 1 :]
            if min(a[3], b[3]) - max(a[1], b[1]) > 1 and min(a[4], b[4]) - max(a[2], b[2]) > 4
        ]
        assert clashes == []


def test_the_slider_moves_the_strips_and_the_marker(page):
    before = label(page, "plain"), page.locator(".now").get_attribute("d")
    filled = page.locator(".row.skip .fill").count()
    page.locator("#step").fill(str(len(STEPS) - 1))
    assert page.locator("#when").inner_text() == "step 64 of 64"
    assert (label(page, "plain"), page.locator(".now").get_attribute("d")) != before
    assert "without skips: 1 part in 10²² arrives" in label(page, "plain")
    assert "with skips: 1 part in 10⁵ arrives" in label(page, "skip")
    assert page.locator(".row.skip .fill").count() == filled
    opacities = page.locator(".row.skip .fill").evaluate_all(
        "all => all.map((e) => e.getAttribute('fill-opacity'))"
    )
    assert float(opacities[0]) < 0.3 < float(opacities[-1])


def test_arrow_keys_and_the_space_bar(page):
    page.keyboard.press("ArrowRight")
    assert page.locator("#when").inner_text() == "step 2 of 64"
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert page.locator("#when").inner_text() == "step 1 of 64 (untrained)"
    page.keyboard.press(" ")
    assert page.locator("#play").get_attribute("aria-pressed") == "true"
    page.get_by_text("step 64 of 64", exact=True).wait_for()
    assert page.locator("#play").get_attribute("aria-pressed") == "false"
    page.click("#play")  # from the end it begins again
    assert page.locator("#when").inner_text().startswith("step 1 ")
    page.keyboard.press(" ")
    assert page.locator("#play").get_attribute("aria-pressed") == "false"


def test_hovering_a_block_marks_it_in_all_strips(page):
    box = page.locator(".row.plain .cell").nth(2).bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 5)
    tip = page.locator(".tip")
    assert tip.is_visible()
    assert "Block 3 of 9, step 1" in tip.inner_text()
    assert "seeds" in tip.inner_text()
    column = page.locator(".column").bounding_box()
    for name in ("plain", "skip"):
        cell = page.locator(f".row.{name} .cell").nth(2).bounding_box()
        assert column["x"] <= cell["x"]
        assert cell["x"] + cell["width"] <= column["x"] + column["width"]
        assert column["y"] <= cell["y"] <= column["y"] + column["height"]
    assert page.locator(".points .point").count() == 2
    page.mouse.move(5, 5)
    assert not tip.is_visible()


def test_blocks_by_keys_are_spoken(page):
    page.locator(".strips").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert "Block 2 of 9" in page.locator("#status").text_content()
    assert page.locator("#when").inner_text().startswith("step 1 ")
    page.keyboard.press("Escape")
    assert not page.locator(".tip").is_visible()


def test_below_there_are_sections_with_figures_and_tables(page):
    section = page.locator("#toy")
    assert section.locator("figure").count() == 4
    assert section.locator("table td").count() == 3
    assert section.locator("img").evaluate("image => image.complete && image.naturalWidth > 0")
    assert page.locator("details table tr").count() == len(STEPS) + 2


def test_light_and_dark(page):
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.click("#theme")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light
    page.keyboard.press("m")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == light


def test_a_narrow_window_scrolls_down_only(chromium, files):
    page = opened(chromium, files / "one.html", 390, 844)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.locator(".row.plain .cell").count() == BLOCKS
    assert page.seen == []
    page.close()


def test_two_runs_move_together(chromium, files):
    page = opened(chromium, files / "two.html")
    assert page.locator(".strips").count() == 2
    page.keyboard.press("End")
    page.locator("#step").fill(str(len(STEPS) - 1))
    texts = page.locator(".strips text.label.skip").all_text_contents()
    assert texts == ["with skips: 1 part in 7 arrives", "with skips: 1 part in 10⁵ arrives"]
    ticks = [page.locator(".strips").nth(i).locator(".grid").count() for i in (0, 1)]
    assert ticks[0] == ticks[1]  # one scale
    assert page.locator("footer").bounding_box()["y"] < 800
    assert page.seen == []
    assert page.evaluate("window.hacked") is None
    page.close()


@pytest.mark.parametrize("share", [1e-9, 0.17, 0.5, 0.66, 0.7, 0.74, 0.94, 0.97, 1.0, 1.04, 1.1, 1.4, 2.5, 4300.0])
def test_headline_tip_and_cell_use_the_same_words(page, share):
    words = page.evaluate(f"sizeWords({share})")
    assert words == raised(size_words(share))
    assert brief(share) in (size_words(share).replace("part ", ""), "×" + size_words(share).removesuffix("-fold"))
    assert (words == "all of it") == (0.95 <= share <= 1.05)


def shallow(blocks: int, plain: float, skip: float) -> dict:
    """A study of few blocks."""
    made = study((plain, 0.1), (skip, 0.9))
    for one in made["runs"]:
        one["gradient"] = [row[:1] + row[len(row) + 1 - blocks :] for row in one["gradient"]]
    return made


def test_the_tip_of_a_wide_block_stays_on_the_screen(chromium, tmp_path):
    report(shallow(5, 0.02, 0.9), tmp_path / "few.html")
    page = opened(chromium, tmp_path / "few.html")
    for i in range(5):
        box = page.locator(".row.plain .cell").nth(i).bounding_box()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 5)
        tip = page.locator(".tip").bounding_box()
        assert tip["x"] >= 0
        assert tip["x"] + tip["width"] <= 1280
    page.close()


@pytest.mark.parametrize(
    ("smallest", "low"), [(0.3, -3), (0.02, -3), (1e-5, -6), (1e-9, -12), (1e-13, -20), (1e-19, -20), (0.0, -20)]
)
def test_the_axis_ends_a_few_decades_below_the_smallest(chromium, tmp_path, smallest, low):
    report(shallow(3, smallest, 0.9), tmp_path / "few.html")
    page = opened(chromium, tmp_path / "few.html")
    assert page.evaluate("scale.low") == low
    page.close()


def words_in(page, selector: str) -> list[dict]:
    return [each.bounding_box() for each in page.locator(selector).all()]


def test_on_a_phone_the_names_of_lines_are_whole(chromium, tmp_path):
    report(shallow(3, 1 / 150, 0.01), tmp_path / "few.html")
    page = opened(chromium, tmp_path / "few.html", 390, 844)
    boxes = words_in(page, ".strips text.label")
    assert len(boxes) == 2
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= 390 for box in boxes)
    page.close()


@pytest.mark.parametrize("skip", [0.0, 0.5])
def test_beside_another_study_a_zero_lies_on_no_other_words(chromium, tmp_path, skip):
    side_by_side({"a": shallow(4, 0.0, skip), "b": shallow(4, 0.0, 0.9)}, tmp_path / "two.html")
    page = opened(chromium, tmp_path / "two.html")
    for i in (0, 1):
        root = f".study:nth-of-type({i + 1}) .strips"
        labels, (zero,) = words_in(page, f"{root} text.label"), words_in(page, f"{root} text.zero")
        for a, b in [(label, zero) for label in labels] + [(labels[0], labels[1])]:
            apart = a["y"] + a["height"] <= b["y"] + 6 or b["y"] + b["height"] <= a["y"] + 6
            assert apart or a["x"] + a["width"] <= b["x"] or b["x"] + b["width"] <= a["x"]
    page.close()


def test_a_network_that_breaks_down_at_once_is_drawn_without_a_fault(chromium, tmp_path):
    made = study()
    made["runs"][1] |= {"diverged": 1, "accuracy": [[0, 0.1]], "steps": [1], "gradient": [[None] * BLOCKS]}
    report(made, tmp_path / "broken.html")
    page = opened(chromium, tmp_path / "broken.html")
    assert page.locator(".learning text.label.skip").count() == 1
    assert page.seen == []
    page.close()
