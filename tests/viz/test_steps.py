"""The page of one convolution as a file: what it refuses, what is in it, and that nothing in it can act."""

from __future__ import annotations

import re
from importlib.resources import files

import numpy as np
import pytest

from autocnn import viz
from autocnn.errors import GraphError
from autocnn.inspect import convolution_steps
from autocnn.viz.steps import SCRIPTS
from tests.viz.test_dot import HOSTILE

ATTACK = f"</script><script>alert(1)</script><img src=x onerror='alert(1)'>{{{{data}}}}{HOSTILE}"


def numbers(**changes) -> dict:
    found = convolution_steps(np.ones((2, 4, 4)), np.ones((3, 2, 2, 2)), np.zeros(3)).to_dict()
    return {**found, **changes}


def sized(channels: int, side: int, filters: int = 1, padding: int = 0) -> dict:
    x, w = np.zeros((channels, side, side), np.float32), np.zeros((filters, channels, 1, 1), np.float32)
    return convolution_steps(x, w, padding=padding).to_dict()


def test_it_refers_to_nothing_outside_itself():
    page = viz.convolution_steps(numbers())
    assert not re.search(r"""(?:src|href)\s*=|@import|url\(|fetch\(|XMLHttpRequest|import\(""", page)
    assert set(re.findall(r"https?://[^\s\"'<]+", page)) == {"http://www.w3.org/2000/svg"}  # a name, not fetched
    assert "default-src 'none'" in page


def test_its_program_never_reads_text_as_markup():
    for name in SCRIPTS:
        program = (files("autocnn.viz.steps") / name).read_text("utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|new Function", program)


def test_names_stay_text():
    page = viz.convolution_steps(numbers(name=ATTACK, of=ATTACK), title=ATTACK)
    assert page.count("<script") == 2
    assert "<img" not in page


def test_the_file_is_what_is_returned(tmp_path):
    page = viz.convolution_steps(numbers(), tmp_path / "steps.html", title="one of mine")
    assert (tmp_path / "steps.html").read_text("utf-8") == page
    assert "<title>one of mine</title>" in page
    assert [path.name for path in tmp_path.iterdir()] == ["steps.html"]


def test_the_facts_say_what_is_not_usual():
    x, w = np.ones((4, 7, 7)), np.ones((2, 2, 3, 2))
    found = convolution_steps(x, w, stride=(2, 1), padding=((0, 1), (1, 1)), dilation=2, groups=2, of="a score")
    said = re.search(r"</h1><p>(.*?)</p>", viz.convolution_steps(found.to_dict()))[1]
    assert said == (
        "input 4×7×7 · 2 filters of 2×3×2 · stride 2×1 · padding (0, 1)×1 · dilation 2 · 2 groups · output 2×2×7"
        " · L is a score"
    )


def test_numbers_beyond_all_numbers():
    found = convolution_steps([[np.nan, np.inf], [-np.inf, 1.0]], [[1.0]]).to_dict()
    assert found["x"] == [[[None, "inf"], ["-inf", 1.0]]]
    page = viz.convolution_steps(found)
    assert '"x":[[[null,"inf"],["-inf",1.0]]]' in page
    assert "= <b>NaN</b>" in page
    assert "= <b>−inf</b>" in page


def test_as_large_as_a_page_holds():
    viz.convolution_steps(sized(1, 62, padding=1))
    viz.convolution_steps(sized(64, 16))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            [1.0],
            "numbers are 'list', not 'autocnn.convolution'. Make them: inspect.convolution_steps(x, w).to_dict()",
        ),
        ({"format": "autocnn.study"}, "numbers are 'autocnn.study'"),
        (numbers(version=2), "version is 2; this one reads 1"),
        (
            numbers(x=[[1.0]]),
            "x, w and z are (1, 1), (3, 2, 2, 2) and (3, 3, 3); they must be (C, H, W), (O",
        ),
        (numbers(groups=2), "they must be (C, H, W), (O, C / groups, kh, kw) and (O, oh, ow)"),
        (numbers(g=[[[1.0]]]), "g is (1, 1, 1); like z it must be (3, 3, 3)"),
        (numbers(bias=[1.0]), "bias is (1,); with 3 filters it must be (3,) or None"),
        (numbers(stride=[2, 1]), "z is (3, 3, 3); x, w, stride and padding give 2, not 3"),
        (sized(1, 63, padding=1), "the padded input has 65×65 pixels; a page shows 64×64 at most. Crop the image"),
        (
            sized(17, 32),
            "17 channels of 32×32, 17,408 pixels; a page shows 16,384 at most. Make the image smaller",
        ),
        (sized(1, 50, filters=30), "would hold 155,060 numbers; 120,000 at most. Take a layer with fewer filters"),
    ],
)
def test_what_is_refused(tmp_path, given, words):
    with pytest.raises(GraphError) as caught:
        viz.convolution_steps(given, tmp_path / "steps.html")
    assert str(caught.value).startswith("convolution_steps: ")
    assert words in str(caught.value)
    assert not list(tmp_path.iterdir())
