"""Every parameter of data law, network, losses and training, in one frozen object.

A field carries its symbol (as spelt in the paper), its admissible range and its meaning. A regime
is checked when it is made; ``mrpverify.regime`` adds presets and ``--set``. Standard library only.

The finite stand-ins for the asymptotic "o(1)", "polylog" and "poly" live in ONE table,
``STAND_INS``: a number of this package that replaces an asymptotic order is read from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, Literal, get_args

from .admissible import Domain, RegimeError, admit_all, domains, refuse

Framework = Literal[
    "teacher-student", "mae", "contrastive", "clustering", "supervised", "fine-tuning"
]
"""What a run trains: a pretraining framework, supervised learning, or what follows pretraining."""
PRETRAINING: tuple[Framework, ...] = ("teacher-student", "mae")
"""Mask-reconstruction pretraining: what the paper's theorems are about."""
FRAMEWORKS: tuple[Framework, ...] = (*PRETRAINING, "supervised")
"""Frameworks with a regime of their own in a preset."""
EVERY: tuple[Framework, ...] = get_args(Framework)
LABELLED: tuple[Framework, ...] = ("supervised", "fine-tuning")
"""Learning from labels: downstream of pretraining, which never sees one."""

_TEACHER: tuple[Framework, ...] = ("teacher-student",)
_MAE: tuple[Framework, ...] = ("mae",)
_COMPARED: tuple[Framework, ...] = ("contrastive", "clustering")
_MASKED: tuple[Framework, ...] = (*PRETRAINING, *_COMPARED)
_TUNED: tuple[Framework, ...] = ("fine-tuning",)
_DRAWN: tuple[Framework, ...] = (*_MASKED, "supervised")
"""Frameworks that draw their initial kernels; fine-tuning goes on from those of another run."""
_FLOWING: tuple[Framework, ...] = (*PRETRAINING, *LABELLED)
_DERIVED: tuple[Framework, ...] = ()
"""A value from which the parameters of other runs are made; no run reads it itself."""


