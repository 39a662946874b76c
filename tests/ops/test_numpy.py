"""NumPy's own functions on Tensors: NumPy's values and dtypes, a graph, gradients; and what does not work."""

from __future__ import annotations

import numpy as np
import pytest

import autocnn as ac
from autocnn.engine import Tensor, grad
from autocnn.errors import ArgumentError, DTypeError, OperandError, ShapeError
from autocnn.ops.numpy import DIFFERENT, FUNCTIONS, UFUNCS
from autocnn.testing import gradcheck, gradgradcheck

RNG = np.random.default_rng(3)
V = RNG.standard_normal(3)
A = RNG.standard_normal((2, 3))
B = RNG.standard_normal((2, 3))
M = RNG.standard_normal((3, 4))
T = RNG.standard_normal((2, 3, 4))
POSITIONS = np.array([[2, 0, 1], [1, 1, 0]])
HOLES = np.where(POSITIONS > 1, np.nan, A)
INPUTS = {"v": V, "a": A, "b": B, "m": M, "t": T, "i": POSITIONS, "n": HOLES}

TRIED = """
np.sum(a) np.sum(a,0) np.sum(a,axis=(0,1)) np.sum(a,-1,keepdims=True) np.sum(i) np.sum(a>0)
np.sum(i,dtype=float) np.sum(a,()) np.prod(a) np.prod(a,1) np.prod(t,(0,2)) np.prod(i,0) np.mean(a)
np.mean(t,(0,2),keepdims=True) np.mean(i) np.mean(i,0) np.var(a) np.var(a,1) np.var(a,1,ddof=1) np.std(a,0)
np.std(t,(0,2),ddof=1,keepdims=True) np.std(i) np.var(a,correction=1) np.max(a) np.max(a,1)
np.amax(a,0,keepdims=True) np.min(t,(1,2)) np.amin(a) np.max(i) np.ptp(a) np.ptp(a,0) np.argmax(a)
np.argmax(a,1) np.argmin(a,0,keepdims=True) np.all(a>0) np.any(a>0,1) np.all(i,0) np.count_nonzero(i)
np.count_nonzero(i,1) np.cumsum(a) np.cumsum(a,1) np.cumsum(i,0) np.average(a) np.average(a,1) np.average(a,1,v)
np.average(a,weights=b) np.diff(a) np.diff(t,2,1) np.diff(a,axis=0) np.linalg.norm(a) np.linalg.norm(a,axis=1)
np.linalg.norm(v) np.linalg.norm(v,1) np.linalg.norm(v,np.inf) np.linalg.norm(a,'fro') np.linalg.norm(a,1)
np.linalg.norm(a,np.inf) np.linalg.norm(t,axis=(0,2),keepdims=True) np.linalg.norm(a,keepdims=True)
np.linalg.vector_norm(a) np.reshape(a,(3,2)) np.reshape(a,-1) np.reshape(a,(3,2),order='F') np.ravel(a)
np.ravel(a,'F') np.transpose(t) np.transpose(t,(1,0,2)) np.permute_dims(a) np.matrix_transpose(t)
np.swapaxes(t,0,2) np.moveaxis(t,0,-1) np.moveaxis(t,(0,1),(1,2)) np.expand_dims(a,1) np.expand_dims(a,(0,-1))
np.squeeze(a[:,:1]) np.squeeze(a[:1],0) np.squeeze(a[:1],axis=(0,)) np.atleast_1d(v) np.atleast_2d(v)
np.atleast_3d(v) np.atleast_3d(a) np.broadcast_to(v,(2,3)) np.broadcast_arrays(a,v)[1] np.atleast_1d(v,a)[1]
np.concatenate([a,b]) np.concatenate((a,b),1) np.concatenate([a,v],None) np.concatenate([a,i]) np.stack([a,b])
np.stack([a,b],-1) np.vstack([a,v]) np.hstack([a,b]) np.hstack([v,v]) np.dstack([a,b]) np.column_stack([v,v])
np.split(a,3,1)[1] np.split(v,[1,2])[2] np.array_split(v,2)[0] np.array_split(a,[1],1)[1] np.hsplit(a,3)[0]
np.vsplit(a,2)[1] np.unstack(a)[1] np.pad(a,1) np.pad(a,((1,0),(0,2))) np.pad(v,(1,2),constant_values=5)
np.pad(a,((1,2),(0,1)),constant_values=((1,2),(3,4))) np.pad(i,1) np.flip(a) np.flip(a,1) np.flip(t,(0,2))
np.fliplr(a) np.flipud(a) np.rot90(a) np.rot90(a,2) np.rot90(a,3) np.rot90(a,0) np.roll(a,1)
np.roll(a,(1,-1),(0,1)) np.roll(a,2,1) np.roll(a,1,(0,1)) np.tile(a,2) np.tile(a,(2,1)) np.tile(v,(2,2))
np.repeat(a,2) np.repeat(a,2,1) np.repeat(a,[1,2],0) np.repeat(a,[1,0,2],axis=1) np.where(a>0,a,b)
np.where(a>0,a,0.0) np.where(a>0,1,v) np.where(i,a,b) np.where(a>0)[1] np.clip(a,-.5,.5) np.clip(a,None,.1)
np.clip(a,0,None) np.clip(a,b,None) np.clip(a,v,b) np.clip(i,0,1) np.clip(a,min=-.1) np.clip(i,0.5,1) np.copy(a)
np.astype(a,np.float32) np.astype(a,np.float64) np.round(a) np.round(a,1) np.around(a) np.nan_to_num(a)
np.real(a) np.meshgrid(v,a[0])[1] np.meshgrid(v,a[0],indexing='ij')[0] np.meshgrid(v,a[0],sparse=True)[0]
np.dot(a,m) np.dot(v,v) np.dot(a,v) np.dot(a,2) np.dot(t,m.T) np.dot(a,np.moveaxis(t,1,1)) np.inner(a,b)
np.inner(v,v) np.vdot(a,b) np.outer(a,v) np.tensordot(t,m,([1,2],[0,1])) np.tensordot(a,m,1)
np.einsum('ij,jk->ik',a,m) np.einsum('ij->j',a) np.einsum('ij,ij',a,b) np.matmul(a,m) np.matmul(i,m) a@m
np.diagonal(t,1,0,2) np.diag(v) np.diag(a) np.diag(a,1) np.trace(a) np.trace(t,1,1,2) np.tril(a) np.triu(a,1)
np.take(a,[0,5]) np.take(a,[2,0,0],1) np.take(a,1,axis=1) np.take(a,i,axis=1) np.take_along_axis(a,i,1)
np.take_along_axis(a,i[:1]%2,0) np.compress([True,False,True],a,1) np.nonzero(i)[0] np.argwhere(i)
np.flatnonzero(i) np.zeros_like(a) np.ones_like(i) np.full_like(a,7) np.ones_like(a,dtype=int)
np.zeros_like(a,shape=(2,)) np.full_like(a,2,shape=(3,)) np.isclose(a,a) np.argsort(a) np.argsort(a,0)
np.sort(a) np.sort(a,None) np.sort(a,axis=0) np.searchsorted(np.sort(v),v) np.bincount(i.ravel())
np.add.reduce(a) np.add.reduce(a,axis=1) np.multiply.reduce(a) np.maximum.reduce(a,axis=1) np.minimum.reduce(a)
np.logical_and.reduce(a>0) np.add.accumulate(a,axis=1) np.multiply.outer(v,a) np.subtract.outer(v,v)
np.add(a,b,dtype=np.float32) np.add(a,i) np.add(i,1) np.add(i,1.5) np.add(i,True) np.multiply(a>0,a)
np.divide(i,2) np.power(a,2) np.power(i,2) np.power(2.0,a) np.sqrt(i) np.exp(i) np.floor(i) np.divmod(a,b)[1]
np.add([1.0,2.0,3.0],v) np.float64(2)*a np.float32(2)*a B0+a a+B0 a**2 np.add(a,np.float32(1)) B0*a B0/a B0-a
B0@m
np.take_along_axis(a,i-3,1) np.take_along_axis(a,i[0]-4,None) np.split(a,np.array([1,2]),1)[1] np.dsplit(t,2)[1]
np.sum(a,initial=2) np.sum(a,1,where=a>0) np.prod(a,0,initial=3.0,where=[True,False,True]) np.mean(a,1,where=i<2)
np.clip(a,None,None) np.take(a,[True,False],1) np.linalg.vector_norm(a[:,:0],ord=np.inf)
np.var(a,0,where=i>0) np.std(a,where=a<1,ddof=1) np.max(a,1,initial=.2) np.min(a,where=a>0,initial=9.)
np.max(a,1,initial=-9,where=a<1) np.all(a,where=a>0) np.any(a>0,1,where=i>0) np.mean(a,()) np.var(a,axis=())
np.max(a,axis=()) np.any(i,()) np.linalg.vector_norm(a,axis=()) np.mean(a,dtype=int) np.add.reduce(a,0,initial=1)
np.maximum.reduce(a,initial=.1,where=i>0) np.maximum.accumulate(a,1) np.multiply.accumulate(a) np.cumprod(a)
np.cumprod(i,0) np.logical_and.accumulate(i) np.subtract.accumulate(a,axis=1) np.diff(a,prepend=0)
np.diff(a,append=a[:,:1],n=2) np.einsum(a,[0,1],m,[1,2],[2,0]) np.einsum(a,[0,1],m,[1,2])
np.nansum(n) np.nansum(i,0)
np.nanprod(n,1) np.nanmean(n,0) np.nanvar(n) np.nanstd(n,1,ddof=1) np.nanmax(n,1) np.nanmin(n,0,keepdims=True)
np.nanmax(i) np.nancumsum(n,1) np.nancumprod(n,0) np.nanargmax(n) np.nanargmin(n,1) np.median(a) np.median(a,1)
np.median(t,(0,2),keepdims=True) np.median(n,1) np.median(i) np.quantile(a,.3) np.quantile(t,[.2,.9],(0,1))
np.percentile(a,30,1,keepdims=True) np.percentile(i,[[50]]) np.quantile(n,.5,0) np.pad(a,1,'edge')
np.pad(a,((2,1),(0,1)),mode='reflect') np.pad(t,1,'symmetric') np.pad(a,4,'wrap') np.pad(a,{1:(2,1)})
np.append(a,b) np.append(a,b,1) np.delete(a,1,1) np.delete(a,[0,2]) np.resize(a,(3,3)) np.extract(a>0,a)
np.rollaxis(t,2) np.rollaxis(t,0,3) np.diagflat(v) np.ediff1d(a,to_end=[1,2]) np.unique(a)
np.unique(i,return_counts=True)[1] np.select([a>0,b>0],[a,b],2.) np.partition(v,1) np.argpartition(v,1)
np.isin(i,[1]) np.lexsort(i) np.isposinf(a) np.isneginf(a) np.isreal(a) np.iscomplex(a) np.fix(a)
np.unravel_index(i,(2,3))[0] np.ravel_multi_index([i,i],(3,3)) np.ix_(i[0])[0] np.linalg.matmul(a,m)
np.linalg.outer(v,a[0]) np.linalg.tensordot(a,m,axes=1) np.linalg.trace(t) np.linalg.diagonal(t)
np.linalg.matrix_transpose(t) np.linalg.vecdot(a,b,axis=0) np.linalg.matrix_norm(t) np.linalg.multi_dot([a,m,m.T])
np.linalg.matrix_power(a@b.T,3) np.cross(a,b) np.linalg.cross(a.T,b.T,axis=0) np.kron(a,m) np.kron(v,a)
np.trapezoid(a) np.trapezoid(a,v,axis=1) np.trapezoid(t,dx=.5,axis=0) np.vecdot(a,v) np.matvec(a,v)
np.vecmat(v,m) np.copysign(a,b) np.heaviside(a,b) np.logaddexp2(a,b) np.signbit(a) np.ravel(t.T,'K')
np.ravel(t.T,'A') np.reshape(a.T,(2,3),order='A') np.less(i,-9999999999)
np.average(a,1,v,returned=True)[1] np.average(a,returned=True)[1] np.cbrt(a) np.cbrt(i) np.spacing(a)
np.gcd(i,2) np.lcm(i,3)
np.bitwise_count(i) np.modf(a)[0] np.modf(a)[1] np.insert(a,1,b[0],0) np.insert(a,[0,2],v[0])
np.insert(i,0,1.7,axis=1) np.choose(i,[v,v*2,v*3]) np.block([[a,b],[b,a]]) np.block([v,1.]) np.convolve(v,[1.,2.])
np.convolve(v,a[0],'same') np.convolve(v[:2],v,'valid') np.correlate(v,a[1],'full') np.correlate(v[:2],v,'same')
np.gradient(a)[0] np.gradient(a,.5,axis=1) np.gradient(v) np.einsum('ij->',i,dtype=float)
np.add(i,1,casting='unsafe',dtype='int8') np.stack([a,b],dtype='float32')
np.cumulative_sum(a,axis=1) np.cumulative_sum(v,include_initial=True) np.cumulative_sum(i,axis=0)
np.cumulative_prod(t,axis=-1,include_initial=True) np.cumulative_prod(v) np.cov(a) np.cov(v) np.cov(a,b)
np.cov(m,rowvar=False) np.cov(a,bias=True) np.cov(i,ddof=0) np.corrcoef(m) np.corrcoef(a,b) np.corrcoef(v)
np.interp(v,[-1.,0.,.5],[2.,1.,4.]) np.interp(a,np.sort(v),a[0]) np.interp(v,[0.,.2],[1,3],left=-5,right=b[0,0])
np.interp(a,[0.],[2.]) np.polyval(v,a) np.polyval([1,2,3],v) np.polyval(i[0],i) np.vander(v) np.vander(v,5,True)
np.vander(i[0],2) np.nanmedian(n) np.nanmedian(n,1) np.nanquantile(n,.3,0,keepdims=True) np.nanmedian(a,0)
np.nanquantile(t,[.2,.9],(0,1)) np.nanpercentile(n,[[20],[70]],1) np.linalg.solve(m[:,:3]+Q,v)
np.linalg.solve(m[:,:3]+Q,a.T) np.linalg.solve(t[:,:,:3]+Q,m) np.linalg.inv(m[:,:3]+Q) np.linalg.inv(t[:,:,:3]+Q)
np.linalg.det(m[:,:3]+Q) np.linalg.det(t[:,:,:3]) np.linalg.det(i[:,:2])
"""
EXPRESSIONS = TRIED.split()


