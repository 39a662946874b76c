"""Expressions as they stand in public model files give the values that PyTorch gives."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from autocnn import compat

EXPRESSIONS = """
x.size() ; tuple(x.size()) ; x.size(0) ; x.size(-1) ; x.dim() ; x.nelement() ; x.numel() ; x.ndimension()
len(x) ; x.view(-1) ; x.view(2, -1) ; x.view(x.size(0), -1) ; x.view((2, -1)) ; x.view_as(y)
x.reshape([2, 24]) ; x.shape[1:] ; x[:, 0].expand(4, -1, -1, -1) ; x.mean(1, True).expand_as(x) ; m.t() ; m.T
m.mT ; x.permute(0, 2, 3, 1).contiguous() ; x.max() ; x.max(1)[0] ; x.max(1, keepdim=True)[1]
x.max(dim=1).values ; torch.max(x, y) ; torch.max(x, 1)[1].tolist() ; x.topk(2, 1, True, True)[0]
x.sort(dim=1, descending=True)[0] ; x.argsort(dim=-1) ; x.argmax(1) ; x.median()
x.norm(p=2, dim=1, keepdim=True) ; x.norm(2, 1) ; x.norm() ; F.normalize(x, p=2, dim=1)
torch.norm(x, 2, 1, True) ; x.var(dim=1, unbiased=False) ; x.std([2, 3])
torch.var_mean(x, dim=(0, 2, 3), unbiased=False)[0] ; x.var((2, 3)) ; x.clamp(0, 0.5) ; x.clamp(min=0)
x.clamp_min(0) ; torch.clamp(x, max=0.1) ; x.clone().clamp_(0, 1) ; x.clip(0, 1) ; x.lt(0)
x.eq(y).sum().item() ; x.ne(0).any() ; (x > 0).float() ; (x > 0).all() ; x.gt(0).type_as(x) ; ~(x > 0)
x.float() ; x.long() ; x.double() ; x.int() ; x.bool() ; x.half().float() ; x.abs().log1p()
x.index_select(1, i) ; x.gather(1, x.argmax(1, keepdim=True))
torch.zeros(3, 4).scatter_(1, i.view(-1, 1)[[0, 1, 0]], 1.0) ; x.split([1, 3], 2) ; x.split(2, dim=3)
torch.chunk(x, 2, dim=2) ; x.unbind(1) ; torch.unbind(x, dim=0)[1] ; x.roll(1, 2)
torch.roll(x, shifts=(1, -1), dims=(2, 3)) ; x.flip([2]) ; x.flip(1, 3) ; torch.flip(x, (3,)) ; x[x > 0]
x[..., None] ; x[:, [0, 2]] ; x[:, ::2] ; x[None].shape ; x[:, -1] ; x[0, :, 1:, :-1] ; x[..., 0, :] ; x[:, i]
x.repeat(1, 2, 1, 1) ; x.sum((2, 3), keepdim=True) ; x.mean(-1).mean(-1) ; x.mean(dim=(2, 3)) ; x.mean(3, True)
x[:, :1].squeeze(1) ; x[:1].squeeze() ; x.unsqueeze(-1).unsqueeze(0) ; x.flatten(1) ; x.flatten(2, 3)
x.flatten() ; x ** 2 ; 2 ** x ; 1 / (1 + x.abs()) ; 1 - x ; -x ; m @ m.t() ; x // 1 ; x % 1
x.pow(2).sum(1, keepdim=True) ; abs(x) ; x.add(y, alpha=2) ; x.clone().add_(y, alpha=0.5)
x.clone().mul_(2).add_(1) ; x.sub(1) ; x.div(2) ; x.neg() ; torch.addcmul(x, x, y, value=0.5)
torch.addmm(m, m, m.new_ones(4, 4)) ; torch.baddbmm(b, b, b) ; torch.bmm(b, b)
torch.matmul(b, b.transpose(-2, -1)) ; torch.mm(m, m.t()) ; torch.einsum("nchw,ncvw->nchv", x, y)
torch.dot(m[0], m[1]) ; torch.einsum("bij,bjk->bik", [b, b]) ; torch.outer(m[0], m[1]) ; torch.ger(m[0], m[1])
torch.tensordot(m, m, ([0], [0])) ; x.new_zeros(2, 3) ; x.new_ones((2,)) ; x.new_full((2,), 3.0)
x.new_tensor([1.0]) ; x.new(2).fill_(3) ; x.new([1, 2]) ; torch.cat((x, x.new_zeros(x.shape)), 1)
torch.cat([x, y], dim=-1) ; torch.stack([x, y], 1) ; torch.stack((x, y)).mean(0) ; x.type(torch.float64)
x.to(y) ; x.to(torch.float64) ; x.to("cpu") ; x.to(y.device) ; x.to(device="cpu", dtype=torch.float)
x.cpu().numpy() ; x.data.numpy() ; x.detach().cpu().tolist() ; x.is_contiguous() ; x.is_cuda ; x.requires_grad
x.is_leaf ; torch.where(x > 0, x, y) ; torch.where(x > 0, x, torch.zeros_like(x)) ; torch.where(x > 0, 1.0, 0.0)
x.masked_fill(x > 0, -1) ; torch.sum(x, dim=(2, 3)) ; torch.mean(x, [2, 3], True)
torch.mean(x, dim=1, keepdim=True) ; torch.squeeze(x[:, :1], 1)
torch.arange(0, 4, dtype=torch.float, device=x.device) ; torch.arange(4).view(1, -1)
torch.linspace(0, 1, 5).tolist() ; [v.item() for v in torch.linspace(0, 0.3, 4)] ; torch.full((2, 2), 7.0)
torch.eye(3) ; torch.ones(2, 3).type_as(x) ; torch.zeros(1, 3, dtype=torch.long) ; torch.zeros([2, 3])
torch.ones(x.size()) ; torch.zeros(*x.shape[:2]) ; torch.tensor(1.5)
torch.meshgrid(torch.arange(2), torch.arange(3), indexing="ij") ; torch.tril(m) ; torch.triu(m, 1)
torch.diag(m[0]) ; torch.logsumexp(x, dim=1) ; torch.cumsum(x, 1) ; torch.prod(m, 1)
torch.exp(x).sum(dim=1, keepdim=True) ; x.erf() ; torch.nn.functional.softmax(x, dim=1) ; x.softmax(dim=-1)
F.log_softmax(x, 1) ; torch.sigmoid(x) ; x.sigmoid() ; x.tanh() ; F.relu(x) ; F.relu6(6 * x)
F.leaky_relu(x, 0.1) ; F.elu(x) ; F.gelu(x) ; F.silu(x) ; F.mish(x) ; F.hardswish(x) ; F.hardsigmoid(x)
F.softplus(x) ; F.hardtanh(x, 0, 0.5) ; F.threshold(x, 0.1, 0.2) ; F.selu(x) ; F.celu(x) ; F.glu(x, 3)
F.relu(x.clone(), inplace=True) ; F.relu(x.clone(), True)
F.leaky_relu(x.clone(), negative_slope=0.2, inplace=True) ; F.avg_pool2d(x, 2) ; F.avg_pool2d(x, x.size()[2:])
F.avg_pool2d(x, 3, 1, 1, count_include_pad=False) ; F.max_pool2d(x, 2)
F.max_pool2d(x, 3, 2, 1, ceil_mode=True) ; F.avg_pool2d(x, kernel_size=3, stride=2, padding=1, ceil_mode=True)
F.adaptive_avg_pool2d(x, 1) ; F.adaptive_avg_pool2d(x, (2, None)) ; F.adaptive_max_pool2d(x, 1)
F.lp_pool2d(x, 2, 2) ; F.max_pool2d(x, 2, return_indices=True)[1] ; F.adaptive_max_pool2d(x, (1, 1)).view(2, -1)
F.max_pool1d(m, 2) ; F.pad(x, (1, 1, 1, 1)) ; F.pad(x, [0, 0, 0, 0, 1, 1], "constant", 0)
F.pad(x, (1, 1, 1, 1), mode="reflect") ; F.pad(x, (0, 1), value=2.0) ; F.pad(x, (-1, 1, -1, 1))
F.pad(x, (1, 1, 1, 1), "replicate") ; F.pad(x, (1, 1, 1, 1), "circular")
F.interpolate(x, scale_factor=2, mode="nearest")
F.interpolate(x, size=(5, 7), mode="bilinear", align_corners=True)
F.interpolate(x, size=x.size()[2:], mode="bilinear", align_corners=False) ; F.interpolate(x, scale_factor=0.5)
F.pixel_shuffle(x.view(2, 4, 2, 3), 2) ; F.dropout(x, 0.5, False) ; F.dropout(x, p=0.0, training=True)
F.dropout2d(x, 0.5, training=False) ; F.one_hot(i, 4) ; F.linear(m, m)
F.conv2d(x, torch.ones(2, 3, 3, 3), None, 1, 1)
F.conv2d(x, weight=torch.ones(3, 1, 3, 3), groups=3, padding="same")
F.conv2d(x, torch.ones(2, 3, 3, 3), stride=(1, 2), padding=(1, 1), dilation=1)
F.conv_transpose2d(x, torch.ones(3, 2, 2, 2), stride=2) ; F.unfold(x, 3, padding=1)
F.fold(F.unfold(x, 2, stride=2), (4, 2), 2, stride=2) ; F.layer_norm(x, x.shape[1:]) ; F.group_norm(x, 3)
F.batch_norm(x, None, None, training=True) ; F.instance_norm(x) ; F.local_response_norm(x, 2)
F.cosine_similarity(x, y) ; F.cross_entropy(m, i[[0, 1, 1]], label_smoothing=0.1)
F.nll_loss(F.log_softmax(m, 1), i[[0, 1, 0]]) ; F.mse_loss(x, y) ; F.l1_loss(x, y)
F.binary_cross_entropy_with_logits(x, y.sigmoid())
F.kl_div(x.log_softmax(1), y.softmax(1), reduction="batchmean") ; F.smooth_l1_loss(x, y) ; nn.Softmax(dim=1)(x)
nn.Softmax2d()(x) ; nn.Flatten()(x) ; nn.Identity()(x) ; nn.ReLU(True)(x.clone())
nn.Upsample(scale_factor=2)(x) ; nn.AdaptiveMaxPool2d((1, 1))(x) ; nn.AdaptiveAvgPool2d((None, 1))(x)
nn.ReflectionPad2d(1)(x) ; nn.ZeroPad2d((1, 0, 1, 0))(x) ; nn.LayerNorm([3, 4, 2])(x) ; nn.GroupNorm(1, 3)(x)
nn.InstanceNorm2d(3)(x) ; nn.LocalResponseNorm(2)(x) ; nn.PixelShuffle(1)(x)
nn.CrossEntropyLoss()(m, i[[0, 1, 0]]) ; nn.MSELoss(reduction="sum")(x, y)
nn.BCEWithLogitsLoss()(x, y.sigmoid()) ; x.unfold(2, 2, 1) ; x.unfold(3, 2, 2) ; m.diag() ; x.squeeze(0).shape
x.transpose(1, -1) ; x.swapaxes(1, 2) ; torch.movedim(x, 1, -1) ; torch.bernoulli(torch.ones(3))
torch.equal(x, x) ; torch.allclose(x, x + 1e-9) ; torch.is_tensor(x) ; torch.numel(x) ; torch.isnan(x).any()
torch.minimum(x, y) ; torch.round(x) ; float(x.sum()) ; int(x.size(0)) ; [t.shape for t in x] ; x.tolist()[0][0]
round(float(x.mean()), 3) ; "%.2f" % x.sum() ; "{:.1f}".format(x.sum().item()) ; torch.Size([1, 2])
torch.Size([2]) + torch.Size([3]) ; x.shape == y.shape ; x.size() == y.size() ; x.stride()[-1]
x.element_size() ; x[..., (1, 0)] ; x[(0, 1), (1, 2)] ; torch.erfinv(x / 9) ; (x / 9).erfinv_()
x.type() ; x.long().type() ; x.type('torch.DoubleTensor') ; x.type(x.long().type()) ; type(x) == torch.Tensor
torch.add(x, y, out=torch.empty(0)) ; torch.mul(x, 2, out=x.clone()) ; torch.matmul(m, m.T, out=torch.ones(3, 3))
torch.cat([m, m], 1, out=m.new(3, 8)) ; torch.sub(x, y, alpha=2, out=x.clone()) ; torch.div(x, 2, out=x.clone())
torch.stack([m, m], out=torch.zeros(2, 3, 4)) ; torch.mm(m, m.t(), out=torch.zeros(3, 3))
torch.bmm(b, b, out=torch.zeros(2, 3, 3)) ; x.diff(dim=1) ; x.sigmoid().logit() ; m.rot90() ; torch.det(b[0])
"""
LIST = [part.strip() for part in EXPRESSIONS.replace("\n", ";").split(";") if part.strip()]


def values(torch: Any) -> dict[str, Any]:
    """What each expression gives with PyTorch, or with what poses as it; an error as its text."""
    rng = np.random.default_rng(0)
    names = {"torch": torch, "nn": torch.nn, "F": torch.nn.functional, "i": torch.tensor([0, 2])}
    for name, shape in {"x": (2, 3, 4, 2), "y": (2, 3, 4, 2), "m": (3, 4), "b": (2, 3, 3)}.items():
        names[name] = torch.tensor(rng.normal(size=shape).astype("float32"))
    found = {}
    for expression in LIST:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                found[expression] = plain(eval(expression, dict(names)))
            except Exception as error:
                found[expression] = f"{type(error).__name__}: {error}"
    return found


def plain(value: Any) -> Any:
    """A value without the library that it came from."""
    if hasattr(value, "detach"):
        return value.detach().numpy()
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    return None if callable(value) else value


@pytest.fixture(scope="module")
def theirs() -> dict[str, Any]:
    """PyTorch's values, computed once."""
    return values(pytest.importorskip("torch"))


@pytest.fixture(scope="module")
def ours() -> dict[str, Any]:
    """Ours."""
    with compat.run_as_torch() as torch:
        return values(torch)


@pytest.mark.torch
@pytest.mark.parametrize("expression", LIST)
def test_an_expression_gives_what_pytorch_gives(expression: str, theirs: Any, ours: Any) -> None:
    expected, own = theirs[expression], ours[expression]
    assert type(own) is type(expected), own
    if isinstance(expected, np.ndarray):
        assert own.dtype == expected.dtype
        assert own.shape == expected.shape
        np.testing.assert_allclose(own, expected, rtol=1e-5, atol=1e-6)
    elif isinstance(expected, list):
        assert len(own) == len(expected)
        for a, b in zip(own, expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    elif isinstance(expected, float):
        assert own == pytest.approx(expected, rel=1e-5)
    else:
        assert not str(expected).startswith("RuntimeError")
        assert own == expected
