"""Documents of studies with numbers of our choice, for the tests of the page and its sentences."""

from __future__ import annotations

import math
from typing import Any

STEPS = (1, 2, 4, 8, 64)
BLOCKS = 9


def run(network: str, seed: int, share: float, accuracy: float, **more: Any) -> dict[str, Any]:
    """One network of one seed, whose first block gets this share of the gradient, at every step."""
    if share > 0 and math.isfinite(share):
        row: list[Any] = [share ** (1 - i / (BLOCKS - 1)) for i in range(BLOCKS)]
    else:
        first = {0.0: 0.0, math.inf: "inf"}.get(share)
        row = [first, *([1.0] * (BLOCKS - 1))]
    scores = [[0, 0.1], *([step, 0.1 + (accuracy - 0.1) * step / STEPS[-1]] for step in STEPS)]
    made = {"network": network, "seed": seed, "steps": list(STEPS), "gradient": [row] * len(STEPS)}
    return {**made, "accuracy": scores, "finished": True, "diverged": None, **more}


def study(
    plain: tuple[float, float] = (1.2e-18, 0.10),
    skip: tuple[float, float] = (0.15, 0.85),
    seeds: int = 1,
    **more: Any,
) -> dict[str, Any]:
    """A study of two networks, each with the share that arrives and the accuracy that it ends with."""
    runs = [
        run(name, seed, share * (1 + seed / 10), accuracy)
        for seed in range(seeds)
        for name, (share, accuracy) in (("plain", plain), ("skip", skip))
    ]
    about = {"chance": 0.1, "steps": STEPS[-1], "batch": 64, "depth": 2 * BLOCKS + 2}
    return {"format": "autocnn.study", "version": 1, "partial": False, "about": about, "runs": runs, **more}


def cures(**ratios: float) -> list[dict[str, Any]]:
    """Cells of the table: `plain_default=1e-14`, `skip_batch_norm=20.0` ..."""
    cells = []
    for name, ratio in ratios.items():
        row, _, column = name.partition("_")
        cells.append({"skips": row == "skip", "column": column.replace("_", " "), "ratio": ratio, "accuracy": 0.5})
    return cells


SECTION = {
    "id": "toy",
    "question": "What is <this>?",
    "answer": "2^27 paths, 1 part in 10^18.",
    "figures": [
        {
            "kind": "lines", "title": "lines", "x": {"label": "block"}, "y": {"label": "size", "log": True},
            "series": [
                {"name": "a", "x": [1, 2, 3], "y": [1e-9, 0.0, "inf"], "color": "plain", "dash": True},
                {"name": "b", "x": [1, 2, 3], "y": [1.0, None, 2.0], "low": [0.5, 1, 1], "high": [2, 3, 4]},
            ],
            "rules": [{"y": 1, "label": "one"}],
        },
        {"kind": "bars", "title": "bars", "categories": ["x", "y"], "series": [{"name": "s", "y": [1, -2]}]},
        {"kind": "grid", "title": "grid", "rows": ["r"], "columns": ["p", "q"], "values": [[0.5, -1]]},
        {"kind": "image", "title": "image", "svg": "<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>"},
    ],
    "table": [{"block": 1, "share": 1e-12, "name": "<b>"}],
    "note": "A note.",
}  # fmt: skip