def run(expression, inputs):
    return eval(expression, {"np": np, "B0": B, "Q": 3 * np.eye(3), **inputs})


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_values_and_dtypes_are_numpys(expression):
    expected = run(expression, INPUTS)
    found = run(expression, {name: Tensor(x) for name, x in INPUTS.items()})
    assert isinstance(found, Tensor), type(found)
    assert found.shape == np.shape(expected)
    assert found.dtype == np.asarray(expected).dtype
    np.testing.assert_allclose(found.array, expected, rtol=1e-12, atol=1e-12)


SMOOTH = [x for x in EXPRESSIONS if np.asarray(run(x, INPUTS)).dtype == float and not x.startswith("np.prod(i")]


@pytest.mark.parametrize("expression", SMOOTH)
def test_gradients_are_right_twice(expression):
    import re

    used = [n for n in ("v", "a", "b", "m", "t") if re.search(rf"\b{n}\b", expression)]
    if not used or "_like" in expression:
        return
    inputs = {name: Tensor(x) for name, x in INPUTS.items()}

    def function(*xs):
        return run(expression, {**inputs, **dict(zip(used, xs, strict=True))})

    gradcheck(function, [INPUTS[n] for n in used])
    gradgradcheck(function, [INPUTS[n] for n in used], mode="fast")


