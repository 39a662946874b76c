"""A study that runs, and the document that it leaves: what the page shows, as plain numbers and sentences."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from autocnn.cli.study import cures, ills
from autocnn.cli.study.bars import Bars
from autocnn.cli.study.images import Images
from autocnn.cli.study.networks import blocks, check, twins_of
from autocnn.cli.study.questions import answer
from autocnn.cli.study.questions.branches import residual_sizes

if TYPE_CHECKING:
    from autocnn.cli.study.settings import Settings

INITS = {
    "default": "PyTorch's default first weights",
    "he": "He's first weights",
    "lecun": "LeCun's first weights",
    "glorot": "Glorot's first weights",
    "orthogonal": "orthogonal first weights",
}
NORMS = {"none": "no normalisation", "batch": "batch norm", "layer": "layer norm"}


def recorded(steps: int) -> list[int]:
    """The steps that are measured: the first, and about four in every doubling.

    >>> recorded(20)
    [1, 2, 3, 4, 5, 6, 7, 9, 11, 14, 16, 20]
    """
    found, step = [], 1.0
    while step < steps:
        found.append(round(step))
        step = max(step + 1, step * 1.22)
    return sorted({*found, steps})


class Study:
    """What has been measured so far; an interruption ends the measuring, and leaves what there is."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.images = Images(settings)
        self.twins: Any = None
        self.cures: list[dict[str, Any]] = []
        self.last: dict[str, Any] = {}
        self.residuals: dict[int, list[float]] = {}
        self.sections: list[dict[str, Any]] = []
        self.partial = False
        self.strange: dict[str, str] = {}
        self.left_out: list[str] = []
        self.missing: dict[str, str] = {}
        self.paths = check(settings, self.images)  # what cannot be built fails before anything is written

    def measure(self, console: Any) -> None:
        """Train the twins of every seed and the cures, and answer the further questions."""
        settings = self.settings
        try:
            with Bars(console, ["plain", "skip"], settings.steps * len(settings.seeds)) as step, self._blaming():
                self.twins = self._trained(self._looking(step))
            self.partial = not self.twins.complete
            self.strange = ills.strange(self)
            if not self.partial and settings.model is None:
                self._try_cures(console)
            if not self.partial:
                with console.status("answering further questions"), self._blaming():
                    answer(self)
        except KeyboardInterrupt:
            self.partial = True

    def _blaming(self) -> Any:
        """What a network from a file raises is laid at that file's door."""
        from autocnn.cli.model import blaming

        return blaming(self.settings.model, its_code_only=True) if self.settings.model else nullcontext()

    def _try_cures(self, console: Any) -> None:
        settings, images = self.settings, self.images
        found = cures.measured(settings, images)
        self.cures = cures.table(settings, found, None, self.twins)
        with Bars(console, cures.names(settings.activation), settings.steps) as step:
            training = cures.trained(settings, images, step)
        self.cures = cures.table(settings, found, training, self.twins)
        self.partial = not training.complete

    def _looking(self, progress: Any) -> Any:
        """Progress that also looks, now and then, at the residual network of the first seed as it trains."""
        moments = {4**k for k in range(1, 6)} | {self.settings.steps}

        def step(name: str, step: int, loss: float) -> None:
            progress(name, step, loss)
            if name == "skip" and step in moments and step not in self.residuals:
                self.residuals[step] = residual_sizes(self, self.last[name])

        return step

    def _networks(self, seed: int) -> dict[str, Any]:
        """The twins of a seed; those of the first are kept, to be looked at when they are trained."""
        made = twins_of(self.settings, self.images, seed)
        if seed == self.settings.seeds[0]:
            self.last = made
            self.residuals[0] = residual_sizes(self, made["skip"])
        return made

    def _trained(self, progress: Any) -> Any:
        from autocnn import flow, optim

        settings, images = self.settings, self.images
        return flow.twins(
            self._networks, lambda net: blocks(net, self.paths),
            lambda net: optim.SGD(net.parameters(), lr=settings.rate, momentum=0.9),
            images.batches, images.test, steps=settings.steps, record=recorded(settings.steps),
            seeds=settings.seeds, progress=progress,
        )  # fmt: skip

    def document(self, seconds: float) -> dict[str, Any]:
        """Everything, ready for strict JSON; `viz.report` makes the page of it."""
        from autocnn.flow.strict import strict

        twins = self.twins.twins if self.twins else []
        found: dict[str, Any] = strict(
            {
                "format": "autocnn.study",
                "version": 1,
                "partial": self.partial,
                "about": self._about(seconds),
                "facts": self._facts(seconds),
                "command": self.settings.command,
                "runs": [_run(twin) for twin in twins],
                "strange": self.strange,
                "rounded": ills.rounded(self),
                "cures": self.cures,
                "sections": self.sections,
                "missing": self.missing,
            }
        )
        return found

    def _about(self, seconds: float) -> dict[str, Any]:
        settings = self.settings
        shape = ("depth", "width", "activation", "init", "norm") if settings.model is None else ("model",)
        return {
            "data": settings.data,
            **{name: getattr(settings, name) for name in shape},
            "seeds": list(settings.seeds),
            "steps": settings.steps,
            "rate": settings.rate,
            "batch": settings.batch_size,
            "images": len(self.images.train),
            "tested": len(self.images.test[1]),
            "chance": self.twins.chance if self.twins else 0.0,
            "seconds": round(seconds, 1),
        }

    def _frozen(self) -> str:
        """How many parameters are not trained, where there are such."""
        net = self.last.get("skip")
        still = [p for p in net.parameters() if not p.requires_grad] if net else []
        return f", {len(still)} of its parameters frozen" if still else ""

    def _facts(self, seconds: float) -> list[str]:
        settings = self.settings
        seeds = len(settings.seeds)
        middle = "lower medians" if seeds % 2 == 0 else "medians"
        over = f"{seeds} seeds: lines are {middle}, bands go from lowest to highest" if seeds > 1 else "1 seed"
        images, tests = len(self.images.train), len(self.images.test[1])
        network = (
            f"depth {settings.depth} ({settings.depth // 2 - 1} blocks of 2 layers), {settings.activation}, "
            f"{INITS.get(settings.init, settings.init)}, {NORMS.get(settings.norm, settings.norm)}"
        )
        return [
            f"{settings.data}: {images:,} images to learn from, {tests:,} others for the test",
            network
            if settings.model is None
            else f"{settings.model} ({len(self.paths)} blocks{self._frozen()}), and its plain twin",
            over,
            f"{settings.steps:,} steps of {settings.batch_size} images",
            f"{seconds:.0f} seconds",
        ]


def _run(twin: Any) -> dict[str, Any]:
    """One network of one seed."""
    return {
        "network": twin.name,
        "seed": twin.seed,
        "parameters": twin.parameters,
        "finished": twin.complete,
        "diverged": twin.diverged,
        "steps": [moment.step for moment in twin.moments],
        "gradient": [[block.rms for block in moment.blocks] for moment in twin.moments],
        "zeros": [[block.zeros for block in moment.blocks] for moment in twin.moments],
        "accuracy": [[step, score] for step, score in twin.accuracies()],
        "loss": twin.losses,
    }
