"""The toy model against forty digits of arithmetic, the notes' table, and what is known of its limits."""

from __future__ import annotations

import itertools
import json
import math
from decimal import Decimal, localcontext

import numpy as np
import pytest

from autocnn.errors import ArgumentError
from autocnn.flow.signed import Signed
from autocnn.flow.toy import AT, READINGS, SKIPS, closed, derivatives, drawn, toy

NOTES = {  # dC/dtheta of tanh(theta)^n, by theta and n, computed when the study was planned
    0.5: (0.786447733, 0.1793280564, 0.007558553697, 1.470592784e-15, 5.083081592e-32),
    1.0: (0.4199743416, 0.706459344, 0.3620221837, 3.362399422e-05, 8.200860811e-11),
    2.0: (0.07065082485, 0.3051020155, 0.5080686136, 0.5867738181, 0.1879202876),
}
DEPTHS = (1, 5, 10, 50, 100)
CHAIN = (0.4199743416, 0.0960956909, 0.04091204197, 0.00438371772, 0.001592004086)  # theta = 1


class Jet:
    """A number with its first and second derivative, in as many digits as the context has."""

    def __init__(self, value: Decimal, first: Decimal | int = 0, second: Decimal | int = 0) -> None:
        self.value, self.first, self.second = value, Decimal(first), Decimal(second)

    def __add__(self, other: Jet) -> Jet:
        return Jet(self.value + other.value, self.first + other.first, self.second + other.second)

    def __mul__(self, other: Jet) -> Jet:
        a, b = self, other
        return Jet(
            a.value * b.value,
            a.first * b.value + a.value * b.first,
            a.second * b.value + 2 * a.first * b.first + a.value * b.second,
        )

    def tanh(self) -> Jet:
        double = (2 * self.value).exp()
        t = (double - 1) / (double + 1)
        s = 1 - t * t
        return Jet(t, s * self.first, s * self.second - 2 * t * s * self.first**2)


def exactly(theta: float, n: int, reading: str, skip: str, w: float, at: str) -> tuple[Decimal, Decimal]:
    """First and second derivative in sixty digits, by Taylor arithmetic through the definition."""
    with localcontext() as context:
        context.prec, context.Emin = 60, -999_999
        place = Jet(Decimal(theta), at == "theta")
        one = Jet(Decimal(1))
        h = place if reading == "chain" else one
        for layer in range(n):
            weight = Jet(Decimal(w), at == "first weight" and layer == 0)
            step = (weight * h).tanh() if reading == "chain" else h * (weight * place).tanh()
            h = h + step if skip == "every" else step
        if skip == "long":
            h = h + place
        return h.first, h.second


def relative(found: float, exact: Decimal) -> float:
    """How far a float is from a number with more digits."""
    return float(abs((Decimal(found) - exact) / exact)) if exact else float(found != 0)


CASES = list(itertools.product(READINGS, SKIPS))


@pytest.mark.parametrize(("reading", "skip"), CASES)
@pytest.mark.parametrize("w", [1.0, 0.7, -1.3])
def test_closed_forms_are_right_to_twelve_digits(reading: str, skip: str, w: float) -> None:
    thetas = [0.1, 0.5, -0.8, 2.0]
    for n in (1, 2, 7, 100):
        forms = closed(thetas, n, reading, skip, w)
        for (at, order), form in forms.items():
            for i, theta in enumerate(thetas):
                exact = exactly(theta, n, reading, skip, w, at)[order - 1]
                assert relative(float(form.value[i]), exact) < 1e-12, (n, at, order, theta)


@pytest.mark.parametrize(("reading", "skip"), CASES)
def test_the_engine_is_right_to_twelve_digits(reading: str, skip: str) -> None:
    result = toy(n=(1, 2, 3, 10, 30, 100), readings=[reading], skips=[skip])
    assert len(result.cells) == 4 * 6 * 4
    assert result.worst.error < 1e-12, result.worst
    for cell in result.cells:
        exact = exactly(cell.theta, cell.n, reading, skip, 1.0, cell.at)[cell.order - 1]
        assert relative(cell.engine, exact) < 1e-12