UNARY = sorted((u for u in UFUNCS if u.nin == 1 and u.nout == 1), key=lambda u: u.__name__)
BINARY = sorted(
    (u for u in UFUNCS if u.nin == 2 and not u.signature and u is not np.divmod), key=lambda u: u.__name__
)
DTYPES = ["bool", "int8", "int64", "uint8", "float16", "float32", "float64"]


def samples(dtype):
    return np.array([[1, 2, 0], [3, 1, 2]]).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("ufunc", UNARY, ids=lambda u: u.__name__)
def test_unary_functions_of_every_dtype(ufunc, dtype):
    x = samples(dtype)
    compare(lambda x: ufunc(x), x)


@pytest.mark.parametrize(
    "dtypes", [(a, b) for a in DTYPES for b in ("bool", "int64", "float16", "float32")], ids=str
)
@pytest.mark.parametrize("ufunc", BINARY, ids=lambda u: u.__name__)
def test_binary_functions_of_every_dtype(ufunc, dtypes):
    compare(lambda x, y: ufunc(x, y), samples(dtypes[0]), samples(dtypes[1])[:1] + samples(dtypes[1])[:1])


@pytest.mark.parametrize("number", [2, 2.0, True], ids=repr)
@pytest.mark.parametrize("ufunc", BINARY, ids=lambda u: u.__name__)
def test_python_numbers_are_weak(ufunc, number):
    for dtype in ("int32", "float32"):
        compare(lambda x: ufunc(x, number), samples(dtype))
        compare(lambda x: ufunc(number, x), samples(dtype))


