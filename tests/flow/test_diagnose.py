"""`flow.diagnose`: what the verdicts say, and what they leave alone."""

from __future__ import annotations

import json

import pytest

import autocnn as ac
from autocnn import Tensor, flow, models, nn
from autocnn.flow.diagnose.chain import chain, depths, trend
from autocnn.flow.diagnose.levels import Levels
from autocnn.nn import functional as F

from .zoo.parts import glorot, he, mlp, set_to, times

X, Y = 32, 16


def batch() -> tuple[Tensor, Tensor]:
    ac.manual_seed(1)
    return ac.randn(X, Y), ac.arange(X) % 4


def found(model: nn.Module) -> flow.Diagnosis:
    return flow.diagnose(model, *batch())


def made(maker: object) -> nn.Module:
    ac.manual_seed(0)
    return maker()  # type: ignore[operator]


def test_vanishing_in_words() -> None:
    result = found(made(mlp(20, nn.Sigmoid)))
    (verdict,) = result.verdicts
    assert verdict.kind == "vanishing"
    assert verdict.places == ("sigmoid in 1", "linear in 38")
    assert verdict.numbers["layers"] == 20
    assert verdict.numbers["bits"] == pytest.approx(20 * -2.8, abs=4)
    assert "going back, the gradient RMS changes by a factor of 0.1" in verdict.cause
    assert "sigmoid multiplies the gradient by 0.2" in verdict.cause
    assert "its derivative is at most 0.25" in verdict.cause
    assert verdict.mend.startswith("use relu or tanh in place of sigmoid")
    assert str(result).startswith("vanishing at sigmoid in 1, linear in 38: going back")


def test_weights_that_are_too_small() -> None:
    (verdict,) = found(made(mlp(30, nn.ReLU))).verdicts
    assert (
        "start the weights with nn.init.kaiming_normal_: their standard deviation times sqrt(fan_in)"
        in verdict.mend
    )
    assert "is 0.58, which keeps sizes near 1.4" in verdict.mend


def test_one_small_layer_is_named_with_its_neighbours() -> None:
    (verdict,) = found(made(times(mlp(12, nn.Tanh, glorot, width=32), _8_weight=1e-6))).verdicts
    assert verdict.places == ("linear in 8",)
    assert verdict.cause.startswith("this one layer multiplies the gradient by ")
    assert "e-07 against its neighbours (2^" in verdict.cause
    assert verdict.numbers["bits"] == pytest.approx(-19.9, abs=1)


def test_dead_in_words() -> None:
    (verdict,) = found(made(set_to(mlp(6, nn.ReLU, he, width=32), _4_bias=-100.0))).verdicts
    assert (verdict.kind, verdict.places) == ("dead", ("relu in 5",))
    assert verdict.cause.startswith("100% of the units are zero for every one of 32 images (relu in 3: ")
    assert verdict.cause.endswith("; 4.bias, below it, is -100 on average")


def test_saturated_in_words() -> None:
    (verdict,) = found(made(times(mlp(6, nn.Tanh, glorot, width=32), _4_weight=1e3))).verdicts
    assert (verdict.kind, verdict.places) == ("saturated", ("tanh in 5",))
    assert "of its derivatives are under 5 % of the largest derivative, on 32 images" in verdict.cause
    assert "; its input has an RMS of " in verdict.cause


def test_nan_in_words() -> None:
    (verdict,) = found(made(set_to(mlp(6, nn.ReLU, he), _4_weight=float("nan")))).verdicts
    assert verdict.places == ("4.weight",)
    assert verdict.cause == "the parameter itself holds them: 256 of 256 values are NaN or infinite"


