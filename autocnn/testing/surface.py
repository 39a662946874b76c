"""What CuPy 14 offers of NumPy's interface: names, and the parameters that its functions take.

Anything that is not listed here does not exist on the stand-in device, as it does not exist on a GPU. Files,
polynomials, printing and the like are left out: no op has business with them.
"""

from __future__ import annotations


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_REDUCE = "a axis out keepdims"
_SUM = "a axis dtype out keepdims"
_SPREAD = "a axis dtype out ddof keepdims"
_SCAN = "a axis dtype out"
_LIKE = "a dtype order subok shape"
_JOIN = "tup axis out dtype casting"

UFUNCS = _names(
    """abs absolute acos acosh add arccos arccosh arcsin arcsinh arctan arctan2 arctanh asin asinh atan atan2 atanh
    bitwise_and bitwise_count bitwise_invert bitwise_left_shift bitwise_not bitwise_or bitwise_right_shift
    bitwise_xor cbrt ceil conj conjugate copysign cos cosh deg2rad degrees divide divmod equal exp exp2 expm1
    fabs float_power floor floor_divide fmax fmin fmod frexp gcd greater greater_equal heaviside hypot invert
    isfinite isinf isnan lcm ldexp left_shift less less_equal log log10 log1p log2 logaddexp logaddexp2
    logical_and logical_not logical_or logical_xor maximum minimum mod modf multiply negative nextafter
    not_equal positive pow power rad2deg radians reciprocal remainder right_shift rint sign signbit sin sinh
    sqrt square subtract tan tanh true_divide trunc"""
)
"""Elementwise functions: they take arrays and numbers, and `out`, `dtype`, `casting`."""

UFUNC_METHODS = {
    "at": _names("add subtract maximum minimum bitwise_and bitwise_or bitwise_xor"),
    "reduce": frozenset(("add", "multiply")),
    "accumulate": frozenset(("add", "multiply")),
    "reduceat": frozenset(("add",)),
}
"""Which ufuncs have a method; `outer` belongs to all."""

CONSTANTS = _names(
    """bool bool_ dtype e euler_gamma finfo float16 float32 float64 floating generic iinfo inexact inf int16 int32
    int64 int8 int_ intp integer nan newaxis number pi signedinteger uint16 uint32 uint64 uint8 unsignedinteger"""
)
"""Types and numbers, which are NumPy's own."""

QUESTIONS = _names("broadcast_shapes can_cast issubdtype promote_types result_type isscalar iterable")
"""Functions that answer about shapes and dtypes, not with arrays."""