def compare(function, *arrays):
    """Equal values and dtypes; or NumPy has no such function, and no more have we."""
    with np.errstate(all="ignore"):
        try:
            expected = function(*arrays)
        except (TypeError, ValueError, OverflowError) as error:
            with pytest.raises((type(error), TypeError, ValueError)):
                function(*map(Tensor, arrays))
            return
        found = function(*map(Tensor, arrays))
    assert isinstance(found, Tensor)
    assert found.dtype == expected.dtype
    tolerance = {"float16": 2e-3, "float32": 2e-6}.get(str(expected.dtype), 1e-12)
    np.testing.assert_allclose(found.array, expected, rtol=tolerance, atol=tolerance)


# What is said ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (
            lambda x: np.linalg.svd(x),
            OperandError,
            "numpy.linalg.svd: does not work on tensors; use np.asarray(x.detach()) for their bare values",
        ),
        (
            lambda x: np.frexp(x),
            OperandError,
            "numpy.frexp: does not work on tensors; use np.asarray(x.detach()) for their bare values",
        ),
        (
            lambda x: np.add(x, 1, out=np.zeros((2, 3))),
            OperandError,
            "numpy.add: out is given; a traced result cannot go there. Assign what is returned",
        ),
        (
            lambda x: np.sum(x, out=np.zeros(())),
            OperandError,
            "numpy.sum: out is given; a traced result cannot go there. Assign what is returned",
        ),
        (
            lambda x: np.add(x, 1, where=False),
            OperandError,
            "numpy.add: where is False; does not work on tensors",
        ),
        (
            lambda x: np.max(x, where=True, axis=0, initial=None) + np.max(x, where=x > 0),
            ArgumentError,
            "numpy.max: where is given without initial; what is the max of nothing?",
        ),
        (
            lambda x: np.var(x, dtype=int),
            DTypeError,
            "numpy.var: dtype is int64; must be floating point",
        ),
        (
            lambda x: np.stack([x, x], dtype=int),
            DTypeError,
            "numpy.stack: dtype is int64, an array float64; casting 'same_kind' does not allow it",
        ),
        (lambda x: np.vsplit(x[0], 1), ShapeError, "numpy.vsplit: x is (3,); must have 2 axes or more"),
        (lambda x: np.diff(x, -1), ArgumentError, "numpy.diff: n is -1; must not be negative"),
        (
            lambda x: np.add.accumulate(x.sum()),
            ShapeError,
            "numpy.add.accumulate: x is 0-d; there is no axis to run along",
        ),
        (
            lambda x: np.add.at(x, [0], 1),
            OperandError,
            "numpy.add.at: does not work on tensors; use np.asarray(x.detach())",
        ),
        (
            lambda x: np.squeeze(x, 0),
            ShapeError,
            "numpy.squeeze: axis is 0, a (2, 3); only axes of length 1 can go",
        ),
        (
            lambda x: np.pad(x, 1, "mean"),
            ArgumentError,
            "numpy.pad: mode is 'mean'; must be 'constant', 'edge', 'reflect', 'symmetric' or 'wrap'",
        ),
        (
            lambda x: np.pad(x[:0], 1, "edge"),
            ArgumentError,
            "numpy.pad: mode is 'edge', x (0, 3); an empty axis has nothing to repeat",
        ),
        (
            lambda x: np.quantile(x, 0.5, method="lower"),
            ArgumentError,
            "numpy.quantile: method is 'lower'; must be 'linear'",
        ),
        (
            lambda x: np.percentile(x, 101),
            ArgumentError,
            "numpy.percentile: q is 101, x (6,); must be from 0 to 100, of an element or more",
        ),
        (
            lambda x: np.unique(x, axis=0),
            ArgumentError,
            "numpy.unique: axis is 0; must be None, elements are compared one by one",
        ),
        (
            lambda x: np.select([x > 0], [x, x]),
            ArgumentError,
            "numpy.select: 1 conditions, 2 choices; must be as many",
        ),
        (
            lambda x: np.convolve(x[0], x[0], "all"),
            ArgumentError,
            "numpy.convolve: mode is 'all', lengths 3 and 3; must be 'full', 'same' or 'valid', not 0",
        ),
        (
            lambda x: np.gradient(x, edge_order=2),
            ArgumentError,
            "numpy.gradient: edge_order is 2, steps [1.0, 1.0]; must be 1, and numbers",
        ),
        (
            lambda x: np.gradient(x[:1]),
            ShapeError,
            "numpy.gradient: f is (1, 3); needs 2 elements or more along axis 0",
        ),
        (
            lambda x: np.sum(x, 0, None, np.zeros(3)),
            OperandError,
            "numpy.sum: out is given; a traced result cannot go there. Assign what is returned",
        ),
        (
            lambda x: np.where(x > 0, x),
            ArgumentError,
            "numpy.where: one of x and y is missing; give both, or the condition alone",
        ),
        (lambda x: np.matvec(x[0], x[0]), ShapeError, "numpy.matvec: x is (3,); must have 2 axes or more"),
        (
            lambda x: np.add((x > 0).to("uint8"), -1),
            ArgumentError,
            "numpy.add: -1 is out of bounds for uint8; cast x to a wider dtype",
        ),
        (
            lambda x: np.cross(x.T, x.T),
            ShapeError,
            "numpy.cross: shapes are (3, 2) and (3, 2); must have 3 elements along the axis",
        ),
        (
            lambda x: np.linalg.outer(x, x),
            ShapeError,
            "numpy.linalg.outer: shapes are (2, 3) and (2, 3); must have one axis",
        ),
        (
            lambda x: np.linalg.matrix_power(x, 2),
            ArgumentError,
            "numpy.linalg.matrix_power: n is 2, a (2, 3); needs a square, and n of 1 or more",
        ),
        (
            lambda x: np.split(x, 2, 1),
            ArgumentError,
            "numpy.split: sections is 2; must divide 3, the length of the axis",
        ),
        (
            lambda x: np.linalg.norm(x, "nuc"),
            OperandError,
            "numpy.linalg.norm: ord is 'nuc' over 2 axes; does not work on tensors",
        ),
    ],
)
def test_what_is_said(call, error, text):
    with pytest.raises(error) as caught:
        call(Tensor(A))
    assert str(caught.value) == text


