"""Every network of the zoo gets the verdicts that are known, no other and none less."""

from __future__ import annotations

import json

import pytest

from autocnn import flow

from . import truth
from .broken import BROKEN
from .entry import Entry
from .last import LAST
from .later import LATER
from .latest import LATEST
from .newest import NEWEST
from .plain import PLAIN
from .skips import SKIPS
from .wild import WILD

ZOO = [*PLAIN, *SKIPS, *BROKEN, *WILD, *LATER, *LATEST, *NEWEST, *LAST]
COMPUTED = [entry for entry in ZOO if entry.stations is not None]


def test_names_are_unique() -> None:
    names = [entry.name for entry in ZOO]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("entry", ZOO, ids=lambda entry: entry.name)
def test_verdicts(entry: Entry) -> None:
    found = flow.diagnose(*entry.case(), loss=entry.loss)
    assert found.kinds == entry.expect, str(found)
    if entry.place:
        assert any(entry.place in place for place in found.verdicts[0].places), str(found)
    for verdict in found.verdicts:
        assert verdict.cause
        assert verdict.mend
    json.dumps(found.to_dict(), allow_nan=False)


@pytest.mark.parametrize("entry", COMPUTED, ids=lambda entry: entry.name)
def test_the_table_is_true(entry: Entry) -> None:
    assert truth.kinds(entry) == entry.expect
