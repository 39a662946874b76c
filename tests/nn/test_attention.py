"""Attention and transformers give what PyTorch gives: outputs, weights, gradients, under every kind of mask."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autocnn as ac
from autocnn import nn
from autocnn.errors import ArgumentError, ShapeError

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore::UserWarning")]

RNG = np.random.default_rng(0)
N, L, S, E, H = 2, 3, 5, 8, 2
QUERY, KEY, VALUE = (RNG.normal(size=(n, N, E)) for n in (L, S, S))
SKEW = {"key": RNG.normal(size=(S, N, 6)), "value": RNG.normal(size=(S, N, 4))}
HIDDEN = np.arange(L * S).reshape(L, S) % 4 == 1
PADDED = np.arange(N * S).reshape(N, S) % S == S - 1
SETTINGS: list[dict[str, Any]] = [
    {},
    {"bias": False},
    {"add_bias_kv": True},
    {"add_zero_attn": True},
    {"kdim": 6, "vdim": 4},
    {"kdim": 6, "vdim": 4, "bias": False, "add_bias_kv": True, "add_zero_attn": True},
    {"batch_first": True},
]
CALLS: list[dict[str, Any]] = [
    {},
    {"need_weights": False},
    {"average_attn_weights": False},
    {"attn_mask": HIDDEN},
    {"attn_mask": RNG.normal(size=(L, S)), "need_weights": False},
    {"attn_mask": RNG.normal(size=(N * H, L, S)), "key_padding_mask": PADDED},
    {"key_padding_mask": PADDED},
]


def pair(make: Any) -> tuple[Any, Any]:
    """A module of PyTorch's and ours in float64 with the same weights."""
    torch.manual_seed(0)
    theirs = make(torch.nn).double()
    for p in theirs.parameters():
        torch.nn.init.normal_(p)
    ours = make(nn).double()
    state = {key: value.numpy() for key, value in theirs.state_dict().items()}
    assert list(ours.state_dict()) == list(state)
    ours.load_state_dict(state)
    return theirs, ours


def compare(theirs: Any, ours: Any, arrays: list[np.ndarray], **given: Any) -> None:
    """Outputs, gradients of the inputs and of all parameters."""
    found = []
    for library, module in ((torch, theirs), (ac, ours)):
        inputs = [library.tensor(x, requires_grad=True) for x in arrays]
        named = {k: library.tensor(v) if isinstance(v, np.ndarray) else v for k, v in given.items()}
        outputs = module(*inputs, **named)
        outputs = [y for y in outputs if y is not None] if isinstance(outputs, tuple) else [outputs]
        sum((y * y * (i + 1)).sum() for i, y in enumerate(outputs)).backward()
        grads = [x.grad for x in inputs] + [p.grad for p in module.parameters()]
        found.append([x.detach().numpy() for x in (*outputs, *grads)])
    assert len(found[0]) == len(found[1])
    for expected, own in zip(*found, strict=True):
        np.testing.assert_allclose(own, expected, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("call", CALLS, ids=lambda c: " ".join(c))
@pytest.mark.parametrize("settings", SETTINGS, ids=lambda s: " ".join(s))
def test_attention_of_several_heads(settings: dict[str, Any], call: dict[str, Any]) -> None:
    theirs, ours = pair(lambda nn: nn.MultiheadAttention(E, H, **settings))
    arrays = [QUERY, SKEW["key"], SKEW["value"]] if "kdim" in settings else [QUERY, KEY, VALUE]
    if settings.get("batch_first"):
        arrays = [x.swapaxes(0, 1) for x in arrays]
    compare(theirs, ours, arrays, **call)


def test_attention_without_a_batch() -> None:
    theirs, ours = pair(lambda nn: nn.MultiheadAttention(E, H, batch_first=True))
    compare(theirs, ours, [QUERY[:, 0], KEY[:, 0], VALUE[:, 0]], key_padding_mask=PADDED[0], attn_mask=HIDDEN)


LAYERS: dict[str, Any] = {
    "encoder": lambda nn: nn.TransformerEncoderLayer(E, H, 16, 0.0),
    "encoder, norm first": lambda nn: nn.TransformerEncoderLayer(E, H, 16, 0.0, "gelu", 1e-3, True, True, False),
    "decoder": lambda nn: nn.TransformerDecoderLayer(E, H, 16, 0.0),
    "decoder, norm first": lambda nn: nn.TransformerDecoderLayer(E, H, 16, 0.0, norm_first=True),
    "encoders": lambda nn: nn.TransformerEncoder(
        nn.TransformerEncoderLayer(E, H, 16, 0.0), 2, nn.LayerNorm(E), enable_nested_tensor=False
    ),
    "decoders": lambda nn: nn.TransformerDecoder(nn.TransformerDecoderLayer(E, H, 16, 0.0), 2),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers_of_transformers(name: str) -> None:
    theirs, ours = pair(LAYERS[name])
    compare(theirs, ours, [QUERY, KEY] if "decoder" in name else [KEY])


def test_layers_of_transformers_under_masks() -> None:
    theirs, ours = pair(LAYERS["encoders"])
    ahead = np.triu(np.ones((S, S), bool), 1)
    compare(theirs, ours, [KEY], mask=ahead, src_key_padding_mask=PADDED)
    theirs, ours = pair(LAYERS["decoders"])
    compare(theirs, ours, [QUERY, KEY], tgt_mask=ahead[:L, :L], memory_key_padding_mask=PADDED)


def test_heads_that_share_keys() -> None:
    q, k, v = (RNG.normal(size=(2, heads, 3, 4)) for heads in (4, 2, 2))
    results = [
        library.nn.functional.scaled_dot_product_attention(
            *map(library.tensor, (q, k, v)), enable_gqa=True
        ).numpy()
        for library in (ac, torch)
    ]
    np.testing.assert_allclose(*results, rtol=1e-10)


def test_first_values_are_drawn_as_pytorch_draws_them() -> None:
    attention = nn.MultiheadAttention(64, 4, add_bias_kv=True)
    bound = np.sqrt(6 / (64 + 192))
    drawn = attention.in_proj_weight.detach().numpy()
    assert 0.9 * bound < np.abs(drawn).max() <= bound
    assert not attention.in_proj_bias.detach().numpy().any()
    assert not attention.out_proj.bias.detach().numpy().any()
    assert abs(attention.bias_k.detach().numpy().std() - np.sqrt(2 / 128)) < 0.04


def test_what_does_not_fit_is_said() -> None:
    with pytest.raises(ArgumentError, match=r"^MultiheadAttention: embed_dim is 6 and num_heads 4; the first is"):
        nn.MultiheadAttention(6, 4)
    attention = nn.MultiheadAttention(4, 2)
    x = ac.ones(3, 1, 4)
    with pytest.raises(ArgumentError, match=r"is_causal is True without attn_mask; give the mask too$"):
        attention(x, x, x, is_causal=True)
    with pytest.raises(ShapeError, match=r"query has shape \(3, 1, 2\); its last axis must be 4, a "):
        attention(ac.ones(3, 1, 2), x, x)
