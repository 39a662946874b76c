"""Tidy tables: as CSV, and over seeds."""

from __future__ import annotations

import csv
import io
import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any


def csv_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as CSV, with every column that one of them has; what a row lacks is empty.

    >>> csv_text([{"depth": 8, "ratio": 0.5}, {"depth": 9, "why": "inf"}])
    'depth,ratio,why\\n8,0.5,\\n9,,inf\\n'
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(key for row in rows for key in row)), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def spread(
    settings: Sequence[Mapping[str, Any]], results: Sequence[Mapping[str, Any]], over: str
) -> list[dict[str, Any]]:
    """Rows of cells that differ in one setting, taken together.

    >>> spread([{"seed": 0}, {"seed": 1}], [{"loss": 1.0}, {"loss": 3.0}], "seed")
    [{'loss': 2.0, 'loss_least': 1.0, 'loss_most': 3.0, 'count': 2}]
    """
    groups: dict[str, list[int]] = {}
    for number, setting in enumerate(settings):
        rest = {key: value for key, value in setting.items() if key != over}
        groups.setdefault(json.dumps(rest, sort_keys=True), []).append(number)
    return [_together(settings, results, over, numbers) for numbers in groups.values()]


def _together(
    settings: Sequence[Mapping[str, Any]], results: Sequence[Mapping[str, Any]], over: str, numbers: list[int]
) -> dict[str, Any]:
    row = {key: value for key, value in settings[numbers[0]].items() if key != over}
    for key in dict.fromkeys(key for number in numbers for key in results[number]):
        row |= _summary(key, [results[number][key] for number in numbers if key in results[number]])
    return {**row, "count": len(numbers)}


def _summary(key: str, values: Iterable[Any]) -> dict[str, Any]:
    values = list(values)
    if any(isinstance(value, str) for value in values):
        counts = Counter(map(str, values))
        said = [text if len(counts) == 1 else f"{text} {n}" for text, n in counts.most_common()]
        return {key: ", ".join(said)}
    known = [value for value in values if not math.isnan(value)] or [math.nan]
    return {key: median(known), f"{key}_least": min(known), f"{key}_most": max(known)}
