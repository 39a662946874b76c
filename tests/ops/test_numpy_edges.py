"""NumPy's own functions on Tensors at the edges: nothing, one number, axes of length 1."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from autocnn.engine import Tensor

EDGES = """
np.sum(x) np.sum(x,0) np.sum(x,-1,keepdims=True) np.sum(x,keepdims=True) np.sum(x,axis=()) np.prod(x)
np.prod(x,0) np.prod(x,-1,keepdims=True) np.mean(x) np.mean(x,0) np.mean(x,-1,keepdims=True) np.var(x)
np.var(x,0) np.var(x,ddof=1) np.std(x) np.std(x,-1) np.max(x) np.max(x,0) np.max(x,-1,keepdims=True) np.min(x)
np.min(x,0) np.argmax(x) np.argmax(x,0) np.argmin(x,-1) np.argmax(x,keepdims=True) np.all(x) np.all(x,0)
np.any(x) np.any(x,-1) np.count_nonzero(x) np.count_nonzero(x,0) np.cumsum(x) np.cumsum(x,0) np.cumsum(x,-1)
np.diff(x) np.ptp(x) np.average(x) np.linalg.norm(x) np.linalg.norm(x,axis=0) np.reshape(x,-1) np.ravel(x)
np.transpose(x) np.squeeze(x) np.squeeze(x,0) np.expand_dims(x,0) np.expand_dims(x,-1) np.atleast_1d(x)
np.atleast_2d(x) np.atleast_3d(x) np.concatenate([x,x]) np.concatenate([x,x],-1) np.concatenate([x,x],None)
np.stack([x,x]) np.stack([x,x],-1) np.vstack([x,x]) np.hstack([x,x]) np.dstack([x,x]) np.column_stack([x,x])
np.split(x,1) np.array_split(x,2) np.array_split(x,3,-1) np.pad(x,1) np.pad(x,(1,2)) np.flip(x) np.flip(x,0)
np.roll(x,1) np.roll(x,1,0) np.tile(x,2) np.tile(x,(2,1)) np.tile(x,()) np.repeat(x,2) np.repeat(x,2,0)
np.repeat(x,0) np.where(x) np.where(x,x,1) np.where(x>0,x,-1.5) np.clip(x,0,1) np.clip(x,None,1)
np.clip(x,1,None) np.clip(x,0.5,2) np.copy(x) np.round(x) np.round(x,1) np.nan_to_num(x) np.dot(x,x) np.dot(x,2)
np.dot(x,2.5) np.inner(x,x) np.outer(x,x) np.vdot(x,x) np.tensordot(x,x,0) np.matmul(x,x) np.diagonal(x)
np.diag(x) np.trace(x) np.tril(x) np.triu(x) np.take(x,0) np.take(x,[0,0]) np.take(x,0,0) np.nonzero(x)
np.argwhere(x) np.flatnonzero(x) np.zeros_like(x) np.ones_like(x) np.full_like(x,2) np.sort(x) np.sort(x,None)
np.argsort(x) np.isclose(x,x) np.add.reduce(x) np.maximum.reduce(x) np.add.outer(x,x) np.multiply(x,x)
np.divide(x,2) np.power(x,2) np.power(x,0.5) np.exp(x) np.floor(x) np.sign(x) np.abs(x) np.negative(x)
np.maximum(x,1) np.maximum(x,0.5) np.logical_not(x) np.invert(x) np.equal(x,1) np.arctan2(x,1) np.hypot(x,2.0)
np.subtract(x,x) np.isnan(x) np.reciprocal(x) np.mod(x,2) np.floor_divide(x,2) np.fmod(x,2.5)
np.swapaxes(x,0,-1) np.moveaxis(x,0,-1) np.broadcast_to(x,(2,)+x.shape) np.meshgrid(x,x) np.rot90(x)
np.einsum('...->...',x) np.linalg.norm(x,1) np.linalg.norm(x,np.inf) np.linalg.vector_norm(x,axis=-1)
np.sum(x,dtype='float32') np.mean(x,dtype='float64') np.astype(x,'int32') np.cumsum(x,dtype='float64')
np.float64(2)*x np.float32(2)+x np.int64(2)*x np.array(2.0)*x np.array([2])+x
"""
EDGE_SHAPES = [(), (1,), (3,), (0,), (2, 3), (1, 3), (3, 3), (2, 0), (0, 3), (2, 3, 4), (1, 1, 1), (2, 1, 3, 2)]


@pytest.mark.parametrize("dtype", ["float32", "int32", "bool", "float16"])
@pytest.mark.parametrize("shape", EDGE_SHAPES, ids=str)
def test_edge_cases_are_numpys(shape, dtype):
    """0-d, empty and length-1 operands: the same values, shapes and dtypes, or an error from both."""
    x = np.asarray(np.random.default_rng(1).integers(0, 4, shape)).astype(dtype)
    for expression in EDGES.split():
        expected, ours = attempt(expression, x), attempt(expression, Tensor(x))
        assert (expected is None) == (ours is None), expression
        for found, right in zip(ours or (), expected or (), strict=True):
            assert isinstance(found, Tensor), expression
            assert (found.shape, found.dtype) == (np.shape(right), np.asarray(right).dtype), expression
            rtol = 2e-2 if dtype == "float16" else 1e-5
            np.testing.assert_allclose(found.array, right, rtol=rtol, atol=rtol, err_msg=expression)


def attempt(expression, x):
    """The results, as a sequence; None for an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            result = eval(expression, {"np": np, "x": x})
        except (TypeError, ValueError, IndexError):
            return None
    return result if isinstance(result, (list, tuple)) else [result]