def test_rescaled_float32_holds_where_plain_float32_underflows() -> None:
    result = toy(dtype="float32")
    first = [cell for cell in result.cells if cell.order == 1]
    assert len(first) == 2 * 3 * 5 * 4 * 2
    assert max(cell.rescaled_error for cell in first if cell.rescaled_error is not None) < 1e-5
    assert all(cell.rescaled is not None for cell in first)
    lost = [cell for cell in first if cell.engine == 0 and cell.closed != 0]
    assert {(cell.theta, cell.n) for cell in lost} == {(0.1, 50), (0.1, 100)}
    assert min(abs(cell.rescaled or 0) for cell in lost) < 1e-100  # far beyond float32, and still right
    assert f"rounds {sum(c.engine == 0 for c in result.cells)} of 480 derivatives to 0" in str(result)


def test_where_float64_underflows_logarithms_do_not() -> None:
    for skip, at, order in itertools.product(("none", "every"), AT, (1, 2)):
        form = closed([0.1], 1000, "power", skip)[at, order]
        exact = exactly(0.1, 1000, "power", skip, 1.0, at)[order - 1]
        with localcontext() as context:
            context.prec = 30
            assert float(form.log10[0]) == pytest.approx(float(abs(exact).log10()), rel=1e-13)
        assert float(form.sign[0]) == (1 if exact > 0 else -1)
    assert float(closed([0.1], 1000)["theta", 1].value[0]) == 0.0


def test_the_table_of_the_notes() -> None:
    for theta, values in NOTES.items():
        for n, value in zip(DEPTHS, values, strict=True):
            assert float(closed(theta, n)["theta", 1].value) == pytest.approx(value, rel=1e-9)
            assert float(closed(theta, n, skip="long")["theta", 1].value) == pytest.approx(1 + value, rel=1e-9)
    for n, value in zip(DEPTHS, CHAIN, strict=True):
        assert float(closed(1.0, n, "chain")["theta", 1].value) == pytest.approx(value, rel=1e-9)


def test_the_window_moves_and_its_height_does_not_vanish() -> None:
    """The largest dC/dtheta is at tanh^2 = (n - 1) / (n + 1), and tends to 2 / e."""
    for n, height in ((2, 0.7698), (10, 0.73699), (50, 0.735808), (100_000, 2 / math.e)):
        place = math.atanh(math.sqrt((n - 1) / (n + 1)))
        around = closed([place - 1e-3, place, place + 1e-3], n)["theta", 1].value
        assert around.argmax() == 1
        assert float(around[1]) == pytest.approx(height, abs=1e-5)


def test_skips_around_every_layer_are_the_sum_over_all_ways_through() -> None:
    """(1 + t)^n = sum over k of (n choose k) t^k: the derivative is that of every path, added."""
    theta, n = 0.5, 12
    paths = sum(math.comb(n, k) * float(closed(theta, k)["theta", 1].value) for k in range(1, n + 1))
    assert float(closed(theta, n, skip="every")["theta", 1].value) == pytest.approx(paths, rel=1e-13)


def test_the_long_skip_saves_theta_and_not_the_first_weight() -> None:
    for reading in READINGS:
        plain, long = (closed(0.5, 100, reading, skip) for skip in ("none", "long"))
        assert float(long["theta", 1].value) == 1 + float(plain["theta", 1].value)
        for order in (1, 2):
            assert float(long["first weight", order].value) == float(plain["first weight", order].value)
    every = closed(0.5, 100, "chain", "every")["first weight", 1]
    assert float(every.value) > 40 * float(closed(0.5, 100, "chain")["first weight", 1].value)


def test_a_chain_falls_as_a_power_of_its_depth() -> None:
    """C_n ~ sqrt(3 / (2 n)), so dC/dtheta ~ n^(-3/2): no exponential."""
    shallow, deep = (float(closed(1.0, n, "chain")["theta", 1].log10) for n in (1000, 4000))
    assert (deep - shallow) / math.log10(4) == pytest.approx(-1.5, abs=0.01)
    weak = [float(closed(1.0, n, "chain", weight=0.5)["theta", 1].log10) for n in (1000, 2000)]
    assert weak[1] - weak[0] == pytest.approx(1000 * math.log10(0.5), rel=1e-9)  # of weights under 1, one


def test_theta_zero_and_shapes() -> None:
    form = closed(np.zeros((2, 3)), 3)
    assert form["theta", 1].value.tolist() == [[0.0] * 3] * 2
    assert float(closed(0.0, 1)["theta", 1].value) == 1.0
    assert float(closed(0.0, 3, "chain")["theta", 1].value) == 1.0
    assert float(closed(0.0, 2)["theta", 2].value) == 2.0