def test_an_array_does_not_take_a_tensor_in_place():
    a = np.zeros(3)
    with pytest.raises(OperandError, match="out is given"):
        a += Tensor(V)


# Questions, and both meanings ------------------------------------------------------------------------------------


def test_names_lie_beside_tensors_in_plots():
    wide, names = np.broadcast_arrays(Tensor(V), np.array(["a", None, "b"], object))
    assert isinstance(wide, Tensor)
    assert names.tolist() == ["a", None, "b"]


def test_quotient_and_rest():
    for expected, found in zip(divmod(A, 0.3), divmod(Tensor(A), 0.3), strict=True):
        np.testing.assert_array_equal(found, expected)
    assert [z.tolist() for z in divmod(7, Tensor([2, 3]))] == [[3, 2], [1, 1]]


def test_questions_are_answered_plainly():
    x = Tensor(A)
    assert np.shape(x) == (2, 3)
    assert (np.ndim(x), np.size(x), np.size(x, 1)) == (2, 6, 3)
    assert np.allclose(x, A)
    assert np.array_equal(x, A)
    assert not np.array_equal(x, x + 1)
    assert np.result_type(x, np.float32) == np.float64
    assert np.array_repr(x) == np.array_repr(A)
    assert not np.iscomplexobj(x)


def test_a_traced_function():
    w = ac.tensor(M, requires_grad=True)
    z = np.maximum(Tensor(A) @ w + 1, 0)
    assert z.requires_grad
    (g,) = grad(np.sum(z), [w])
    np.testing.assert_allclose(g.array, A.T @ (A @ M + 1 > 0))


