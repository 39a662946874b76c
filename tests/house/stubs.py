"""The stub from which type checkers and editors know the methods of Tensor that `ops` adds at run time.

`autocnn/engine/methods.pyi` declares a class `Methods`, which type checkers take for a base of Tensor (at run time
there is none). So `tensor.py` itself stays checked, which a `tensor.pyi` beside it would prevent.

Write it anew with `python -m tests.house.stubs`; a test fails while it is not what this would write.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import autocnn
from autocnn.engine.tensor import METHODS

PATH = Path(autocnn.__file__).parent / "engine" / "methods.pyi"

HEAD = '''"""Methods of Tensor that the ops add at run time: written by `python -m tests.house.stubs`."""

# fmt: off
{imports}

_bool = bool
_float = float
_int = int

class Methods:
'''
HOMES = {
    "collections.abc": ("Callable", "Sequence"),
    "typing": ("Any",),
    "autocnn.backend.random": ("Generator",),
    "autocnn.engine.tensor": ("Tensor",),
    "autocnn.types": ("Array", "Axes", "DType", "Shape", "Size"),
}
"""Where the types of the annotations live."""
KNOWN = {
    "None",
    "bool",
    "float",
    "int",
    "str",
    "tuple",
    "list",
    *(name for names in HOMES.values() for name in names),
}
HIDDEN = re.compile(r"\b(bool|float|int)\b")
"""Types that methods of the same name hide inside the class."""
WIDTH = 115


def stub() -> str:
    """The text of the stub."""
    body = "\n".join(_entry(name, METHODS[name]) for name in sorted(METHODS))
    used = set(re.findall(r"\w+", re.sub(r'""".*?"""', "", body)))
    lines = []
    for home, names in HOMES.items():
        wanted = [name for name in names if name in used]
        if wanted:
            lines.append(f"from {home} import {', '.join(wanted)}")
        if home == "typing":
            lines.append("")
    return HEAD.format(imports="\n".join(lines)) + body


def _entry(name: str, what: Any) -> str:
    if isinstance(what, property):
        getter: Any = what.fget
        result = _type(inspect.signature(getter).return_annotation)
        return f"    @property\n    def {name}(self) -> {result}:\n        {_doc(getter)}\n"
    pure = METHODS.get(_pure(name), what)  # what is spelled in place takes the same arguments
    signature = inspect.signature(pure)
    parameters = ["self", *_parameters(signature, pure)]
    returns = _type(signature.return_annotation)
    line = f"    def {name}({', '.join(parameters)}) -> {returns}:"
    if len(line) > WIDTH:
        listed = "".join(f"        {p},\n" for p in parameters)
        line = f"    def {name}(\n{listed}    ) -> {returns}:"
    return f"{line}\n        {_doc(what)}\n"


def _pure(name: str) -> str:
    """`add` for `add_`, `__add__` for `__iadd__`."""
    if name.startswith("__i") and name.endswith("__"):
        return f"__{name[3:]}"
    return name[:-1] if name.endswith("_") and not name.endswith("__") else name


def _parameters(signature: inspect.Signature, function: Callable[..., Any]) -> list[str]:
    listed = list(signature.parameters.values())[1:]
    after = listed[_place(listed, "dim") + 1 :]
    both = _takes_numpy_names(function) and all(p.default is not p.empty for p in after)
    written = []
    starred = False
    for p in listed:
        if p.kind is p.VAR_KEYWORD:
            written.append(f"**{p.name}: {_type(p.annotation)}")
            continue
        if p.kind is p.VAR_POSITIONAL:
            starred = True
            named = getattr(function, "named", None)  # sizes that may be given by name too
            written += [f"*args: {_type(p.annotation)}", f"{named}: Any = ..."] if named else [f"*{p.name}: Any"]
            continue
        if p.kind is p.KEYWORD_ONLY and not starred:
            starred = True
            written.append("*")
        optional = p.default is not p.empty or (both and p.name == "dim")
        written.append(f"{p.name}: {_type(p.annotation)}" + (f" = {_default(p.default)}" if optional else ""))
    if both:
        written += [*([] if starred else ["*"]), "axis: Axes = ..."]
        written += ["keepdims: _bool = ..."] if _place(listed, "keepdim") >= 0 else []
    return written


def _place(parameters: list[inspect.Parameter], name: str) -> int:
    return next((i for i, p in enumerate(parameters) if p.name == name), -1)


def _takes_numpy_names(function: Any) -> bool:
    return hasattr(function, "__wrapped__") and function.__code__.co_name == "either"


def _type(annotation: Any) -> str:
    if not isinstance(annotation, str) or set(re.findall(r"[A-Za-z_]\w*", annotation)) - KNOWN:
        return "Any"
    return HIDDEN.sub(r"_\1", annotation)


def _default(value: Any) -> str:
    return repr(value) if value is None or isinstance(value, (bool, int, float, str)) else "..."


def _doc(function: Any) -> str:
    first = (inspect.getdoc(function) or "").partition("\n")[0]
    return f'"""{first}"""' if first and len(first) < WIDTH - 14 and "\\" not in first else "..."


if __name__ == "__main__":
    if "check" in sys.argv:
        sys.exit(PATH.read_text(encoding="utf-8") != stub())
    PATH.write_text(stub(), encoding="utf-8")