def parameter(
    default: Any,
    symbol: str,
    meaning: str,
    *,
    unit: str = "1",
    used_by: tuple[Framework, ...] | None = None,
    **limits: float,
) -> Any:
    """Dataclass field with its symbol, meaning, unit and limits (ge, gt, le, lt).

    `used_by` names the frameworks whose runs the value can change, by default all.
    """
    return field(
        default=default,
        metadata={
            "symbol": symbol,
            "meaning": meaning,
            "unit": unit,
            "used_by": EVERY if used_by is None else used_by,
            "limits": limits,
        },
    )


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """One regime: data law (section 1), network and losses (section 2), training (section 3).

    Lengths are in units of one feature vector (features are orthonormal); physical time is the sum
    of the step sizes. Made or replaced with a value that is not admissible, it raises RegimeError.
    """

    # --- which objective
    framework: Framework = parameter("teacher-student", "framework", "what the run trains")

    # --- data law (section 1)
    classes: int = parameter(8, "k", "number of classes", ge=2)
    views: int = parameter(2, "views", "semantic features of one class (1 only as a control)", ge=1)
    off_class: float = parameter(
        0.4, "s", "a feature of another class is present with probability s/k", ge=0
    )
    dimension: int = parameter(60, "d", "dimension of a patch, at least views times k", ge=2)
    patches: int = parameter(
        8, "P", "patches of an image; raised where an image needs more, and recorded", ge=1
    )
    images: int = parameter(300, "N", "training images", ge=1)
    patches_per_feature: int = parameter(2, "C_p", "patches owned by a present feature", ge=1)
    single_view: float = parameter(0.03, "mu", "probability of a single-view image", ge=0, le=1)
    weak_view: float = parameter(
        0.02, "rho", "order of sum z of the view a single-view image hides: U[rho, 2 rho]", ge=0
    )
    single_view_off_class: float = parameter(
        0.3, "Gamma", "order of sum z off class in single-view images: U[Gamma/2, Gamma]", ge=0
    )
    feature_noise: float = parameter(
        0.002, "gamma", "feature noise a ~ U[0, gamma] of every patch and feature", ge=0
    )
    own_low: float = parameter(1.0, "z_own_low", "least sum z of a shown own feature", gt=0)
    own_high: float = parameter(1.3, "z_own_high", "largest sum z of a shown own feature", gt=0)
    off_low: float = parameter(0.2, "z_off_low", "least sum z off class, multi-view images", ge=0)
    off_high: float = parameter(
        0.4, "z_off_high", "largest sum z off class, multi-view images", ge=0
    )
    split: Literal["random", "equal"] = parameter(
        "random", "split", "how sum z is split over C_p patches: U[0.75, 1.25] normalised, or equal"
    )
    noise: Literal["isotropic", "off_span"] = parameter(
        "isotropic", "noise", "patch noise: isotropic (the law as stated) or off the feature span"
    )
    patch_noise: float = parameter(
        0.035, "sigma_p", "standard deviation of the patch noise per coordinate", ge=0
    )
    basis: Literal["canonical", "random"] = parameter(
        "random", "basis", "orthonormal features: first unit vectors, or uniformly random"
    )
    signal: bool = parameter(
        True, "signal", "false draws images without features (noise alone; a control)"
    )
    coverage: float = parameter(
        1.0,
        "coverage",
        "share of the features that the pretraining law shows; the others' patches are background",
        ge=0,
        le=1,
    )
    hide: bool = parameter(
        True, "hide", "false draws single-view images by the multi-view law (a control)"
    )

    # --- network (section 2)
    kernels_per_class: int = parameter(20, "m", "kernels per class; the encoder has k m", ge=1)
    power: int = parameter(3, "q", "power of the smoothed ReLU below varrho", ge=2, le=8)
    linear_from: float = parameter(
        0.5, "varrho", "the smoothed ReLU is linear above varrho; also the crossing level", gt=0
    )
    init_scale: float = parameter(
        0.06,
        "sigma_0",
        "standard deviation of an initial weight coordinate",
        gt=0,
        used_by=_DRAWN,
    )
    init: Literal["gaussian", "features", "cloned"] = parameter(
        "gaussian",
        "init",
        "initial kernels: w ~ N(0, sigma_0^2 I); sigma_0 (v_{i,1} + x_0 (j+1)/m v_{i,2}) for the "
        "kernel j of class i; or gaussian, the second half repeating the first",
        used_by=_DRAWN,
    )
    second_view: float = parameter(
        0.0,
        "x_0",
        "d_0/c_0 of the last kernel of a class, init features",
        ge=0,
        used_by=_DRAWN,
    )
    visible: float = parameter(
        0.5,
        "theta",
        "probability that a patch is visible; mask ratio 1 - theta",
        gt=0,
        le=1,
        used_by=_MASKED,
    )

    # --- teacher-student
    gain: Literal["constant", "hold", "release", "ema"] = parameter(
        "hold", "gain", "schedule of the teacher's gain", used_by=_TEACHER
    )
    tau: float = parameter(
        1.2, "tau", "the gain under the schedules constant and ema", ge=0, used_by=_TEACHER
    )
    amplification: float = parameter(
        2.0, "Delta", "hold and release start with tau_1^q = K + Delta", ge=0, used_by=_TEACHER
    )
    hold_width: float = parameter(
        0.0,
        "delta_h",
        "under hold tau falls, geometrically, from tau_1 at varrho to 1 at (1 + delta_h) varrho; "
        "0: at once",
        ge=0,
        used_by=_TEACHER,
    )
    ema_decay: float = parameter(
        0.99,
        "ema_decay",
        "share of the moving-average teacher kept in each step",
        ge=0,
        lt=1,
        used_by=_TEACHER,
    )
    stop_gradient: bool = parameter(
        True,
        "stop_gradient",
        "false lets the gradient through the teacher (a control)",
        used_by=_TEACHER,
    )

    # --- masked autoencoder
    target: Literal["all", "masked"] = parameter(
        "all",
        "target",
        "what the decoder predicts: the sum of all patches or of the masked ones",
        used_by=_MAE,
    )
    bias: bool = parameter(
        True, "bias", "decoder bias, kept at its optimum in every step", used_by=_MAE
    )
    decoder: Literal["tied-init", "independent", "tied"] = parameter(
        "tied-init",
        "decoder",
        "b = w at the start, b drawn apart, or b = w always (a control)",
        used_by=_MAE,
    )
    decoder_scale: float = parameter(
        0.02,
        "sigma_b",
        "standard deviation of an initial coordinate, decoder independent",
        gt=0,
        used_by=_MAE,
    )

    # --- contrastive and clustering pretraining, for comparison
    similarity: Literal["inner", "cosine"] = parameter(
        "inner",
        "similarity",
        "of two outputs: inner product, or that of the unit vectors",
        used_by=_COMPARED,
    )
    temperature: float = parameter(
        0.2,
        "temperature",
        "divides the similarities of contrastive and clustering",
        gt=0,
        used_by=_COMPARED,
    )
    budget: int = parameter(
        2000,
        "budget",
        "gradient steps of contrastive and clustering pretraining",
        ge=1,
        used_by=_DERIVED,
    )
    compared_scale: float = parameter(
        0.05,
        "sigma_c",
        "initial scale of every arm where objectives are compared with each other",
        gt=0,
        used_by=_DERIVED,
    )
    compared_step: float = parameter(
        0.5,
        "eta_c",
        "step size of contrastive and clustering pretraining",
        unit="time",
        gt=0,
        used_by=_DERIVED,
    )
    refresh: int = parameter(
        25,
        "refresh",
        "steps between two k-means assignments of clustering",
        ge=1,
        used_by=("clustering",),
    )

    # --- supervised learning and fine-tuning
    supervised_step: float = parameter(
        2.0,
        "eta_SL",
        "step size of supervised learning out of the plateau",
        unit="time",
        gt=0,
        used_by=_DERIVED,
    )
    encoder_step: float = parameter(
        0.5,
        "eta_1",
        "step size of the encoder in fine-tuning, at most eta_2; 0: frozen",
        ge=0,
        used_by=_TUNED,
    )
    head_step: float = parameter(
        0.5, "eta_2", "step size of the head in fine-tuning", gt=0, used_by=_TUNED
    )
    probe_step: float = parameter(
        0.5, "eta_probe", "step size of a linear probe's head", gt=0, used_by=_DERIVED
    )
    downstream_steps: int = parameter(
        400, "steps_2", "steps of fine-tuning and probe", ge=1, used_by=_DERIVED
    )
    labels: int = parameter(
        0,
        "labels",
        "labelled images per class downstream, the first ones; 0: all",
        ge=0,
        used_by=LABELLED,
    )
    true_labels: bool = parameter(
        True,
        "true_labels",
        "false shuffles the labels of the training images (a control)",
        used_by=LABELLED,
    )
    fused: bool = parameter(
        False,
        "fused",
        "fine-tuning starts from the mean of the kernels (a control)",
        used_by=_TUNED,
    )
    test_images: int = parameter(
        400,
        "N_test",
        "test images of each kind, multi-view and single-view, of each law",
        ge=1,
        used_by=LABELLED,
    )

    # --- training
    method: Literal["descent", "flow"] = parameter(
        "descent",
        "method",
        "gradient descent with the step eta, or the gradient flow integrated to the tolerance tol",
        used_by=_FLOWING,
    )
    tolerance: float = parameter(
        1e-4,
        "tol",
        "relative error that one step of the flow may make in a kernel",
        gt=0,
        le=0.1,
        used_by=_FLOWING,
    )
    work: int = parameter(
        20000,
        "work",
        "gradient evaluations of a flow after which a run ends with nothing known about T",
        ge=1,
        used_by=_FLOWING,
    )
    step: float = parameter(
        4.0, "eta", "step size once a kernel is out of the plateau", unit="time", gt=0
    )
    horizon_factor: float = parameter(
        2.0,
        "horizon_factor",
        "T = this many times the time of full coverage; a claim needs 2 at least",
        ge=1,
    )
    horizon: float = parameter(
        0.0,
        "horizon",
        "T of a control, which shares its claim's, or of a law; 0: the rule",
        unit="time",
        ge=0,
    )
    deadline: float = parameter(
        0.0,
        "deadline",
        "a run not covered at this time ends there and counts as failed; 0: none",
        unit="time",
        ge=0,
    )
    max_steps: int = parameter(
        6000, "max_steps", "steps after which a run ends with nothing known about T", ge=1
    )
    precision: Literal["float32", "float64"] = parameter(
        "float32", "precision", "floating-point type of the simulation"
    )

    def __post_init__(self) -> None:
        """Check every value alone, then those that limit each other; raises RegimeError."""
        admit_all(self, DOMAINS)
        refuse(_contradictions(self))

    # --- derived quantities, used by theory and simulation alike
    @property
    def features(self) -> int:
        """Number of semantic features, views x k (2k in the paper)."""
        return self.views * self.classes

    @property
    def kernels(self) -> int:
        """Number of kernels of the encoder, k m."""
        return self.classes * self.kernels_per_class

    @property
    def mask_penalty(self) -> float:
        """lambda = (1 - theta) / theta, the l2 penalty of the mask (section 2)."""
        return (1.0 - self.visible) / self.visible

    @property
    def gain_floor(self) -> float:
        """K = 1 + lambda / C_p: growth needs tau^q above it (L3, equal z)."""
        return 1.0 + self.mask_penalty / self.patches_per_feature

    @property
    def start_gain(self) -> float:
        """tau_1 = (K + Delta)^(1/q) under hold and release, tau otherwise."""
        if self.gain in ("hold", "release"):
            return float((self.gain_floor + self.amplification) ** (1.0 / self.power))
        return self.tau