X = Tensor([[3.0, 1.0], [2.0, 4.0]])
BOTH = {
    "dot": (lambda: ac.dot(X, X), lambda: np.dot(X, X).shape == (2, 2)),
    "exp": (lambda: ac.exp(Tensor([1])).dtype == np.float32, lambda: np.exp(Tensor([1])).dtype == np.float64),
    "flip": (lambda: X.flip(0, 1)[0, 0] == 4, lambda: np.flip(X)[0, 0] == 4),
    "max": (lambda: len(X.max(1)) == 2, lambda: np.max(X, 1).tolist() == [3, 4]),
    "mean": (lambda: Tensor([1]).mean(), lambda: np.mean(Tensor([1])).dtype == np.float64),
    "min": (lambda: len(X.min(1)) == 2, lambda: np.min(X, 1).tolist() == [1, 2]),
    "nonzero": (lambda: X.nonzero().shape == (4, 2), lambda: len(np.nonzero(X)) == 2),
    "pad": (lambda: ac.ops.pad(X, (1, 0)).shape == (2, 3), lambda: np.pad(X, (1, 0)).shape == (3, 3)),
    "repeat": (lambda: X.repeat(2, 1).shape == (4, 2), lambda: np.repeat(X, 2, 1).shape == (2, 4)),
    "size": (lambda: X.size() == (2, 2), lambda: np.size(X) == 4),
    "split": (lambda: len(X.split(2)) == 1, lambda: len(np.split(X, 2)) == 2),
    "squeeze": (lambda: X.squeeze(0).shape == (2, 2), lambda: np.squeeze(X, 0)),
    "std": (lambda: np.isclose(X.std().item(), 1.2909944), lambda: np.isclose(np.std(X).item(), 1.1180340)),
    "transpose": (lambda: X.transpose(0, 0)[0, 1] == 1, lambda: np.transpose(X)[0, 1] == 2),
    "var": (lambda: np.isclose(X.var().item(), 5 / 3), lambda: np.isclose(np.var(X).item(), 5 / 4)),
}


