"""The page, used: clicks and keys in a real browser, and what is then on the screen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from autocnn import nn, ops
from autocnn.graph import trace
from autocnn.viz import html
from tests.graph import made
from tests.viz.browser import browser
from tests.viz.test_dot import HOSTILE

MARK = "window.hacked = true"
ATTACK = f"</script><script>{MARK}</script><img src=x onerror='{MARK}'>\"'><svg onload={MARK}>{{{{data}}}}"


class Four(nn.Sequential):
    """Four residual blocks in a stack."""

    def __init__(self) -> None:
        super().__init__(*(Block() for _ in range(4)))

    def forward(self, x):
        """The same shape."""
        return super().forward(x)


class Block(nn.Module):
    """x (N, 4, H, W) -> tanh(x + conv2(tanh(conv1(x))))."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(4, 4, 3, padding=1)
        self.conv2 = nn.Conv2d(4, 4, 3, padding=1)

    def forward(self, x):
        """The same shape."""
        return (x + self.conv2(self.conv1(x).tanh())).tanh()


@pytest.fixture(scope="module")
def chromium():
    with browser() as found:
        yield found


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    html(trace(Four(), ops.zeros((1, 4, 8, 8)), order=1), folder / "blocks.html", title="four blocks")
    b = made.Builder()
    x = b.leaf("input", (2,), ATTACK)
    w = b.leaf("parameter", (2,), ATTACK, f"{ATTACK}/{HOSTILE}")
    y = b.op("tanh", (b.op("mul", (x, w), (2,), ATTACK, line=ATTACK, mode=ATTACK),), (2,), ATTACK)
    b.output(b.op(HOSTILE, (y,), (2,), HOSTILE), HOSTILE)
    html(b.graph(), folder / "hostile.html", title=ATTACK)
    b = made.Builder()
    h = b.leaf("input", (2,), "__proto__")
    for name in ("constructor", "toString", "__proto__"):
        h = b.op(name, (h,), (2,), f"{name}/valueOf")
    b.output(h, "hasOwnProperty")
    html(b.graph(), folder / "javascript.html", title="constructor")
    return folder


TITLES = """() => [...document.querySelectorAll("#nodes .heading")].map((heading) => {
  const frame = document.querySelector(`#frames [data-child="${heading.dataset.child}"]`).getBBox();
  const title = heading.querySelector(".title").getBBox();
  return [heading.querySelector(".title").textContent, title.x + title.width + 4, frame.width];
})"""