DOMAINS: Mapping[str, Domain] = domains(Parameters)
"""What every parameter admits, by field name."""


def _contradictions(p: Parameters) -> list[str]:
    """Rules between several parameters that are broken, in words."""
    complaints = []
    if p.dimension < p.features:
        complaints.append(
            f"d={p.dimension}: must be at least views k = {p.features}, the number of orthonormal "
            f"features. Raise d or lower k."
        )
    if p.off_class > p.classes:
        complaints.append(
            f"s={p.off_class}: must be at most k = {p.classes}, because s/k is a probability."
        )
    if p.gain == "ema" and not p.stop_gradient:
        complaints.append(
            "stop_gradient=false: with gain=ema the teacher is no function of the weights, so "
            "there is no gradient through it. Choose another gain or stop_gradient=true."
        )
    for low, high in (("own_low", "own_high"), ("off_low", "off_high")):
        if getattr(p, low) > getattr(p, high):
            a, b = DOMAINS[low].symbol, DOMAINS[high].symbol
            complaints.append(
                f"{a}={getattr(p, low)}: must be at most {b}={getattr(p, high)}. Change one."
            )
    return complaints


def check_start(parameters: Parameters, shape: tuple[int, ...] | None, seeds: int) -> None:
    """Whether a run of some seeds can go on from kernels of this shape; raises RegimeError.

    None stands for kernels that are drawn; fine-tuning has none of its own.
    """
    fitting = (seeds, parameters.kernels, parameters.dimension)
    if shape is None and parameters.framework in _TUNED:
        raise RegimeError(
            f"framework={parameters.framework}: goes on from the kernels of another run; give a "
            f"start [seeds, kernels, dimension] = {list(fitting)}."
        )
    if shape is not None and shape != fitting:
        raise RegimeError(
            f"start {list(shape)}: must be [seeds, kernels, dimension] = {list(fitting)}. Choose a "
            f"start with as many seeds, the same k m and the same d."
        )


