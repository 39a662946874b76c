"""The page of one convolution, used: clicks, slider, keys, in a real browser, and what is then written out."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn.inspect import convolution_steps
from tests.viz.browser import browser, opened

MARK = "window.hacked = true"
ATTACK = f"</script><script>{MARK}</script><img src=x onerror='{MARK}'>"

ADDED_UP = """() => {
  let [worst, count] = [0, 0];
  for (const mode of Object.keys(MODES))
    for (let o = 0; o < O; o++)
      for (let at = 0; at < MODES[mode].size().reduce((all, size) => all * size, 1); at++) {
        const { total, engine, size } = explained({ mode, o, ...MODES[mode].at(at) });
        worst = Math.max(worst, Math.abs(total - engine) / (size || 1));
        count++;
      }
  return [worst, count];
}"""

CLASHES = """() => {
  const boxes = [...document.querySelectorAll("h1, h2, .key, .grid, figcaption, .bias, button, output, #hint")]
    .filter((each) => each.checkVisibility() && !each.closest(".grid text"))
    .map((each) => [each.textContent.slice(0, 20), each.getBoundingClientRect()]);
  return boxes.flatMap(([words, a], i) => boxes.slice(i + 1)
    .filter(([, b]) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2)
    .filter(([, b]) => Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3)
    .map(([others]) => [words, others]));
}"""


@pytest.fixture(scope="module")
def chromium():
    with browser() as found:
        yield found


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("convolutions")
    small = convolution_steps([[1, 2, 3], [4, 5, 6], [7, 8, 9]], [[1, 2], [3, 4]], gradient=[[1, -1], [0, 2]])
    small.html(folder / "small.html", title="by hand")
    rng = np.random.default_rng(0)
    x, w, b = rng.random((4, 7, 6)), rng.standard_normal((4, 2, 3, 3)), rng.standard_normal(4)
    g = 1e-4 * rng.standard_normal((4, 4, 3))
    how = {"stride": 2, "padding": (2, 1), "dilation": (2, 1), "groups": 2}
    odd = convolution_steps(*(a.astype("float32") for a in (x, w, b)), gradient=g, name=ATTACK, of=ATTACK, **how)
    odd.html(folder / "odd.html")
    image, many = rng.random((1, 28, 28)), rng.random((6, 10, 10))
    convolution_steps(image, rng.standard_normal((6, 1, 5, 5)), padding=2).html(folder / "image.html")
    g = -1.2345e-3 * rng.random((5, 4, 4))
    convolution_steps(many, rng.standard_normal((5, 6, 3, 3)), stride=2, gradient=g).html(folder / "many.html")
    convolution_steps([[np.nan, np.inf], [-np.inf, 1.0]], [[1.0]]).html(folder / "strange.html")
    return folder


@pytest.fixture
def small(chromium, files):
    found = opened(chromium, files / "small.html")
    yield found
    assert found.seen == []
    found.close()


def click(page, group: str, row: int, column: int, block: int = 0, panel: int = 0) -> None:
    """Click on a cell."""
    grid = page.locator(f"#group-{group} .block").nth(block).locator(".grid").nth(panel)
    box = grid.locator("rect:not(.edge)").first.bounding_box()
    grid.click(position={"x": 2 + (column + 0.5) * box["width"], "y": 2 + (row + 0.5) * box["height"]})


def written(page) -> str:
    return page.locator("#written").inner_text().strip()


def test_it_opens_at_the_first_output(small):
    assert small.title() == "by hand"
    assert written(small) == "1·1 + 2·2 + 4·3 + 5·4 = 37"
    assert small.locator("#total").inner_text() == "z0,0 = 37 ✓ the engine: 37"
    assert small.locator("#formula").inner_text() == "zi,j = Σa,b xi+a, j+b · wa,b"
    blank = small.locator("#group-z .blank")
    assert blank.count() == 3  # filled in as one steps on


def test_a_click_on_anything_explains_it(small):
    click(small, "z", 1, 0)
    assert written(small) == "4·1 + 5·2 + 7·3 + 8·4 = 67"
    assert small.locator("#group-z .blank").count() == 1
    click(small, "w", 0, 1)
    assert written(small) == "2·1 + 3·(−1) + 5·0 + 6·2 = 11"
    assert small.locator("#formula").inner_text() == "∂L/∂wa,b = Σi,j xi+a, j+b · gi,j"
    frame = small.locator("#group-x .marks .part:not(.halo)")
    assert frame.get_attribute("d") == "M50 0H150V100H50Z"  # the inputs that made it, in cells of 50 px
    assert small.locator("#group-z .marks .part:not(.halo)").get_attribute("d") == "M0 0H100V100H0Z"
    click(small, "x", 1, 1)
    assert written(small) == "1·4 + (−1)·3 + 0·2 + 2·1 = 3"
    assert small.locator("#formula").inner_text() == "∂L/∂xm,n = Σa,b gm−a, n−b · wa,b"
    assert "turned by 180°" in small.locator("#sum").inner_text()
    click(small, "x", 2, 0, block=1)  # in its gradient as well
    assert written(small) == "0·3 = 0"


def test_the_slider_the_keys_and_play(small):
    small.locator("#step").fill("2")
    assert small.locator("#when").inner_text() == "output at row 1, column 0 · 3 of 4"
    small.keyboard.press("ArrowUp")
    assert small.locator("#when").inner_text() == "output at row 0, column 0 · 1 of 4"
    small.keyboard.press("ArrowRight")
    assert small.locator("#status").text_content() == "output at row 0, column 1: 47"
    small.keyboard.press("End")
    small.keyboard.press("ArrowRight")
    assert "4 of 4" in small.locator("#when").inner_text()
    small.keyboard.press("3")
    assert small.locator("#when").inner_text() == "input at row 0, column 0 · 1 of 9"
    small.keyboard.press("2")
    small.keyboard.press(" ")
    assert small.locator("#play").get_attribute("aria-pressed") == "true"
    small.get_by_text("4 of 4").wait_for()
    assert small.locator("#play").get_attribute("aria-pressed") == "false"
    small.keyboard.press("?")
    assert "a row up, a row down" in small.locator("#help").inner_text()


def test_all_of_it_in_numbers_is_a_list_that_one_can_click(small):
    item = small.locator("#all li", has_text="∂L/∂x1,1")
    assert item.inner_text().endswith("= 1·4 + (−1)·3 + 0·2 + 2·1 = 3")
    item.click()
    assert written(small) == "1·4 + (−1)·3 + 0·2 + 2·1 = 3"
    assert item.get_attribute("class") == "on"


def test_a_product_points_at_its_factors(small):
    small.locator("#written .term").nth(2).hover()
    assert small.locator("#group-x .point:not(.halo)").get_attribute("d") == "M0 50H50V100H0Z"
    assert small.locator("#group-w .point:not(.halo)").get_attribute("d") == "M0 50H50V100H0Z"
    small.locator("#matrices .grid").nth(2).hover(position={"x": 80, "y": 10})
    assert small.locator("#written .on").inner_text() == "2·2"
    assert small.locator("#tip").inner_text() == "x0,1 · w0,1 = 2 · 2 = 4"
    small.mouse.move(1270, 10)
    assert small.locator(".point").count() == 0


@pytest.mark.parametrize("name", ["small", "odd", "image", "many"])
def test_the_terms_of_every_number_add_up_to_the_engines(chromium, files, name):
    page = opened(chromium, files / f"{name}.html")
    worst, count = page.evaluate(ADDED_UP)
    assert worst < 1e-6
    assert count > 16
    assert page.seen == []
    page.close()


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", ["small", "odd", "image", "many"])
def test_nothing_overlaps_and_nothing_hangs_out(chromium, files, name, width):
    page = opened(chromium, files / f"{name}.html", width, 844)
    for mode in ("output", "weight", "pixel"):
        page.evaluate(f"go({{mode: '{mode}', i: 1, j: 1, a: 1, b: 1, m: 2, n: 2}})")
        page.locator("#player").evaluate("each => (each.style.position = 'static')")  # on a phone it lies on top
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert page.evaluate(CLASHES) == []
        assert "✓" in page.locator("#total").inner_text()
    assert page.seen == []
    page.close()


def test_filters_channels_and_hostile_names(chromium, files):
    page = opened(chromium, files / "odd.html")
    assert page.title().replace("\ufffd", "") == f"Convolution {ATTACK}, step by step"
    page.keyboard.press("]")
    page.keyboard.press("]")
    assert page.locator("#filter").inner_text() == "filter 2 (of 4)"
    assert page.locator("#group-x figcaption").all_inner_texts() == [
        "channel 2",
        "channel 3",
    ]  # those of its group
    page.keyboard.press("2")
    page.keyboard.press(".")
    assert "weight at channel 3, row 0" in page.locator("#when").inner_text()
    assert "× 10" in written(page)  # gradients of 1e-4 are written with a power of ten
    page.keyboard.press("[")
    page.keyboard.press("[")
    page.keyboard.press("[")
    assert page.locator("#filter").inner_text() == "filter 3 (of 4)"
    page.evaluate("go({mode: 'pixel', o: 0, c: 0, m: 3, n: 2})")
    assert "No window reached this input" in page.locator("#total").inner_text()
    assert page.evaluate("window.hacked") is None
    assert page.seen == []
    page.close()


def test_of_many_channels_one_is_shown_and_the_others_are_a_click_away(chromium, files):
    page = opened(chromium, files / "many.html")
    assert page.locator("#matrices .row").count() == 1
    assert page.locator("#total .chip").count() == 6
    page.locator("#total .chip").nth(4).click()
    assert page.locator("#matrices h3").inner_text() == "channel 4"
    page.keyboard.press("3")
    page.locator("#total .chip").nth(1).click()
    assert page.locator("#filter").inner_text() == "filter 1 (of 5)"
    page.close()


def test_what_is_no_number_is_said(chromium, files):
    page = opened(chromium, files / "strange.html")
    assert page.locator("#total").inner_text() == "z0,0 = NaN ✓ the engine: NaN"
    page.keyboard.press("ArrowRight")
    assert page.locator("#total").inner_text() == "z0,1 = ∞ ✓ the engine: ∞"
    assert page.seen == []
    page.close()


def test_day_and_night(chromium, files):
    page = opened(chromium, files / "image.html", color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(ground) == "rgb(18, 24, 30)"
    page.keyboard.press("m")
    assert page.evaluate(ground) == "rgb(255, 255, 255)"
    page.click("#theme")
    assert page.evaluate(ground) == "rgb(18, 24, 30)"
    page.close()


def test_without_scripts_every_sum_is_there(chromium, files):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((files / "small.html").as_uri())
    assert "1·1 + 2·2 + 4·3 + 5·4 = 37" in page.locator("#all").inner_text()
    assert not page.locator("#modes").is_visible()
    context.close()
