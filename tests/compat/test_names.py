"""Further names of PyTorch's mean here what they mean there."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import autocnn as ac
import autocnn.nn as nn
from autocnn import compat
from autocnn.autograd import Function
from autocnn.compat import composed
from autocnn.errors import AutocnnError, DeviceError, GradientError

X = np.linspace(0.1, 0.9, 12).reshape(3, 4)
CALLS = [
    ("diff", (X,), {"n": 2, "dim": 0}),
    ("diff", (X,), {"prepend": X[:, :1]}),
    ("rot90", (X, 1), {}),
    ("rot90", (X, -1, (1, 0)), {}),
    ("logit", (X,), {"eps": 0.2}),
    ("logit", (X,), {}),
    ("atleast_1d", (X,), {}),
    ("constant_pad_nd", (X, (1, 2), 3.0), {}),
    ("cdist", (X, X[1:] ** 2), {}),
    ("cdist", (np.stack([X, X + 1]), np.stack([X[:2], X[1:]])), {"p": 1.0}),
    ("cross", (X[:, :3], X[:, 1:] ** 2), {"dim": -1}),
    ("cross", (X[:3], X[:3] ** 2), {"dim": 0}),
    ("tril_indices", (3, 4), {"offset": -1}),
    ("triu_indices", (3, 4, 1), {}),
    ("atleast_2d", (X[0],), {}),
    ("bilinear", (X[:2], X[:2, 1:], np.linspace(-1, 1, 60).reshape(5, 4, 3), np.arange(5.0)), {}),
    ("ger", (X[0], X[1]), {}),
    ("batch_norm", (X, X[0], X[1], None, None, True, 0.1, 1e-5), {}),
]


@pytest.mark.torch
@pytest.mark.parametrize(("name", "args", "kwargs"), CALLS, ids=[f"{n}-{i}" for i, (n, _, _) in enumerate(CALLS)])
def test_composed_functions_are_pytorchs(name: str, args: tuple, kwargs: dict) -> None:
    torch = pytest.importorskip("torch")
    given = [
        [
            [library.tensor(a) if isinstance(a, np.ndarray) else a for a in args],
            {k: library.tensor(v) if isinstance(v, np.ndarray) else v for k, v in kwargs.items()},
        ]
        for library in (ac, torch)
    ]
    (own, named), (theirs, named_there) = given
    if name == "batch_norm":
        theirs.append(False)
    expected = getattr(torch, name)(*theirs, **named_there)
    np.testing.assert_allclose(getattr(ac, name)(*own, **named).numpy(), expected.numpy(), rtol=1e-6)


@pytest.mark.torch
@pytest.mark.parametrize(
    "settings", [{}, {"is_causal": True}, {"scale": 0.3}, {"attn_mask": "bool"}, {"attn_mask": "float"}]
)
def test_attention_is_pytorchs(settings: dict) -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 5, 4)), rng.normal(size=(2, 5, 6))]
    masks = {"bool": np.arange(15).reshape(3, 5) % 4 > 0, "float": rng.normal(size=(3, 5))}
    mask = masks.get(settings.get("attn_mask"))
    results = []
    for library in (ac, torch):
        given = dict(settings, attn_mask=None if mask is None else library.tensor(mask))
        attend = library.nn.functional.scaled_dot_product_attention
        results.append(attend(*map(library.tensor, arrays), **given).numpy())
    np.testing.assert_allclose(*results, rtol=1e-6)


@pytest.mark.torch
def test_old_tensor_types_are_pytorchs() -> None:
    expected = made_with_old_types(pytest.importorskip("torch"))
    with compat.run_as_torch() as torch:
        assert made_with_old_types(torch) == expected


def made_with_old_types(torch: Any) -> list[tuple[tuple[int, ...], str]]:
    """Shape and dtype of tensors made by each of PyTorch's old ways."""
    made = [torch.Tensor([1, 2]), torch.Tensor(2, 3), torch.Tensor(5), torch.Tensor(), torch.FloatTensor([[1]])]
    made += [torch.LongTensor([1, 2]), torch.ByteTensor(2), torch.DoubleTensor(np.ones(2))]
    assert isinstance(made[0], torch.Tensor)
    assert isinstance(made[0], torch.FloatTensor)
    assert not isinstance(made[0], torch.LongTensor)
    assert issubclass(torch.nn.Parameter, torch.Tensor)
    assert type(made[0]) == torch.Tensor  # noqa: E721 (as files have it)
    assert type(made[0]) in {torch.Tensor: 1}
    assert type(made[0]) != torch.nn.Parameter  # noqa: E721
    assert torch.Tensor.add(made[0], 1).tolist() == [2, 3]
    assert torch.typename(made[5]) == "torch.LongTensor"
    return [(tuple(x.shape), str(x.dtype).removeprefix("torch.")) for x in made]