def test_cut_in_words() -> None:
    class Detach(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.detach()

    row = list(made(mlp(4, nn.Tanh, glorot)).children())
    row[3] = Detach()
    (verdict,) = found(nn.Sequential(*row)).verdicts
    assert verdict.kind == "cut"
    assert verdict.cause == (
        "4 parameters are used but get no gradient (0.weight first): cut by detach at linear in 4"
    )


def test_plain_networks_with_batch_norm_explode_and_it_says_so() -> None:
    ac.manual_seed(0)
    model = models.CifarResNet(56, skips=False)
    result = flow.diagnose(model, ac.randn(4, 3, 16, 16), ac.arange(4))
    assert result.kinds == {"exploding"}
    assert "a plain network with batch norm does that at initialisation" in str(result)
    assert "lower the learning rate for the first steps" in str(result)


def test_what_starts_at_zero_is_noted_and_looked_behind() -> None:
    result = found(made(set_to(mlp(20, nn.Sigmoid), _38_weight=0.0)))
    assert result.kinds == {"vanishing"}
    assert result.notes[0].startswith("linear in 38 starts at zero: no gradient passes it before the first step.")


def test_images_that_are_not_normalised() -> None:
    ac.manual_seed(0)
    result = flow.diagnose(mlp(4, nn.ReLU, he, width=32)(), ac.rand(X, Y) * 255, ac.arange(X) % 4)
    assert result.healthy
    assert result.notes[0].startswith("the images have values from 0.")
    assert str(result).startswith("healthy: gradients hold, no layer is dead or saturated\nnote: the images")


def test_nothing_is_changed() -> None:
    ac.manual_seed(0)
    model = mlp(6, nn.ReLU, he, norm=nn.BatchNorm1d, dropout=0.5)()
    x, y = batch()
    before = {name: value.array.copy() for name, value in model.state_dict().items()}
    ac.manual_seed(5)
    flow.diagnose(model, x, y)
    after = ac.rand(3)
    ac.manual_seed(5)
    assert after.tolist() == ac.rand(3).tolist()
    assert all((before[name] == value.array).all() for name, value in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())
    assert not x.requires_grad


def test_what_it_returns_is_plain() -> None:
    result = found(made(mlp(20, nn.Sigmoid)))
    assert [row["depth"] for row in result.rows()] == list(range(1, 21))
    assert result.rows()[0]["place"] == "sigmoid in 1"
    assert json.loads(json.dumps(result.to_dict(), allow_nan=False))["verdicts"][0]["kind"] == "vanishing"


def test_the_unit_is_the_gradient_of_an_image() -> None:
    """The levels are log2 of the RMS of N dL/dv: of the logits, of (p - y)."""
    model = made(mlp(4, nn.Tanh, glorot))
    x, y = batch()
    r = flow.run(model, x, y, values=True)
    logits = model(x)
    p = logits.softmax(1).array - F.one_hot(y, 4).array
    assert 2 ** Levels(r).gradient[r.vertex("6")] == pytest.approx(float((p**2).mean() ** 0.5), rel=1e-5)


def test_a_loss_that_depends_on_nothing() -> None:
    class Detach(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.detach()

    assert found(nn.Sequential(nn.Linear(16, 4), Detach())).kinds == {"cut"}


def test_stations_are_what_no_path_avoids() -> None:
    ac.manual_seed(0)
    r = flow.run(models.DeepNet(8, 4, skips=True), ac.randn(2, 1, 8, 8), ac.arange(2))
    depth = depths(r.graph, r.input)
    found_chain = chain(r.graph, r.input, r.end, depth)
    assert found_chain.depths == (1, 3, 5, 7, 8)  # the stem, behind each block of two, the head
    assert [r.graph.vertices[v].op for v in found_chain.stations[:-1]][1:] == ["tanh", "tanh", "reshape"]


def test_a_step_is_no_trend() -> None:
    line = trend(range(12), [0.0] * 6 + [-20.0] * 6, 12)
    assert line.total == 0.0
    assert line.jumps == ((6, 20.0),)
    assert trend(range(12), [2.0 * i for i in range(12)], 12).total == pytest.approx(-24)


@pytest.mark.parametrize("factor", [0.5, 0.9, 1.0, 1.5])
def test_the_factor_of_orthogonal_layers_is_exact(factor: float) -> None:
    """In closed form: a row of orthogonal maps times a factor changes every gradient by that factor a layer."""

    def start(w: Tensor) -> None:
        nn.init.orthogonal_(w, factor)

    ac.manual_seed(0)
    model = mlp(24, nn.Identity, start, classes=16)()
    r = flow.run(model, *batch(), values=True)
    levels = Levels(r)
    line, _ = levels.trend(
        *(lambda c: (c.stations, c.depths))(chain(r.graph, r.input, r.end, depths(r.graph, r.input)))
    )
    assert 2**line.step == pytest.approx(factor, rel=1e-5)
