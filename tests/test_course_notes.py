"""The course notes that the project grew from, claim by claim, settled by the engine.

The numbers are those of docs/claims.md, which says what the notes say and what is right, and is executed too.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import autocnn as ac
from autocnn.errors import ShapeError
from autocnn.nn import functional as F

PAGE = Path(__file__).parents[1] / "docs" / "claims.md"
Rng = np.random.Generator

ONE_TO_NINE = np.arange(1.0, 10.0).reshape(1, 1, 3, 3)
CORRELATED = [[94, 154, 106], [186, 285, 186], [106, 154, 94]]
CONVOLVED = [[26, 56, 54], [84, 165, 144], [134, 236, 186]]


def normal(rng: Rng, *shape: int, grad: bool = False) -> ac.Tensor:
    """Random float64 values."""
    return ac.tensor(rng.standard_normal(shape), requires_grad=grad)


def same(x: ac.Tensor, y: object) -> bool:
    """Equal up to rounding, shapes included."""
    found, expected = (t.detach().numpy() if isinstance(t, ac.Tensor) else np.asarray(t) for t in (x, y))
    return found.shape == expected.shape and np.allclose(found, expected, rtol=1e-10, atol=1e-12)


# Shapes and counts -----------------------------------------------------------------------------------------------


def test_01_the_printed_sum_is_77_and_the_corner_is_94() -> None:
    printed = ac.dot(ac.tensor([5, 6, 3, 4]), ac.tensor([1, 2, 8, 9]))
    corner = ac.dot(ac.tensor([5, 6, 8, 9]), ac.tensor([1, 2, 4, 5]))
    assert (printed.item(), corner.item()) == (77, 94)


def test_02_the_layer_cross_correlates_and_true_convolution_differs() -> None:
    x = w = ac.tensor(ONE_TO_NINE)
    assert F.conv2d(x, w, padding=1)[0, 0].tolist() == CORRELATED
    assert F.conv2d(x, ac.flip(w, (2, 3)), padding=1)[0, 0].tolist() == CONVOLVED


def test_03_sizes_of_a_32_by_32_image_under_a_5_by_5_filter() -> None:
    x, w = ac.zeros(1, 3, 32, 32), ac.zeros(1, 3, 5, 5)
    assert F.conv2d(x, w).shape == (1, 1, 28, 28)
    assert F.conv2d(x, w, padding=2).shape == (1, 1, 32, 32)
    assert F.conv2d(x, w, stride=2).shape == (1, 1, 14, 14)
    assert F.conv2d(x, w, stride=2, padding=2).shape == (1, 1, 16, 16)  # what 16x16 takes


def test_04_parameters_of_a_convolution_and_of_a_dense_layer() -> None:
    layer = ac.nn.Conv2d(3, 32, 5, padding=2)
    assert sum(p.numel() for p in layer.parameters()) == 2_432
    out = layer(ac.zeros(1, 3, 128, 128))
    assert out.numel() == 524_288
    dense = ac.zeros(1, 1).expand(out.numel(), 3 * 128 * 128)  # one number, seen as the whole weight matrix
    assert dense.numel() == 25_769_803_776 == 3 * 2**33


@pytest.mark.parametrize("n", range(1, 11))
def test_05_both_forms_of_the_output_size(n: int) -> None:
    x = ac.zeros(1, 1, n)
    for p, k, s in itertools.product(range(4), range(1, 6), range(1, 5)):
        w = ac.zeros(1, 1, k)
        if k > n + 2 * p:
            with pytest.raises(ShapeError):
                F.conv1d(x, w, stride=s, padding=p)
            continue
        size = F.conv1d(x, w, stride=s, padding=p).shape[2]
        assert size == (n + 2 * p - k) // s + 1 == (n - k + 2 * p + s) // s, (n, p, k, s)


# Gradients -------------------------------------------------------------------------------------------------------


def test_06_the_filter_gradient_is_the_input_correlated_with_the_output_gradient(rng: Rng) -> None:
    x, w, g = normal(rng, 1, 1, 7, 6), normal(rng, 1, 1, 3, 2, grad=True), normal(rng, 1, 1, 5, 5)
    (found,) = ac.autograd.grad(F.conv2d(x, w), w, g)
    assert same(found, F.conv2d(x, g))


@pytest.mark.parametrize("channels", [(1, 1), (2, 3)])
def test_07_the_input_gradient_is_a_full_convolution(rng: Rng, channels: tuple[int, int]) -> None:
    inward, outward = channels
    x, w = normal(rng, 1, inward, 6, 6, grad=True), normal(rng, outward, inward, 3, 3)
    g = normal(rng, 1, outward, 4, 4)
    (found,) = ac.autograd.grad(F.conv2d(x, w), x, g)
    turned = ac.flip(w, (2, 3)).transpose(0, 1)  # flipped in space, its two channel axes exchanged
    assert same(found, F.conv2d(g, turned, padding=2))
    assert not same(found, F.conv2d(g, w.transpose(0, 1), padding=2))  # without the flip it is another thing


def test_08_max_pooling_sends_the_gradient_to_the_winner(rng: Rng) -> None:
    values = rng.permutation(36).astype(float).reshape(1, 1, 6, 6)
    x = ac.tensor(values, requires_grad=True)
    g = normal(rng, 1, 1, 3, 3)
    (found,) = ac.autograd.grad(F.max_pool2d(x, 2), x, g)
    expected = np.zeros((6, 6))
    for i, j in np.ndindex(3, 3):
        window = values[0, 0, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
        a, b = np.unravel_index(window.argmax(), (2, 2))
        expected[2 * i + a, 2 * j + b] = g.numpy()[0, 0, i, j]
    assert same(found[0, 0], expected)


@pytest.mark.parametrize(("n", "k"), [(5, 1), (6, 3), (7, 5)])
def test_09_the_filter_gradient_is_a_product_of_three_jacobians(rng: Rng, n: int, k: int) -> None:
    x, w1, w2, y = normal(rng, n), normal(rng, k), normal(rng, n), 0.5

    def z1(w: ac.Tensor) -> ac.Tensor:
        return F.conv1d(x.reshape(1, 1, n), w.reshape(1, 1, k), padding=k // 2).reshape(n)

    def loss(a: ac.Tensor) -> ac.Tensor:
        return (ac.dot(w2, a) - y) ** 2

    z, a = z1(w1), F.relu(z1(w1))
    by_filter = ac.func.jacobian(z1)(w1)  # (n, k)
    by_relu = ac.func.jacobian(F.relu)(z)  # (n, n)
    by_loss = ac.func.jacobian(loss)(a)  # (n,)
    padded = np.pad(x.numpy(), k // 2)
    assert same(by_filter, [padded[i : i + k] for i in range(n)])  # dz_i/dw_j = x_{i + j - floor(k/2) - 1}
    assert same(by_relu, np.diag(z.numpy() > 0).astype(float))
    assert same(by_loss, 2 * (ac.dot(w2, a) - y) * w2)
    assert same(ac.func.grad(lambda w: loss(F.relu(z1(w))))(w1), by_loss @ by_relu @ by_filter)


# Symmetries ------------------------------------------------------------------------------------------------------


@pytest.fixture
def patch(rng: Rng) -> ac.Tensor:
    """Something in the middle of an empty image, so that a shift loses nothing."""
    image = np.zeros((1, 1, 12, 12))
    image[:, :, 4:8, 4:8] = rng.standard_normal((4, 4))
    return ac.tensor(image)


def moved(x: ac.Tensor) -> ac.Tensor:
    """One row down, two columns left."""
    return ac.roll(x, (1, -2), (2, 3))


def turned(x: ac.Tensor) -> ac.Tensor:
    """A quarter turn against the clock."""
    return ac.flip(x.transpose(2, 3), (2,))


def test_10_a_shift_of_the_input_shifts_the_feature_map(rng: Rng, patch: ac.Tensor) -> None:
    w = normal(rng, 1, 1, 3, 3)

    def layer(x: ac.Tensor) -> ac.Tensor:
        return F.relu(F.conv2d(x, w, padding=1))

    assert same(layer(moved(patch)), moved(layer(patch)))


def test_10_with_stride_2_only_even_shifts_do(rng: Rng, patch: ac.Tensor) -> None:
    w = normal(rng, 1, 1, 3, 3)

    def layer(x: ac.Tensor) -> ac.Tensor:
        return F.conv2d(x, w, stride=2, padding=1)

    assert same(layer(ac.roll(patch, 2, 3)), ac.roll(layer(patch), 1, 3))
    odd = layer(ac.roll(patch, 1, 3))
    assert not any(same(odd, ac.roll(layer(patch), steps, 3)) for steps in range(6))


@pytest.mark.parametrize("pool", [lambda z: z.mean((2, 3)), lambda z: z.amax((2, 3))], ids=["mean", "max"])
def test_11_after_global_pooling_a_shift_changes_nothing(
    rng: Rng, patch: ac.Tensor, pool: Callable[[ac.Tensor], ac.Tensor]
) -> None:
    w = normal(rng, 4, 1, 3, 3)
    assert same(pool(F.conv2d(moved(patch), w, padding=1)), pool(F.conv2d(patch, w, padding=1)))


# Slips -----------------------------------------------------------------------------------------------------------


def test_12_a_height_without_the_division_is_right_for_stride_1_only() -> None:
    for h, f, p, s in itertools.product(range(1, 9), range(1, 5), range(3), range(1, 4)):
        if f > h + 2 * p:
            continue
        size = F.conv1d(ac.zeros(1, 1, h), ac.zeros(1, 1, f), stride=s, padding=p).shape[2]
        as_printed = (h - f + 2 * p) * s + 1
        assert (as_printed == size) == (s == 1 or h + 2 * p == f)


def test_13_one_filter_gives_depth_1(rng: Rng) -> None:
    x = normal(rng, 1, 3, 8, 8)
    assert F.conv2d(x, normal(rng, 1, 3, 5, 5)).shape[1] == 1
    assert F.conv2d(x, normal(rng, 7, 3, 5, 5)).shape[1] == 7
    w = normal(rng, 1, 3, 5, 5)
    channels = [F.conv2d(x[:, c : c + 1], w[:, c : c + 1]) for c in range(3)]
    assert same(F.conv2d(x, w), channels[0] + channels[1] + channels[2])  # the three are summed


def test_14_convolution_is_equivariant_not_invariant(rng: Rng, patch: ac.Tensor) -> None:
    w = normal(rng, 1, 1, 3, 3)
    before, after = F.conv2d(patch, w, padding=1), F.conv2d(moved(patch), w, padding=1)
    assert not same(after, before)
    assert same(after, moved(before))


@pytest.mark.parametrize(("function", "steepest"), [(ac.tanh, 1.0), (ac.sigmoid, 0.25)], ids=["tanh", "logistic"])
def test_15_neither_tanh_nor_the_logistic_is_steep(
    function: Callable[[ac.Tensor], ac.Tensor], steepest: float
) -> None:
    x = ac.linspace(-20, 20, 4001, dtype=ac.float64).requires_grad_()
    (slope,) = ac.autograd.grad(function(x).sum(), x)
    assert slope.numpy().argmax() == 2000  # x = 0
    assert slope.numpy().max() == pytest.approx(steepest, abs=1e-15)
    assert slope.numpy().min() >= 0


def test_15_explosion_comes_from_the_weights() -> None:
    def slope(weight: float, layers: int = 10) -> float:
        def chain(x: ac.Tensor) -> ac.Tensor:
            for _ in range(layers):
                x = ac.tanh(weight * x)
            return x

        return float(ac.func.grad(chain)(ac.tensor(0.0, dtype=ac.float64)).item())

    assert slope(1.0) == 1.0
    assert slope(3.0) == 3.0**10
    assert slope(0.5) == 0.5**10


def test_16_the_chain_rule_starts_from_dl_do(rng: Rng) -> None:
    x, f, target = normal(rng, 4, 4, grad=True), normal(rng, 3, 3, grad=True), normal(rng, 2, 2)

    def output(x: ac.Tensor, f: ac.Tensor) -> ac.Tensor:
        return F.conv2d(x.reshape(1, 1, 4, 4), f.reshape(1, 1, 3, 3)).reshape(2, 2)

    def loss(o: ac.Tensor) -> ac.Tensor:
        return ((o - target) ** 2).sum()

    by_input, by_filter = ac.func.jacobian(output, (0, 1))(x, f)
    by_output = ac.func.grad(loss)(output(x, f))
    (gradient,) = ac.autograd.grad(loss(output(x, f)), x)
    assert by_output.shape == (2, 2)
    assert by_filter.shape == (2, 2, 3, 3)  # no loss in it, and axes that dO/dX does not have
    assert same(gradient, ac.tensordot(by_output, by_input, 2))
    assert same(by_filter[0, 1], x[0:3, 1:4])  # it is made of the input alone


def test_17_the_derivatives_of_a_maximum_sum_to_1() -> None:
    x = ac.tensor([3.0, 1.0, 3.0], requires_grad=True)
    indicator = (x == x.max()).sum()
    assert indicator.item() == 2
    slopes = {
        "amax": ac.func.grad(lambda x: x.amax())(x),
        "max(dim)": ac.func.grad(lambda x: x.max(0).values)(x),
        "max_pool": ac.func.grad(lambda x: F.max_pool1d(x.reshape(1, 1, 3), 3).sum())(x),
    }
    assert {name: slope.tolist() for name, slope in slopes.items()} == {
        "amax": [0.5, 0.0, 0.5],
        "max(dim)": [1.0, 0.0, 0.0],
        "max_pool": [1.0, 0.0, 0.0],
    }
    together = ac.func.jvp(lambda x: x.amax(), (x,), (ac.ones(3),))[1]
    assert together.item() == 1  # raise every entry by t, and the maximum rises by t


@pytest.mark.parametrize("k", [1, 3, 5])
def test_18_a_window_goes_from_i_minus_to_i_plus_half_its_width(rng: Rng, k: int) -> None:
    n, half = 9, k // 2
    w = ac.tensor(1 + rng.random((1, 1, k)), dtype=ac.float32)
    reach = ac.func.jacobian(lambda x: F.conv1d(x.reshape(1, 1, n), w, padding=half).reshape(n))(ac.zeros(n))
    for i, row in enumerate(reach.numpy(), 1):
        seen = 1 + np.flatnonzero(row)
        assert (seen[0], seen[-1]) == (max(1, i - half), min(n, i + half))
    assert reach.shape == (n, n)
    assert F.conv1d(ac.zeros(1, 1, n), w).shape[2] == n - k + 1  # n outputs take padding


def test_19_stride_leaves_the_parameters_as_they_are() -> None:
    counts, sizes = [], []
    for stride in (1, 2, 4):
        layer = ac.nn.Conv2d(3, 32, 5, stride=stride, padding=2)
        counts.append(sum(p.numel() for p in layer.parameters()))
        sizes.append(layer(ac.zeros(1, 3, 32, 32)).shape[2:])
    assert counts == [2_432] * 3
    assert sizes == [(32, 32), (16, 16), (8, 8)]


def test_20_shared_weights_are_indexed_by_the_offset(rng: Rng) -> None:
    x, v = rng.standard_normal((8, 8)), rng.standard_normal((6, 6))
    h = np.zeros((2, 6, 6))
    for i, j, a, b in np.ndindex(6, 6, 3, 3):
        h[:, i, j] += np.array([v[a, b], v[i, j]]) * x[i + a, j + b]  # as it should be, as it is printed
    image = ac.tensor(x[None, None])
    boxes = F.conv2d(image, ac.ones(1, 1, 3, 3, dtype=ac.float64))
    assert same(F.conv2d(image, ac.tensor(v[None, None, :3, :3]))[0, 0], h[0])
    assert same(ac.tensor(v) * boxes[0, 0], h[1])  # v leaves the sum: a box blur, weighted by position


def test_21_convolution_is_not_equivariant_to_rotation_or_scale(rng: Rng) -> None:
    x, w = normal(rng, 1, 1, 8, 8), normal(rng, 1, 1, 3, 3)

    def layer(x: ac.Tensor, w: ac.Tensor = w) -> ac.Tensor:
        return F.conv2d(x, w, padding=1)

    def half(x: ac.Tensor) -> ac.Tensor:
        return F.avg_pool2d(x, 2)

    assert not same(layer(turned(x)), turned(layer(x)))
    assert same(layer(turned(x), turned(w)), turned(layer(x)))  # it is, if the filter turns too
    assert not same(layer(half(x)), half(layer(x)))


def test_22_padding_does_not_use_corner_pixels_equally() -> None:
    def uses(padding: int) -> list[list[float]]:
        x, w = ac.zeros(1, 1, 4, 4, requires_grad=True), ac.ones(1, 1, 3, 3)
        F.conv2d(x, w, padding=padding).sum().backward()
        assert x.grad is not None
        return x.grad[0, 0].tolist()  # type: ignore[no-any-return]

    assert uses(0) == [[1, 2, 2, 1], [2, 4, 4, 2], [2, 4, 4, 2], [1, 2, 2, 1]]
    assert uses(1) == [[4, 6, 6, 4], [6, 9, 9, 6], [6, 9, 9, 6], [4, 6, 6, 4]]
    assert uses(2) == [[9.0] * 4] * 4


# The page --------------------------------------------------------------------------------------------------------


def test_page_and_tests_have_the_same_numbers() -> None:
    text = PAGE.read_text(encoding="utf-8")
    headings = [int(number) for number in re.findall(r"^## (\d+)\. ", text, re.MULTILINE)]
    tests = {int(name[5:7]) for name in globals() if re.match(r"test_\d\d_", name)}
    assert headings == sorted(tests) == list(range(1, 23))
    sections = re.split(r"^## \d+\. ", text, flags=re.MULTILINE)[1:]
    listed = re.findall(r"^\| (\d+) \| .* \| (holds|slip) \|$", text, re.MULTILINE)
    assert [int(number) for number, _ in listed] == headings
    for section, (number, verdict) in zip(sections, listed, strict=True):
        assert re.findall(r"^\*\*Verdict: (holds|slip)\.\*\*", section, re.MULTILINE) == [verdict], number
        assert "\n>>> " in section, f"claim {number} is not computed"