def test_the_table_of_differences_is_complete():
    assert sorted(BOTH) == sorted(DIFFERENT)


@pytest.mark.parametrize("name", sorted(BOTH))
def test_both_meanings(name):
    for meaning, words in zip(BOTH[name], DIFFERENT[name], strict=True):
        if words.startswith(("an error", "of integers: an error", "of vectors only")):
            with pytest.raises((TypeError, ValueError, RuntimeError)):
                meaning()
        else:
            assert meaning()


def test_every_entry_is_tried():
    """Each function of the table stands in an expression above, or in a test of its own."""
    words = " ".join(EXPRESSIONS)
    asked = {
        np.shape, np.ndim, np.size, np.allclose, np.array_equal, np.result_type, np.array_repr, np.iscomplexobj,
    }  # fmt: skip
    like = {np.isrealobj, np.may_share_memory, np.shares_memory, np.array_equiv, np.can_cast, np.digitize}
    rest = {np.array2string, np.array_str, np.save, np.empty_like, np.savez, np.savez_compressed, np.savetxt}
    rest |= {np.min_scalar_type, np.einsum_path}
    missing = [f.__name__ for f in FUNCTIONS if f"{f.__name__}(" not in words and f not in asked | like | rest]
    assert missing == []


# The namespace ---------------------------------------------------------------------------------------------------