FUNCTIONS: dict[str, str] = {
    "all": _REDUCE,
    "allclose": "a b rtol atol equal_nan",
    "amax": _REDUCE,
    "amin": _REDUCE,
    "any": _REDUCE,
    "append": "arr values axis",
    "arange": "start stop step dtype",
    "argmax": _SUM,
    "argmin": _SUM,
    "argpartition": "a kth axis",
    "argsort": "a axis kind",
    "argwhere": "a",
    "around": "a decimals out",
    "array_equal": "a1 a2 equal_nan",
    "ascontiguousarray": "a dtype",
    "asfortranarray": "a dtype",
    "astype": "x dtype copy",
    "atleast_1d": "*",
    "atleast_2d": "*",
    "atleast_3d": "*",
    "average": "a axis weights returned keepdims",
    "bincount": "x weights minlength",
    "broadcast_arrays": "*",
    "broadcast_to": "array shape",
    "clip": "a a_min a_max out",
    "column_stack": "tup",
    "compress": "condition a axis out",
    "concat": _JOIN,
    "concatenate": _JOIN,
    "copy": "a order",
    "copyto": "dst src casting where",
    "count_nonzero": "a axis",
    "cumprod": _SCAN,
    "cumsum": _SCAN,
    "cumulative_sum": "x axis dtype out include_initial",
    "delete": "arr indices axis",
    "diag": "v k",
    "diagonal": "a offset axis1 axis2",
    "diff": "a n axis prepend append",
    "digitize": "x bins right",
    "dot": "a b out",
    "dstack": "tup",
    "einsum": "* dtype optimize",
    "empty": "shape dtype order",
    "empty_like": "prototype dtype order subok shape",
    "expand_dims": "a axis",
    "extract": "condition a",
    "eye": "N M k dtype order",
    "flatnonzero": "a",
    "flip": "a axis",
    "fliplr": "a",
    "flipud": "a",
    "full": "shape fill_value dtype order",
    "full_like": "a fill_value dtype order subok shape",
    "hstack": "tup dtype casting",
    "identity": "n dtype",
    "indices": "dimensions dtype",
    "inner": "a b",
    "isclose": "a b rtol atol equal_nan",
    "isin": "element test_elements assume_unique invert",
    "kron": "a b",
    "linspace": "start stop num endpoint retstep dtype axis",
    "logspace": "start stop num endpoint base dtype axis",
    "matmul": "* dtype out",
    "matrix_transpose": "x",
    "max": _REDUCE,
    "may_share_memory": "a b",
    "mean": _SUM,
    "median": "a axis out overwrite_input keepdims",
    "meshgrid": "* indexing sparse copy",
    "min": _REDUCE,
    "moveaxis": "a source destination",
    "nan_to_num": "x copy nan posinf neginf",
    "nanmax": _REDUCE,
    "nanmin": _REDUCE,
    "nansum": _SUM,
    "ndim": "a",
    "nonzero": "a",
    "ones": "shape dtype order",
    "ones_like": _LIKE,
    "outer": "a b out",
    "packbits": "a axis bitorder",
    "pad": "array pad_width mode constant_values stat_length end_values reflect_type",
    "partition": "a kth axis",
    "permute_dims": "a axes",
    "prod": _SUM,
    "ptp": _REDUCE,
    "put": "a ind v mode",
    "put_along_axis": "arr indices values axis",
    "putmask": "a mask values",
    "ravel": "a order",
    "ravel_multi_index": "multi_index dims mode order",
    "repeat": "a repeats axis",
    "reshape": "a newshape order copy",
    "roll": "a shift axis",
    "rollaxis": "a axis start",
    "rot90": "a k axes",
    "round": "a decimals out",
    "searchsorted": "a v side sorter",
    "select": "condlist choicelist default",
    "shape": "a",
    "shares_memory": "a b",
    "size": "a",
    "sort": "a axis kind",
    "split": "ary indices_or_sections axis",
    "squeeze": "a axis",
    "stack": _JOIN,
    "std": _SPREAD,
    "sum": _SUM,
    "swapaxes": "a axis1 axis2",
    "take": "a indices axis out",
    "take_along_axis": "a indices axis",
    "tensordot": "a b axes",
    "tile": "A reps",
    "trace": "a offset axis1 axis2 dtype out",
    "transpose": "a axes",
    "tri": "N M k dtype",
    "tril": "m k",
    "triu": "m k",
    "unique": "ar return_index return_inverse return_counts axis equal_nan",
    "unpackbits": "a axis bitorder",
    "unravel_index": "indices dims order",
    "var": _SPREAD,
    "vdot": "a b",
    "vstack": "tup dtype casting",
    "where": "condition x y",
    "zeros": "shape dtype order",
    "zeros_like": _LIKE,
}
"""Functions on arrays and their parameters; ``*`` stands for any number of positional ones."""

METHODS = _names(
    """all any argmax argmin argsort clip cumprod cumsum diagonal dot fill flatten max mean min nonzero prod ptp
    put ravel repeat reshape round sort squeeze std sum swapaxes take trace transpose var view"""
)
"""Methods of arrays that do what NumPy's do."""

LINALG = _names("cholesky det eigh eigvalsh inv lstsq norm pinv qr slogdet solve svd")
"""Functions of the submodule `linalg`."""