def relevant(parameters: Parameters) -> dict[str, Any]:
    """Field name -> value of the parameters that can change a run of this framework.

    Two regimes with equal relevant parameters give equal runs, so one record serves both.
    """
    return {
        f.name: getattr(parameters, f.name)
        for f in fields(Parameters)
        if parameters.framework in f.metadata["used_by"]
    }


def symbols() -> Mapping[str, str]:
    """Symbol -> field name, for every parameter."""
    return MappingProxyType({f.metadata["symbol"]: f.name for f in fields(Parameters)})


@dataclass(frozen=True)
class StandIn:
    """A number that stands for an asymptotic order: what it replaces and why it has this value."""

    value: float
    replaces: str
    reason: str


STAND_INS: Mapping[str, StandIn] = MappingProxyType(
    {
        "much_less": StandIn(
            2.0,
            "a << b",
            "b/a >= 2: the smallest factor at which the smaller side cannot reach the larger one "
            "by the doubling that 'of order' allows",
        ),
        "covering_risk": StandIn(
            1e-3,
            "with high probability, in m = polylog k",
            "union bound m >= 2 log(2k/delta): a thousandth leaves room for 1 - p0 many times over",
        ),
        "sparse_presence": StandIn(
            0.2,
            "s = polylog k, so s/k -> 0",
            "one image in five shows a given foreign feature; above it the mean image is a "
            "direction of its own (L13)",
        ),
        "hold_share": StandIn(
            0.5,
            "Lambda >= varrho - o(1) at a later time",
            "hysteresis: the gain schedules switch at varrho itself, so a held kernel hovers there",
        ),
        "pure_ratio": StandIn(
            0.5,
            "all other correlations are o(1)",
            "half of the kernel's own largest: an off-class image with sum z <= 0.4 then adds less "
            "than 0.4 of an own one, below the 1/2 that decides a class",
        ),
        "impure_share": StandIn(
            0.1,
            "no kernel is fused (up to o(1) of them)",
            "one kernel in ten: with m >= 10 this is less than the kernels of one class",
        ),
        "bounded_by": StandIn(
            4.0,
            "Lambda(T) = O~(1)",
            "least squares needs about 1/sum z ~ 1 of a kernel, up to 1 + varrho for the offset of "
            "the smoothed ReLU; twice that by 'much_less', rounded up",
        ),
        "growth_by": StandIn(
            1.5,
            "Lambda stays O~(1) after coverage",
            "a divergent kernel at least doubles in the second half of the run (L4, tau >= K)",
        ),
        "success_rate": StandIn(
            0.8,
            "with high probability",
            "p0: excluded from below by 23 of 24 seeds (exact 95 % bound)",
        ),
        "retained_share": StandIn(
            0.5,
            "no captured feature is lost",
            "fine-tuning may reshape a kernel, but not to less than half of what it knew: the "
            "factor of 'much_less'",
        ),
        "training_margin": StandIn(
            1.0,
            "training accuracy 1 with margin Omega(1)",
            "in logits: the own class is e times as likely as any other",
        ),
        "multi_view_accuracy": StandIn(
            0.99, "test error ~ 0 on multi-view images", "one image in a hundred"
        ),
        "single_view_accuracy": StandIn(
            0.97,
            "test error ~ 0 on single-view images",
            "three in a hundred: their evidence is one view, and foreign features may stand beside",
        ),
        "equal_accuracy": StandIn(
            0.01, "equal up to o(1)", "accuracies within one image in a hundred"
        ),
        "accuracy_gain": StandIn(0.02, "a gain of order one", "twice what counts as equal"),
        "accuracy_band": StandIn(
            0.05,
            "equal up to o(1), for an accuracy with an exact finite-size prediction",
            "classes that learned both views, and images whose weak view loses to noise, are of "
            "this order; a third of the distance to 1 at s = 0.4 and less above",
        ),
        "winner_share": StandIn(
            0.95,
            "the predicted view wins with probability 1 - o(1)",
            "one class in twenty; chance is one in two",
        ),
        "lottery_share": StandIn(
            0.5,
            "the predicted feature wins with probability 1 - o(1)",
            "more often than not; chance is 1/(2k)",
        ),
    }
)