def test_annotations_give_back_what_they_are_put_on() -> None:
    from autocnn import jit

    def f() -> int:
        return 1

    for mark in (jit.script, jit.ignore, jit.unused, jit.export, jit.ignore(drop=True), ac.compile, ac.fx.wrap):
        assert mark(f) is f
    assert not jit.is_scripting()
    assert not ac.cuda.is_available() or ac.cuda.device_count()
    ac.backends.cudnn.benchmark = True
    with ac.cuda.amp.autocast(enabled=False):
        assert ac.ones(1).dtype == ac.float32


def test_a_function_with_two_outputs_and_second_derivatives() -> None:
    class SinCos(Function):
        @staticmethod
        def forward(ctx, x, factor):
            ctx.save_for_backward(x)
            ctx.factor = factor
            return (factor * x).sin(), (factor * x).cos()

        @staticmethod
        def backward(ctx, gs, gc):
            (x,) = ctx.saved_tensors
            f = ctx.factor
            return f * (gs * (f * x).cos() - gc * (f * x).sin()), None

    x = ac.tensor([0.3, 0.7], dtype=ac.float64, requires_grad=True)
    s, c = SinCos.apply(x, 2.0)
    (g,) = ac.autograd.grad((s * 3 + c).sum(), x, create_graph=True)
    twice = 2 * x.detach().numpy()
    np.testing.assert_allclose(g.detach().numpy(), 6 * np.cos(twice) - 2 * np.sin(twice))
    (h,) = ac.autograd.grad(g.sum(), x)
    np.testing.assert_allclose(h.numpy(), -12 * np.sin(twice) - 4 * np.cos(twice))
    assert not SinCos.apply(ac.ones(1), 1.0)[0].requires_grad


def test_a_function_that_writes_into_its_input_is_refused() -> None:
    class Doubled(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.mark_dirty(x)
            return x.mul_(2)

    with pytest.raises(GradientError, match=r"^mark_dirty: forward writes into its input; an op is pure here\."):
        Doubled.apply(ac.ones(1))


def test_wrappers_and_old_names() -> None:
    net = nn.DataParallel(nn.Sequential(nn.Conv2d(1, 2, 1), nn.SyncBatchNorm(2)))
    assert next(iter(net.state_dict())) == "module.0.weight"
    assert net(ac.ones(1, 1, 2, 2)).shape == (1, 2, 2, 2)
    assert isinstance(nn.BatchNorm3d(1), nn.modules.batchnorm._BatchNorm)
    assert isinstance(nn.ConvTranspose1d(1, 1, 1), nn.modules.conv._ConvNd)
    assert nn.init.xavier_normal is nn.init.xavier_normal_
    assert nn.init._calculate_fan_in_and_fan_out(ac.ones(2, 3, 5, 5)) == (75, 50)
    assert nn.modules.utils._pair(3) == (3, 3) == nn.modules.utils._pair([3, 3])
    assert ac.relu_(ac.tensor([-1.0])).tolist() == [0.0]
    assert ac.Size((2, 3)).numel() == 6
    assert ac.ones(1).new(2, 2).shape == (2, 2)
    assert nn.Parameter().shape == (0,)
    assert ac.device("cuda", 1) == "cuda:1"
    assert ac.optim.lr_scheduler._LRScheduler is ac.optim.lr_scheduler.LRScheduler
    assert ac.linalg.vector_norm(ac.tensor([3.0, 4.0])).item() == 5.0
    assert not ac.onnx.is_in_onnx_export()
    ac._assert(True, "fine")
    with pytest.raises(AutocnnError, match=r"^not so$"):
        composed._assert(False, "not so")


@pytest.mark.torch
def test_chances_are_pytorchs() -> None:
    torch = pytest.importorskip("torch")
    rows = np.array([[0.1, 0.7, 0.2], [0.0, 2.0, 2.0]])
    for given in ({"probs": rows}, {"logits": rows}):
        own, theirs = (
            lib.distributions.Categorical(**{k: lib.tensor(v) for k, v in given.items()}) for lib in (ac, torch)
        )
        places = np.array([[0, 1], [2, 2]])
        found = [own.log_prob(ac.tensor(places)), own.entropy(), own.probs]
        expected = [theirs.log_prob(torch.tensor(places)), theirs.entropy(), theirs.probs]
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-6)
    assert own.sample((5,)).shape == (5, 2)
    loc, scale, at = np.array([0.0, 1.0]), np.array([1.0, 0.1]), np.array([0.5, 1.1])
    own, theirs = (lib.distributions.Normal(lib.tensor(loc), lib.tensor(scale)) for lib in (ac, torch))
    np.testing.assert_allclose(own.log_prob(at).numpy(), theirs.log_prob(torch.tensor(at)).numpy(), rtol=1e-6)


