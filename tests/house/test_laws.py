"""Each law holds here, and finds the violation planted for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from . import alone, layers, shape, source, words

ROOT = Path(__file__).parents[2]
Law = Callable[[Path], list[str]]

README = "python3 -m venv v && run\n\npython3 -m venv v && install && test\n"
CI = "install='python3 -m venv v && install'\ntest='test'\n"
DOC = '"""Something."""\n'


def long(lines: int, head: str = "def f():") -> str:
    """A definition of so many lines."""
    return "\n".join([head, *["    x = 1"] * (lines - 1)]) + "\n"


# law, a tree that breaks it, what the complaint must contain
PLANTED: list[tuple[Law, dict[str, str], str]] = [
    (
        layers.law_of_imports,
        {"autocnn/engine/a.py": "from autocnn.ops import add"},
        "engine may not import autocnn.ops",
    ),
    (
        layers.law_of_imports,
        {"autocnn/ops/a.py": "def f():\n    from ..nn import x"},
        "ops may not import autocnn.nn",
    ),
    (layers.law_of_imports, {"autocnn/ops/a.py": "from .. import f"}, "ops may not import autocnn"),
    (
        layers.law_of_imports,
        {"autocnn/ops/a.py": "from .. import nn", "autocnn/nn/__init__.py": ""},
        "ops may not import autocnn.nn",
    ),
    (
        layers.law_of_imports,
        {"autocnn/viz/a.py": "import autocnn.engine.tape"},
        "viz may not import autocnn.engine.tape",
    ),
    (
        layers.law_of_imports,
        {"autocnn/graph/text.py": "from ..engine import f"},
        "may not import autocnn.engine",
    ),
    (
        layers.law_of_imports,
        {"autocnn/graph/data.py": "from ..types import Shape"},
        "may not import autocnn.types",
    ),
    (
        layers.law_of_imports,
        {"autocnn/graph/data.py": "from .trace import f"},
        "may not import autocnn.graph.trace",
    ),
    (
        layers.law_of_imports,
        {"autocnn/flow/a.py": "from ..models import f"},
        "flow may not import autocnn.models",
    ),
    (
        layers.law_of_imports,
        {"autocnn/types.py": "from .errors import f"},
        "types may not import autocnn.errors",
    ),
    (
        layers.law_of_imports,
        {"autocnn/nn/a.py": "if TYPE_CHECKING:\n    from ..models import f"},
        "nn may not import autocnn.models",
    ),
    (
        layers.law_of_imports,
        {"autocnn/nn/a.py": "import_module('autocnn.flow')"},
        "nn may not import autocnn.flow",
    ),
    (layers.law_of_imports, {"autocnn/attic.py": ""}, "attic is no layer"),
    (
        layers.no_cycles,
        {"autocnn/ops/a.py": "from .b import f", "autocnn/ops/b.py": "def f():\n    from .a import g"},
        "autocnn.ops.a -> autocnn.ops.b -> autocnn.ops.a",
    ),
    (
        layers.no_cycles,
        {"autocnn/ops/__init__.py": "from .a import f", "autocnn/ops/a.py": "from autocnn.ops import g"},
        "autocnn.ops -> autocnn.ops.a -> autocnn.ops",
    ),
    (layers.cupy_lives_in_backend, {"autocnn/ops/a.py": "import cupy as cp"}, "ops/a.py:1: cupy"),
    (layers.cupy_lives_in_backend, {"autocnn/ops/a.py": "\nf('cupy')"}, "ops/a.py:2: cupy"),
    (layers.nothing_pickled, {"autocnn/a.py": "def f():\n    import pickle"}, "a.py:2: pickled"),
    (layers.nothing_pickled, {"autocnn/a.py": "load(p, allow_pickle=True)"}, "a.py:1: pickled"),
    (shape.small_files, {"autocnn/a.py": "x = 1\n" * 501}, "a.py: 501 lines"),
    (shape.small_functions, {"tests/a.py": long(61)}, "a.py:1: f has 61 lines"),
    (shape.small_functions, {"autocnn/a.py": long(301, "class Tensor:")}, "Tensor has 301 lines"),
    (shape.telling_names, {"autocnn/nn/utils.py": ""}, "utils.py says nothing"),
    (shape.telling_names, {"autocnn/_conv_helpers/a.py": ""}, "_conv_helpers says nothing"),
    (shape.tests_are_packages, {"tests/ops/test_a.py": ""}, "tests/ops: no __init__.py"),
    (shape.docstrings, {"autocnn/a.py": "x = 1"}, "the module has no docstring"),
    (shape.docstrings, {"autocnn/a.py": DOC + "def f(): ..."}, "a.py:2: f has no docstring"),
    (
        shape.docstrings,
        {"autocnn/a.py": DOC + "class A:\n    'A.'\n    def f(self): ..."},
        "A.f has no docstring",
    ),
    (
        shape.nothing_swallowed,
        {"autocnn/a.py": "try:\n    f()\nexcept Exception:\n    pass"},
        "a.py:3: a handler",
    ),
    (shape.nothing_swallowed, {"autocnn/a.py": "raise NotImplementedError('later')"}, "a.py:1: something"),
    (words.no_promises, {"docs/a.md": "\n# TO" + "DO: more"}, "docs/a.md:2: promises"),
    (words.no_hosts, {".ci/run": "pip -i https://py" + "pi.org/simple"}, ".ci/run:1: names a registry"),
    (words.no_machine_paths, {"README.md": "see /wo" + "rk/main"}, "README.md:1: names a folder"),
    (
        words.readme_and_ci_agree,
        {"README.md": README, ".ci/run": CI.replace("'test'", "'pass'")},
        ".ci/run does",
    ),
    (words.readme_and_ci_agree, {"README.md": "nothing", ".ci/run": CI}, "0 commands"),
    (alone.imports_alone, {"autocnn/__init__.py": "import rich"}, "No module named 'rich'"),
    (
        alone.imports_alone,
        {"autocnn/__init__.py": "try:\n    import cupy\nexcept ImportError:\n    cupy = None"},
        "tries to import cupy",
    ),
]
LAWS = sorted({law for law, _, _ in PLANTED}, key=lambda law: law.__name__)

KEPT: list[tuple[Law, dict[str, str]]] = [
    (
        layers.law_of_imports,
        {"autocnn/ops/a.py": "import numpy as np\nfrom ..engine import f\nfrom .b import g"},
    ),
    (layers.law_of_imports, {"autocnn/cli/a.py": "import autocnn\nfrom ..flow import f"}),
    (layers.law_of_imports, {"autocnn/models/a.py": "if TYPE_CHECKING:\n    from ..engine import Tensor"}),
    (
        layers.law_of_imports,
        {"autocnn/graph/text.py": "from .data import Graph\nfrom ..errors import GraphError"},
    ),
    (
        layers.cupy_lives_in_backend,
        {"autocnn/types.py": '"""NumPy or cupy arrays."""', "autocnn/backend/a.py": "import cupy"},
    ),
    (layers.nothing_pickled, {"autocnn/a.py": "load(p, allow_pickle=False)"}),
    (
        layers.no_cycles,
        {"autocnn/ops/a.py": "from .b import f\nfrom .c import f", "autocnn/ops/b.py": "from .c import f"},
    ),
    (shape.small_functions, {"autocnn/a.py": long(60) + long(400, "class Kernel:")}),
    (shape.docstrings, {"autocnn/a.py": DOC + "def _f(): ...\n@overload\ndef g(): ..."}),
    (words.readme_and_ci_agree, {"README.md": README, ".ci/run": CI}),
    (alone.imports_alone, {"autocnn/__init__.py": "import json, numpy"}),
]


def plant(root: Path, tree: dict[str, str]) -> Path:
    """Write the tree under the root."""
    for name, text in tree.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_law_holds(law: Law) -> None:
    complaints = law(ROOT)
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize(("law", "tree", "said"), PLANTED, ids=lambda x: getattr(x, "__name__", ""))
def test_law_finds_what_breaks_it(tmp_path: Path, law: Law, tree: dict[str, str], said: str) -> None:
    complaints = law(plant(tmp_path, tree))
    assert any(said in complaint for complaint in complaints), complaints


@pytest.mark.parametrize(("law", "tree"), KEPT, ids=lambda x: getattr(x, "__name__", ""))
def test_law_lets_good_code_pass(tmp_path: Path, law: Law, tree: dict[str, str]) -> None:
    assert law(plant(tmp_path, tree)) == []


def test_laws_look_at_the_whole_repository() -> None:
    names = {module.name for module in source.modules(ROOT)}
    assert {"autocnn", "autocnn.errors", "autocnn.types"} <= names
    seen = {path.relative_to(ROOT).as_posix() for path, _ in source.texts(ROOT)}
    assert {"README.md", "setup.cfg", ".ci/run", "autocnn/errors.py", "tests/house/test_laws.py"} <= seen
