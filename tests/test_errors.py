"""Every error of the library derives from its root and from the builtin that it specialises."""

from __future__ import annotations

import builtins
import inspect

import pytest

from autocnn import errors

BUILTINS = {value for value in vars(builtins).values() if isinstance(value, type) and issubclass(value, Exception)}
ERRORS = [
    value
    for _, value in inspect.getmembers(errors, inspect.isclass)
    if issubclass(value, BaseException) and value.__module__ == errors.__name__
]


def test_there_are_errors() -> None:
    assert errors.AutocnnError in ERRORS
    assert len(ERRORS) > 10


@pytest.mark.parametrize("error", [e for e in ERRORS if e is not errors.AutocnnError], ids=lambda e: e.__name__)
def test_error_is_ours_and_a_builtin(error: type[Exception]) -> None:
    assert issubclass(error, errors.AutocnnError)
    specialised = BUILTINS.intersection(error.__mro__) - {Exception}
    assert specialised, f"{error.__name__} specialises no builtin"


@pytest.mark.parametrize("error", ERRORS, ids=lambda e: e.__name__)
def test_message_is_printed_as_it_was_written(error: type[Exception]) -> None:
    text = "conv2d: kernel 3x3 (dilation 1) does not fit in 2x2 padded by 0"
    assert str(error(text)) == text


def test_a_builtin_handler_catches_ours() -> None:
    with pytest.raises(ValueError, match=r"^pad: width is -1; widths are 0 or more$"):
        raise errors.ShapeError("pad: width is -1; widths are 0 or more")