@pytest.mark.torch
def test_what_is_close_is_what_pytorch_calls_close() -> None:
    torch = pytest.importorskip("torch")
    pairs = [
        ([1.0], [1.0 + 1e-6]),
        ([1.0], [1.0 + 1e-4]),
        ([1.0], [[1.0]]),
        ({"a": [1.0]}, {"b": [1.0]}),
        ([math.nan], [math.nan]),
    ]
    for a, b in pairs:
        verdicts = []
        for lib in (ac, torch):
            x, y = (
                {k: lib.tensor(v) for k, v in c.items()} if isinstance(c, dict) else lib.tensor(c) for c in (a, b)
            )
            try:
                lib.testing.assert_close(x, y)
                verdicts.append(True)
            except AssertionError:
                verdicts.append(False)
        assert verdicts[0] == verdicts[1], (a, b)
    with pytest.raises(AssertionError, match=r"^assert_close: the dtype is float32, expected is float64$"):
        ac.testing.assert_close([ac.ones(1)], [ac.ones(1, dtype=ac.float64)])
    ac.testing.assert_allclose(ac.ones(1), [1])


@pytest.mark.torch
@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("side", ["left", "right"])
def test_rows_are_filled_up_as_pytorch_does(batch_first: bool, side: str) -> None:
    torch = pytest.importorskip("torch")
    rows = [np.arange(6.0).reshape(3, 2), np.ones((1, 2))]
    own, theirs = (
        lib.nn.utils.rnn.pad_sequence([lib.tensor(x) for x in rows], batch_first, 7.0, side) for lib in (ac, torch)
    )
    np.testing.assert_array_equal(own.numpy(), theirs.numpy())


def test_types_of_a_gpu_are_not_those_of_the_cpu() -> None:
    assert isinstance(ac.ones(1), ac.FloatTensor)
    assert not isinstance(ac.ones(1), ac.cuda.FloatTensor)
    if not ac.cuda.is_available():
        with pytest.raises(DeviceError):
            ac.cuda.FloatTensor(2)


def test_draws_of_distributions_lie_where_they_should() -> None:
    from autocnn.distributions import Bernoulli, Normal, Uniform

    ac.manual_seed(0)
    assert abs(Bernoulli(0.25).sample((4000,)).mean().item() - 0.25) < 0.03
    assert abs(Normal(ac.tensor([1.0]), 2.0).sample((4000,)).std().item() - 2) < 0.1
    draws = Uniform(-1.0, 3.0).sample((4000,))
    assert abs(draws.mean().item() - 1) < 0.1
    assert draws.min().item() >= -1
