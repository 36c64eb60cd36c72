"""How a network is trained: every number of it, checked before the slow part."""

import dataclasses

OPTIMIZERS = ("sgd", "adam", "adamw")
SCHEDULES = ("step", "cosine")
PRECISIONS = ("float32", "mixed_float16", "mixed_bfloat16")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """How a stage is trained.

    All steps are batches, also where several make one update (`accumulate`).

    Attributes:
        steps: how many; a multiple of `accumulate`.
        optimizer: "sgd" (momentum 0.9), "adam" or "adamw".
        learning_rate: that of the schedule's top.
        schedule: "step" (times `decay_factor` every `decay_steps`) or "cosine" (to 0
            at the end).
        decay_steps: for "step"; counted from the first step of all.
        decay_factor: for "step"; 0.1 in the paper.
        warmup_steps: those in which the rate rises from 0; less than steps.
        l2: weight of the penalty on kernels, inside the gradient.
        weight_decay: for "adamw": a kernel loses this share of itself times its rate
            at each update, outside the gradient. Biases and normalisation do not.
        bias_rate: factor on the rate of biases; 2 in Caffe's networks.
        head_rate: factor on the rate of `head_layers`; a bias there has both factors.
        head_layers: names of the layers that learn at `head_rate`.
        clip_norm: gradients whose norm, over all weights together, is higher are made
            this long; 0 for none.
        accumulate: batches whose gradients are averaged into one update.
        ema: decay of the exponential moving average of the weights that training ends
            with, for each update; 0 for the last weights. In the first updates the
            decay is less, so that the start is forgotten (see `Learner`).
        precision: what the layers compute in while they train: "float32",
            "mixed_float16" or "mixed_bfloat16". Weights are float32 in all of them.
        frozen_layers: the first so many layers with weights stay as they are.
        seed: decides what random layers (dropout) draw.
        checkpoint_every: in steps.
        look_every: steps between two calls of `look`.
        patience: looks without a better one, after which training ends early where
            looks are judged; 0 for never.

    Raises:
        ValueError: if a value is none of these or two do not fit.
    """

    steps: int
    optimizer: str
    learning_rate: float
    schedule: str
    decay_steps: int
    warmup_steps: int
    l2: float
    checkpoint_every: int
    look_every: int
    decay_factor: float = 0.1
    weight_decay: float = 0.0
    bias_rate: float = 1.0
    head_rate: float = 1.0
    head_layers: tuple[str, ...] = ("score",)
    clip_norm: float = 0.0
    accumulate: int = 1
    ema: float = 0.0
    precision: str = "float32"
    frozen_layers: int = 0
    seed: int = 0
    patience: int = 0

    def __post_init__(self) -> None:
        for name, known in (
            ("optimizer", OPTIMIZERS),
            ("schedule", SCHEDULES),
            ("precision", PRECISIONS),
        ):
            if getattr(self, name) not in known:
                raise ValueError(
                    f"no {name} {getattr(self, name)!r}; there are: {', '.join(known)}"
                )
        for name in ("bias_rate", "head_rate", "weight_decay", "clip_norm"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be 0 or more, not {getattr(self, name)}")
        if self.weight_decay and self.optimizer != "adamw":
            raise ValueError(
                f"weight_decay is for the optimizer adamw, not for {self.optimizer}: "
                "take adamw, or l2, which is inside the gradient"
            )
        if self.accumulate < 1 or self.steps % self.accumulate:
            raise ValueError(
                "steps must be a multiple of accumulate, which is 1 or more; "
                f"they are {self.steps} and {self.accumulate}"
            )
        if not 0 <= self.ema < 1:
            raise ValueError(f"ema must be 0 or more and less than 1, not {self.ema}")
        for name in ("frozen_layers", "patience"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be 0 or more, not {getattr(self, name)}")