def test_tables_are_tidy_and_strict_json() -> None:
    result = toy([0.1, 5.0], [1, 2000], readings=["power"])
    rows = result.rows()
    assert len(rows) == 3 * 2 * 4 * 2
    assert set(rows[0]) == {
        "reading", "skip", "at", "order", "n", "theta", "closed", "log10", "engine", "rescaled", "error",
        "rescaled_error",
    }  # fmt: skip
    cells = json.loads(json.dumps(result.to_dict(), allow_nan=False))["cells"]
    (large,) = [
        c for c in cells if (c["skip"], c["at"], c["order"], c["n"], c["theta"]) == ("every", "theta", 1, 2000, 5)
    ]
    assert large["closed"] == "inf"  # about 2^2000
    with localcontext() as context:
        context.prec = 30
        exact = float(exactly(5.0, 2000, "power", "every", 1.0, "theta")[0].log10())
    assert large["log10"] == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"readings": ["sum"]}, "toy: reading is 'sum'; one of power, chain"),
        ({"skips": ["short"]}, "toy: skip is 'short'; one of none, long, every"),
        ({"n": [0]}, "toy: n is 0; it is at least 1"),
        ({"n": [2.5]}, "toy: n is 2.5; a number of layers is whole"),
        ({"theta": []}, "toy: theta is []; a list with at least one entry"),
        ({"n": ()}, "toy: n is (); a list with at least one entry"),
        ({"n": 3}, "toy: n is 3; a list with at least one entry"),
        ({"skips": "every"}, "toy: skips is 'every'; a list with at least one entry"),
        ({"dtype": "float16"}, "toy: dtype is 'float16'; 'float32' or 'float64'"),
    ],
)
def test_errors_say_what_is_wrong(arguments: dict[str, object], text: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        toy(**arguments)  # type: ignore[arg-type]
    assert str(caught.value) == text


def test_signed_numbers(rng: np.random.Generator) -> None:
    a, b = rng.standard_normal((2, 50))
    x, y = Signed.of(a), Signed.of(b)
    np.testing.assert_allclose((x * y).value, a * b, rtol=1e-14)
    np.testing.assert_allclose((x + y).value, a + b, rtol=1e-13)
    np.testing.assert_allclose((x**3).value, a**3, rtol=1e-14)
    assert (x + Signed.of(-a)).value.tolist() == [0.0] * 50
    assert (Signed.of(0.0) ** 0).value == 1.0
    assert float((Signed.of(0.0) + Signed.of(0.0)).log10) == -math.inf


@pytest.mark.parametrize(("reading", "skip"), CASES)
def test_what_is_drawn_adds_up(reading: str, skip: str) -> None:
    found = drawn(4, reading, skip, theta=0.7, weight=0.9)
    forms = closed(0.7, 4, reading, skip, 0.9)
    names = {vertex.name: vertex.id for vertex in found.graph.vertices}
    assert found.gradients[names["θ"]] == pytest.approx(float(forms["theta", 1].value), rel=1e-12)
    assert found.gradients[names["w1"]] == pytest.approx(float(forms["first weight", 1].value), rel=1e-12)
    for vertex, gradient in found.gradients.items():
        parts = [g for (source, _, _), g in found.edges.items() if source == vertex]
        if parts:  # all but the last, where the gradient starts
            assert sum(parts) == pytest.approx(gradient, rel=1e-12)
            shares = [share for (source, _, _), share in found.shares().items() if source == vertex]
            assert sum(shares) == pytest.approx(1.0, rel=1e-12)
    assert all(size >= 0 for size in found.sizes().values())


def test_curves_are_the_cells_by_place() -> None:
    found = toy([0.5, 1.0], [1, 10])
    curves = found.curves("chain")
    assert list(curves) == list(AT)
    assert curves["theta"]["long"][10][0.5] == float(closed(0.5, 10, "chain", "long")["theta", 1].value)
    assert found.curves("chain", engine=True)["theta"]["long"][10][0.5] != 0


def test_derivatives_has_one_value_for_each_place() -> None:
    places = np.array([0.3, 1.2])
    together = derivatives(places, 4, "chain", "every")
    for i, place in enumerate(places):
        alone = derivatives(places[i : i + 1], 4, "chain", "every")
        for key, value in together.items():
            assert value[i] == pytest.approx(alone[key][0], rel=1e-14), (key, place)
