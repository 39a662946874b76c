"""Pages that the site has beside those in this folder: the reference, and the examples. A hook of mkdocs.yml.

The reference is asked of the live objects, not of files, because many public names are made on import: networks by
`functools.partial`, methods from the table of ops, PyTorch's second names.
"""

from __future__ import annotations

import importlib
import inspect
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
PACKAGES = (
    "autocnn", "autocnn.nn", "autocnn.nn.functional", "autocnn.nn.init", "autocnn.optim",
    "autocnn.optim.lr_scheduler", "autocnn.data", "autocnn.train", "autocnn.models", "autocnn.autograd",
    "autocnn.func", "autocnn.numpy", "autocnn.graph", "autocnn.graph.analysis", "autocnn.graph.transform",
    "autocnn.viz", "autocnn.flow", "autocnn.inspect", "autocnn.profiling", "autocnn.compat", "autocnn.testing",
)  # fmt: skip
CODE_OR_MARK = re.compile(r"(`+)(.+?)\1|[\[\]*_<>#\\]", re.DOTALL)
TYPED = re.compile(r"^```python\n(?=(?:(?!```)[^\n]*\n)*?>>> )", re.MULTILINE)
"""The start of a block of Python that shows what is typed and what comes out."""
WIDE = 88


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Called by MkDocs: add the pages."""
    from mkdocs.structure.files import File

    for package in PACKAGES:
        files.append(File.generated(config, f"reference/{package}.md", content=page(package)))
    files.append(File.generated(config, "examples.md", content=examples()))
    return files


def on_page_markdown(markdown: str, **kwargs: Any) -> str:
    """Called by MkDocs: links to the examples' files lead to the page of the examples; output is no Python."""
    markdown = TYPED.sub("```pycon\n", markdown)
    markdown = re.sub(r"\]\(\.\./examples/(\w+)\.py\)", r"](examples.md#\1)", markdown)
    return markdown.replace("](../examples)", "](examples.md)")


def examples() -> str:
    """One page with every numbered example."""
    paths = sorted(EXAMPLES.glob("[0-9]*.py"))
    shown = (f"## {path.stem} {{#{path.stem}}}\n\n```python\n{path.read_text('utf-8')}```\n" for path in paths)
    return "\n".join(["# Examples\n", "Short scripts, each run by the tests.\n", *shown])


def public(module: ModuleType) -> list[str]:
    """The public names of a package: what it says itself, and imports when asked; else what is made in it."""
    if hasattr(module, "__all__"):
        later = [name for table in ("_LATER", "_TOOLS") for name in vars(module).get(table, ())]
        return sorted({*module.__all__, *later})
    if "__dir__" in vars(module):
        return dir(module)
    return [name for name, thing in vars(module).items() if name[0] != "_" and made_in(thing, module)]


def made_in(thing: object, module: ModuleType) -> bool:
    """Whether a function or class was defined in a module."""
    return getattr(thing, "__module__", None) == module.__name__


def page(package: str) -> str:
    """The reference of one package: what it is for, its names, and each of them."""
    module = importlib.import_module(package)
    names = sorted(public(module), key=lambda name: (name.lower(), name))
    links = " · ".join(f"[`{name}`](#{package}.{name})" for name in names)
    entries = (line for name in names for line in entry(package, name, getattr(module, name)))
    return "\n\n".join([f"# {package}", prose(inspect.getdoc(module) or ""), links, *entries]) + "\n"


def entry(package: str, name: str, thing: Any) -> Iterator[str]:
    """One name: a heading, how it is called, what its docstring says, and its methods."""
    address = f"{package}.{name}"
    yield f"### {prose(name)} {{#{address}}}"
    if isinstance(thing, ModuleType):
        told = thing.__name__ in PACKAGES
        yield f"See [{thing.__name__}]({thing.__name__}.md)." if told else prose(inspect.getdoc(thing) or "")
    elif getattr(thing, "__name__", "") == "<lambda>":
        yield f"`numpy.{name}`, for tensors."
    elif not callable(thing) or (type(thing).__module__ or "").startswith("numpy"):
        yield f"`{thing!r}`"
    else:
        yield from said(name, thing)
        if inspect.isclass(thing):
            for method, function in methods(thing):
                yield f"#### {prose(name)}.{prose(method)} {{#{address}.{method}}}"
                yield from said(method, function)


def said(name: str, thing: Any) -> Iterator[str]:
    """How a thing is called, and its docstring; a `partial` has that of its function."""
    if callable(thing):
        yield f"```python\n{call(name, thing)}\n```"
    yield prose(inspect.getdoc(getattr(thing, "func", thing)) or "")


def methods(owner: type) -> Iterator[tuple[str, Any]]:
    """The public methods and properties of a class, with those of its private bases."""
    private = [base for base in owner.__mro__ if base is owner or base.__name__.startswith("_")]
    found = {name: thing for base in reversed(private) for name, thing in vars(base).items() if name[0] != "_"}
    for name, thing in sorted(found.items()):
        if isinstance(thing, property):
            yield name, thing
        elif inspect.isroutine(thing):
            yield name, getattr(owner, name)


class Bare(str):
    """A text whose repr has no quotes, so that a signature shows `int` and not `'int'`."""

    __repr__ = str.__str__


def call(name: str, thing: Any) -> str:
    """Name and arguments, as they are written; on as many lines as they need."""
    try:
        signature = inspect.signature(thing)
    except ValueError:  # of a class that is made in C
        return name
    returned = signature.return_annotation
    returned = signature.empty if inspect.isclass(thing) or not isinstance(returned, str) else Bare(returned)
    parameters = [bare(parameter) for parameter in signature.parameters.values() if parameter.name != "self"]
    line = f"{name}{signature.replace(parameters=parameters, return_annotation=returned)}"
    held = re.sub("(?<!,) ", "\0", line)  # so that lines break behind commas only
    lines = textwrap.wrap(held, WIDE, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines).replace("\0", " ")


def bare(parameter: inspect.Parameter) -> inspect.Parameter:
    """A parameter that shows its annotation and default as they are written."""
    annotation, default = parameter.annotation, parameter.default
    if isinstance(annotation, str):
        annotation = Bare(annotation)
    if default is not parameter.empty and hasattr(default, "__name__"):
        default = Bare(default.__name__)
    return parameter.replace(annotation=annotation, default=default)


def prose(docstring: str) -> str:
    """A docstring as Markdown: examples become code; marks that Markdown would take for its own stay."""
    paragraphs = re.sub(r":(?:func|class):", "", docstring).split("\n\n")
    return "\n\n".join(map(paragraph, paragraphs))


def paragraph(text: str) -> str:
    """One paragraph; what is indented is a formula, and stays."""
    before, prompt, example = text.partition(">>> ")
    if prompt and not before.strip():
        return f"```python\n{before}{prompt}{example}\n```"
    if text.startswith("    "):
        return text
    return CODE_OR_MARK.sub(lambda found: found.group(0) if found.group(1) else "\\" + found.group(0), text)
