"""Attention, and the layers of transformers, by PyTorch's names and state-dict keys."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, ClassVar

from autocnn.engine import Tensor
from autocnn.errors import ArgumentError
from autocnn.nn import functional as F
from autocnn.nn import init
from autocnn.nn.containers import ModuleList
from autocnn.nn.dropout import Dropout
from autocnn.nn.linear import Linear
from autocnn.nn.module import Module
from autocnn.nn.normalization import LayerNorm
from autocnn.nn.parameter import Parameter
from autocnn.nn.settings import unset

Activation = str | Callable[[Tensor], Tensor]


class MultiheadAttention(Module):
    """Attention by several heads: query (L, N, E), key and value (S, N, ...) -> outputs (L, N, E), weights.

    N comes first with `batch_first`, and may be left out. Source: Vaswani et al. (2017), section 3.2.2.

    >>> from autocnn import ones
    >>> attention = MultiheadAttention(4, 2, batch_first=True)
    >>> y, weights = attention(ones(1, 3, 4), ones(1, 5, 4), ones(1, 5, 4))
    >>> y.shape, weights.shape
    ((1, 3, 4), (1, 3, 5))
    """

    in_proj_weight: Parameter | None
    q_proj_weight: Parameter | None
    k_proj_weight: Parameter | None
    v_proj_weight: Parameter | None
    in_proj_bias: Parameter | None
    bias_k: Parameter | None
    bias_v: Parameter | None

    def __init__(
        self, embed_dim: int, num_heads: int, dropout: float = 0.0, bias: bool = True, add_bias_kv: bool = False,
        add_zero_attn: bool = False, kdim: int | None = None, vdim: int | None = None, batch_first: bool = False,
        device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        if embed_dim < 1 or num_heads < 1 or embed_dim % num_heads:
            raise ArgumentError(
                f"MultiheadAttention: embed_dim is {embed_dim} and num_heads {num_heads}; "
                "the first is a multiple of the second"
            )
        self.embed_dim, self.num_heads = embed_dim, num_heads
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self._qkv_same_embed_dim = self.kdim == embed_dim == self.vdim
        self.dropout = dropout
        self.batch_first = batch_first
        self.head_dim = embed_dim // num_heads
        whole = self._qkv_same_embed_dim
        for name, width in (("q", embed_dim), ("k", self.kdim), ("v", self.vdim)):
            own = None if whole else unset((embed_dim, width), device, dtype)
            self.register_parameter(f"{name}_proj_weight", own)
        self.register_parameter(
            "in_proj_weight", unset((3 * embed_dim, embed_dim), device, dtype) if whole else None
        )
        self.register_parameter("in_proj_bias", unset((3 * embed_dim,), device, dtype) if bias else None)
        self.out_proj = Linear(embed_dim, embed_dim, bias, device, dtype)
        for name in ("bias_k", "bias_v"):
            self.register_parameter(name, unset((1, 1, embed_dim), device, dtype) if add_bias_kv else None)
        self.add_zero_attn = add_zero_attn
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        for weight in (self.in_proj_weight, self.q_proj_weight, self.k_proj_weight, self.v_proj_weight):
            if weight is not None:
                init.xavier_uniform_(weight)
        for bias in (self.in_proj_bias, self.out_proj.bias if self.in_proj_bias is not None else None):
            if bias is not None:
                init.constant_(bias, 0.0)
        for bias in (self.bias_k, self.bias_v):
            if bias is not None:
                init.xavier_normal_(bias)

    def forward(
        self, query: Tensor, key: Tensor, value: Tensor, key_padding_mask: Any = None, need_weights: bool = True,
        attn_mask: Any = None, average_attn_weights: bool = True, is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:  # fmt: skip
        """The outputs, and how much each looked at what; masks say by True what may not be looked at."""
        turned = self.batch_first and query.ndim == 3
        q, k, v = (x.transpose(0, 1) if turned else x for x in (query, key, value))
        y, weights = F.multi_head_attention_forward(
            q, k, v, self.embed_dim, self.num_heads, self.in_proj_weight, self.in_proj_bias, self.bias_k,
            self.bias_v, self.add_zero_attn, self.dropout, self.out_proj.weight, self.out_proj.bias,
            self.training, key_padding_mask, need_weights, attn_mask, not self._qkv_same_embed_dim,
            self.q_proj_weight, self.k_proj_weight, self.v_proj_weight,
            average_attn_weights=average_attn_weights, is_causal=is_causal,
        )  # fmt: skip
        return y.transpose(0, 1) if turned else y, weights


class _Layer(Module):
    """What the layers of encoder and decoder share: attention, then two linear layers, each with a skip."""

    self_attn: MultiheadAttention
    norm_first: bool
    _attentions: ClassVar[tuple[str, ...]] = ("self_attn",)

    def __init__(
        self, d_model: int, nhead: int, dim_feedforward: int = 2048, dropout: float = 0.1,
        activation: Activation = F.relu, layer_norm_eps: float = 1e-5, batch_first: bool = False,
        norm_first: bool = False, bias: bool = True, device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        place = {"device": device, "dtype": dtype}
        for name in self._attentions:
            setattr(
                self, name, MultiheadAttention(d_model, nhead, dropout, bias, batch_first=batch_first, **place)
            )
        self.linear1 = Linear(d_model, dim_feedforward, bias, **place)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias, **place)
        self.norm_first = norm_first
        for i in range(len(self._attentions) + 1):
            setattr(self, f"norm{i + 1}", LayerNorm(d_model, layer_norm_eps, bias=bias, **place))
        for i in range(len(self._attentions) + 1):
            setattr(self, f"dropout{i + 1}", Dropout(dropout))
        self.activation = getattr(F, activation) if isinstance(activation, str) else activation

    def _part(self, x: Tensor, number: int, compute: Callable[[Tensor], Tensor]) -> Tensor:
        """x + compute(x) with the norm of that number: before, or after the sum."""
        norm, dropout = getattr(self, f"norm{number}"), getattr(self, f"dropout{number}")
        y: Tensor = x + dropout(compute(norm(x))) if self.norm_first else norm(x + dropout(compute(x)))
        return y

    def _fed_forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.linear2(self.dropout(self.activation(self.linear1(x))))
        return y


class TransformerEncoderLayer(_Layer):
    """Self-attention, then two linear layers, each with a skip and a norm. Source: Vaswani et al. (2017).

    >>> from autocnn import ones
    >>> TransformerEncoderLayer(4, 2, 8)(ones(3, 1, 4)).shape
    (3, 1, 4)
    """

    def forward(
        self, src: Tensor, src_mask: Any = None, src_key_padding_mask: Any = None, is_causal: bool = False
    ) -> Tensor:
        """src (S, N, E), or (N, S, E) with `batch_first`, of which no element looks at what a mask hides."""

        def attend(x: Tensor) -> Tensor:
            y: Tensor = self.self_attn(
                x, x, x, src_key_padding_mask, False, src_mask, is_causal=is_causal and src_mask is not None
            )[0]
            return y

        return self._part(self._part(src, 1, attend), 2, self._fed_forward)


class TransformerDecoderLayer(_Layer):
    """Self-attention, attention to what an encoder gave, two linear layers. Source: Vaswani et al. (2017).

    >>> from autocnn import ones
    >>> TransformerDecoderLayer(4, 2, 8)(ones(3, 1, 4), ones(5, 1, 4)).shape
    (3, 1, 4)
    """

    multihead_attn: MultiheadAttention
    _attentions = ("self_attn", "multihead_attn")

    def forward(
        self, tgt: Tensor, memory: Tensor, tgt_mask: Any = None, memory_mask: Any = None,
        tgt_key_padding_mask: Any = None, memory_key_padding_mask: Any = None, tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:  # fmt: skip
        """tgt (T, N, E), which looks at itself and at memory (S, N, E), as far as the masks allow."""

        def attend(x: Tensor) -> Tensor:
            y: Tensor = self.self_attn(x, x, x, tgt_key_padding_mask, False, tgt_mask)[0]
            return y

        def remember(x: Tensor) -> Tensor:
            y: Tensor = self.multihead_attn(x, memory, memory, memory_key_padding_mask, False, memory_mask)[0]
            return y

        x = self._part(self._part(tgt, 1, attend), 2, remember)
        return self._part(x, 3, self._fed_forward)


class TransformerEncoder(Module):
    """So many copies of an encoder layer, one after the other, and a norm at the end.

    >>> from autocnn import ones
    >>> TransformerEncoder(TransformerEncoderLayer(4, 2, 8), 2)(ones(3, 1, 4)).shape
    (3, 1, 4)
    """

    def __init__(
        self, encoder_layer: Module, num_layers: int, norm: Module | None = None,
        enable_nested_tensor: bool = True, mask_check: bool = True,
    ) -> None:  # fmt: skip
        self.layers = ModuleList([copy.deepcopy(encoder_layer) for _ in range(num_layers)])
        self.num_layers = num_layers
        self.norm = norm

    def forward(
        self, src: Tensor, mask: Any = None, src_key_padding_mask: Any = None, is_causal: bool | None = None
    ) -> Tensor:
        """src (S, N, E) through all layers, under the same masks."""
        for layer in self.layers:
            src = layer(src, src_mask=mask, src_key_padding_mask=src_key_padding_mask)
        return src if self.norm is None else self.norm(src)


class TransformerDecoder(Module):
    """So many copies of a decoder layer, one after the other, and a norm at the end.

    >>> from autocnn import ones
    >>> TransformerDecoder(TransformerDecoderLayer(4, 2, 8), 2)(ones(3, 1, 4), ones(5, 1, 4)).shape
    (3, 1, 4)
    """

    def __init__(self, decoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        self.layers = ModuleList([copy.deepcopy(decoder_layer) for _ in range(num_layers)])
        self.num_layers = num_layers
        self.norm = norm

    def forward(
        self, tgt: Tensor, memory: Tensor, tgt_mask: Any = None, memory_mask: Any = None,
        tgt_key_padding_mask: Any = None, memory_key_padding_mask: Any = None, tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:  # fmt: skip
        """tgt (T, N, E) through all layers, under the same masks."""
        for layer in self.layers:
            tgt = layer(tgt, memory, tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask)
        return tgt if self.norm is None else self.norm(tgt)
