"""What is to be known of a network before a word is said of its signal: numbers that are none, and false zeros."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from autocnn.cli.study.networks import twins_of

if TYPE_CHECKING:
    from autocnn.cli.study.document import Study


def strange(study: Study) -> dict[str, str]:
    """The networks of the first seed whose numbers are not finite as they begin, and where that begins."""
    from autocnn import flow

    ill = [twin.name for twin in _first(study) if not _finite(twin.moments[0])]
    if not ill:
        return {}
    nets, batch = _begun(study)
    return {name: _place(flow.diagnose(nets[name], *batch)) for name in ill}


def rounded(study: Study) -> list[str]:
    """The networks whose gradient at the first block is zero in float32 alone, and not if it is rescaled."""
    zero = [twin.name for twin in _first(study) if twin.moments[0].blocks and twin.moments[0].ratio == 0]
    if not zero:
        return []
    nets, batch = _begun(study)
    path = study.paths[0] if study.paths else "blocks.0"
    return [name for name in zero if _is_there(nets[name], batch, path)]


def _is_there(net: Any, batch: Any, path: str) -> bool:
    from autocnn import flow

    run = flow.run(net, *batch)
    vertex = run.vertex(path)
    return bool((run.scaled_gradients([vertex])[vertex].array != 0).any())


def _first(study: Study) -> list[Any]:
    """What was measured of the networks of the first seed."""
    twins = study.twins.twins if study.twins else []
    return [twin for twin in twins if twin.seed == study.settings.seeds[0] and twin.moments]


def _begun(study: Study) -> tuple[dict[str, Any], Any]:
    seed = study.settings.seeds[0]
    return twins_of(study.settings, study.images, seed), next(study.images.batches(seed))


def _finite(moment: Any) -> bool:
    return math.isfinite(moment.loss) and not any(block.strange for block in moment.blocks)


def _place(diagnosis: Any) -> str:
    """Where the first number is that is none."""
    places = [at for verdict in diagnosis.verdicts if verdict.kind == "non-finite" for at in verdict.places]
    return str(places[0]) if places else ""