def test_the_namespace_gives_tensors():
    import autocnn.numpy as anp

    for found, expected in [
        (anp.zeros((2, 3)), np.zeros((2, 3))),
        (anp.arange(3), np.arange(3)),
        (anp.array([1.0, 2.0]), np.array([1.0, 2.0])),
        (anp.maximum(A, 0), np.maximum(A, 0)),
        (anp.sum(A, axis=1), np.sum(A, axis=1)),
        (anp.linalg.norm(A), np.linalg.norm(A)),
        (anp.asarray([1, 2], np.float32), np.asarray([1, 2], np.float32)),
    ]:
        assert isinstance(found, Tensor)
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found.array, expected)
    assert anp.pi == np.pi
    assert anp.newaxis is None
    assert {"maximum", "sum", "zeros", "pi", "abs", "concat", "true_divide", "tril_indices"} <= set(dir(anp))
    assert {"norm", "solve", "det"} <= set(dir(anp.linalg))
    for name in dir(anp):
        assert getattr(anp, name, anp) is not anp
    assert [i.tolist() for i in anp.tril_indices(2)] == [i.tolist() for i in np.tril_indices(2)]
    assert anp.indices((2, 2)).tolist() == np.indices((2, 2)).tolist()
    with pytest.raises(
        AttributeError, match=r"autocnn.numpy has no 'frexp'; numpy.frexp does not work on tensors"
    ):
        _ = anp.frexp
    with pytest.raises(AttributeError, match=r"autocnn.numpy.linalg has no 'svd'"):
        _ = anp.linalg.svd


def test_nan_has_the_sign_nan():
    x = np.array([np.nan, -2.0, 0.0])
    np.testing.assert_array_equal(np.sign(Tensor(x)).array, np.sign(x))


def test_infinity_has_no_fraction():
    x = np.array([np.inf, -np.inf, np.nan, -1.5])
    for found, expected in zip(np.modf(Tensor(x)), np.modf(x), strict=True):
        np.testing.assert_array_equal(found.array, expected)