class Screen:
    """A page that is open, and short ways to act on it and to look."""

    def __init__(self, page) -> None:
        self.page = page
        self.errors: list[str] = []
        self.asked: list[str] = []
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        page.on("request", lambda request: self.asked.append(request.url))

    def keys(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def node(self, label: str):
        """The node, module or heading that a screen reader would call so."""
        return self.page.locator(f'#nodes [aria-label^="{label}"]').first

    def shown(self) -> int:
        return self.page.locator("#nodes .node").count()

    def text(self, selector: str) -> str:
        return self.page.locator(selector).inner_text()

    def lit(self) -> list[str]:
        return [node.get_attribute("aria-label") for node in self.page.locator("#nodes .node.on").all()]


@pytest.fixture
def screen(chromium, files):
    """The page of the blocks, every module closed; at the end, that nothing failed and nothing was fetched."""
    page = chromium.new_page(viewport={"width": 1300, "height": 900})
    found = Screen(page)
    page.goto((files / "blocks.html").as_uri())
    page.click("#close-all")
    yield found
    assert found.errors == []
    assert [url for url in found.asked if not url.startswith("file:")] == []
    page.close()


def test_it_opens_with_something_to_see(chromium, files):
    page = chromium.new_page()
    page.goto((files / "blocks.html").as_uri())
    assert page.title() == "four blocks"
    assert page.locator("h1").inner_text() == "four blocks"
    assert re.match(
        r"\d+ ops · 1,184 parameters · forward and backward passes", page.locator("#facts").inner_text()
    )
    assert page.locator("#nodes .node").count() > 10
    page.close()


def test_headings_are_within_their_boxes(screen):
    screen.keys("e")
    found = screen.page.evaluate(TITLES)
    assert any(words.endswith(" · backward") for words, _, _ in found)
    assert [words for words, right, wide in found if right > wide] == []


def test_modules_open_and_close_with_their_mirror(screen):
    closed = screen.shown()
    screen.node("[0], module, forward").locator(".toggle").click()
    assert screen.shown() > closed
    assert screen.node("conv1, module, forward").is_visible()
    assert screen.node("conv1, module, backward").is_visible()  # the same module in the backward pass opened too
    screen.page.locator("#nodes .heading").first.locator(".toggle").click()
    assert screen.shown() == closed
    screen.node("[1], module, forward").dblclick()
    assert screen.shown() > closed


def overlaps(screen) -> list[str]:
    """Pairs of shapes that lie on each other."""
    return screen.page.evaluate((Path(__file__).with_name("overlaps.js")).read_text("utf-8"))


def test_nothing_overlaps_whatever_is_open(screen):
    assert overlaps(screen) == []
    for number in range(4):
        screen.keys("0")
        screen.node(f"[{number}], module, forward").locator(".toggle").click()
        assert overlaps(screen) == []
    screen.keys("e")
    assert overlaps(screen) == []
    assert screen.page.locator("#nodes .toggle").count() == screen.page.locator("#nodes .heading").count()


def test_search_leads_into_a_closed_module(screen):
    screen.keys("/")
    screen.page.keyboard.type("2.conv2 weight")
    assert screen.page.locator("#results [role=option]").count() >= 1
    screen.keys("ArrowDown", "Enter")
    assert "weight" in screen.text("#details h2")
    assert (
        screen.page.locator("#nodes .selected")
        .get_attribute("aria-label")
        .startswith("weight, 4×4×3×3, parameter")
    )
    screen.page.fill("#search", "no such thing")
    assert screen.text("#results") == "Nothing has this in its name"
    screen.page.fill("#search", "%1")
    assert screen.page.locator("#results [role=option]").count() == 1  # and not %10, %11 ...


def test_details_of_an_op_and_the_way_to_its_twin_and_back(screen):
    screen.page.fill("#search", "0.conv1 conv forward op")
    screen.keys("Enter")
    details = screen.text("#details")
    assert "1×4×8×8 float32 · 1.0 KiB · cpu" in details
    for formula in ("z = x ⋆ w + b", "dx = conv_input(g, w)", "dw = conv_weight(g, x)", "db = channel_sum(g)"):
        assert formula in details
    assert "padding = 1" in details
    assert "Keeps for the backward pass" in details
    screen.page.locator("#details .link", has_text="conv_weight").first.click()
    assert screen.text("#details h2") == "conv_weight"
    assert "backward" in screen.text("#details .kind")
    screen.keys("t")
    assert screen.text("#details h2") == "conv_bias"
    screen.page.click("#details .close")
    assert not screen.page.locator("#details").is_visible()


def test_hover_tells_a_little(screen):
    screen.node("x, 1×4×8×8, input").hover()
    assert "1×4×8×8 float32" in screen.text("#tip")


def test_the_paths_between_two_vertices_are_counted_and_lit(screen):
    screen.keys("e")
    screen.node("x, 1×4×8×8, input").click()
    screen.keys("p")
    screen.page.fill("#search", "output forward")
    screen.keys("Enter", "p")
    assert screen.text("#banner").startswith("16 paths from x to output")
    assert not any("parameter" in label or "backward" in label for label in screen.lit())
    assert sum(label.startswith("add") for label in screen.lit()) == 4
    assert screen.page.locator("#curves .on").count() > 0
    screen.keys("Escape")
    assert screen.lit() == []


def test_ancestors_and_descendants(screen):
    screen.keys("e")
    screen.page.fill("#search", "0.conv1 conv_bias forward")
    screen.keys("Enter", "a")
    assert {label.split(",")[0] for label in screen.lit()} == {"x", "weight", "bias", "conv_bias"}
    screen.page.locator("#details button", has_text="Descendants").click()
    assert any(label.startswith("output") for label in screen.lit())
    assert not any(label.startswith("x,") for label in screen.lit())


def test_without_a_mouse(screen):
    screen.page.locator("#graph").focus()
    screen.keys("ArrowDown")
    assert screen.page.locator("#nodes .selected").get_attribute("aria-label").startswith("x,")
    screen.keys("ArrowDown")
    assert (
        screen.page.locator("#nodes .selected")
        .get_attribute("aria-label")
        .startswith("[0], module, forward, 5 ops")
    )
    active = screen.page.locator("#graph").get_attribute("aria-activedescendant")
    assert screen.page.locator(f"#{active}").get_attribute("aria-label").startswith("[0], module")
    before = screen.shown()
    screen.keys("Enter")
    assert screen.shown() > before
    assert screen.text("#status") == "[0] open"
    screen.keys("Enter", "Escape")
    assert screen.shown() == before
    assert screen.page.locator("#nodes .selected").count() == 0
    screen.keys("?")
    assert "Search" in screen.text("#help")


def test_the_graph_as_text(screen):
    assert not screen.page.locator("#listing").is_visible()
    screen.keys("l")
    assert '%0: f32[1,4,8,8] = input "x"' in screen.text("#listing")
    screen.keys("Escape")
    assert not screen.page.locator("#listing").is_visible()


def test_wheel_and_drag_move_the_window(screen):
    def at():
        return screen.node("x, 1×4×8×8, input").bounding_box()

    first = at()
    screen.page.mouse.move(300, 400)
    screen.page.mouse.wheel(0, -400)
    assert at()["width"] > 1.5 * first["width"]
    second = at()
    screen.page.mouse.down()
    screen.page.mouse.move(340, 430, steps=3)
    screen.page.mouse.up()
    assert at()["x"] == pytest.approx(second["x"] + 40, abs=1)
    assert at()["y"] == pytest.approx(second["y"] + 30, abs=1)
    assert screen.page.locator("#nodes .selected").count() == 0
    screen.keys("0")
    assert at()["width"] == pytest.approx(first["width"], rel=0.3)


def test_day_and_night(screen):
    def ground():
        return screen.page.evaluate("getComputedStyle(document.body).backgroundColor")

    assert ground() == "rgb(255, 255, 255)"
    screen.page.click("#theme")
    assert ground() == "rgb(18, 24, 30)"


def test_values_kept_for_the_backward_pass_on_request(screen):
    assert screen.page.locator("#curves .kept:visible").count() == 0
    screen.keys("k")
    assert screen.page.locator("#curves .kept:visible").count() > 0


def test_hostile_names_stay_text(chromium, files):
    page = chromium.new_page()
    asked: list[str] = []
    page.on("dialog", lambda dialog: asked.append(dialog.message) or dialog.dismiss())
    page.on("request", lambda request: asked.append(request.url))
    page.goto((files / "hostile.html").as_uri())
    page.keyboard.press("e")
    assert page.title().replace("\ufffd", "") == ATTACK
    page.keyboard.press("/")
    page.keyboard.type("window.hacked mul")
    page.keyboard.press("Enter")
    assert ATTACK in page.locator("#details").inner_text()
    page.keyboard.press("a")
    for node in page.locator("#nodes .node").all():
        node.hover(force=True)
    assert page.evaluate("window.hacked") is None
    assert page.locator("img, body svg svg, #details script, #nodes script").count() == 0
    assert page.locator("#listing").text_content().count("window.hacked") >= 4
    assert len(asked) == 1  # the page itself
    page.close()


def test_names_that_mean_something_in_javascript_are_names(chromium, files):
    page = chromium.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto((files / "javascript.html").as_uri())
    for name in ("constructor", "toString", "__proto__", "hasOwnProperty"):
        page.keyboard.press("/")
        page.keyboard.type(name)
        page.keyboard.press("Enter")
        assert page.locator("#details h2").inner_text() == name
        page.keyboard.press("a")
    assert errors == []
    page.close()


def test_without_scripts_the_text_is_there(chromium, files):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((files / "blocks.html").as_uri())
    assert '%0: f32[1,4,8,8] = input "x"' in page.locator("#listing").inner_text()
    context.close()


def test_a_narrow_window(chromium, files):
    page = chromium.new_page(viewport={"width": 390, "height": 780})
    page.goto((files / "blocks.html").as_uri())
    page.locator("#nodes .node").first.click()
    assert page.locator("#details").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.close()
