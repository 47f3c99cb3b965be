"""One regime: data law, masks, network, objective and training, put together from their parts.

A field carries its symbol (as spelt in the paper), its admissible range and its meaning. A regime
is checked when it is made; ``mrpverify.regime`` adds presets and ``--set``. Standard library only.

An objective names the parts it reads (`parts_of`). One from outside, or a data law, may bring a
part of its own: its regimes are then of a class that has that part too (`regime_type`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import cache
from types import MappingProxyType
from typing import Any

from . import outside
from .admissible import Domain, RegimeError, admit_all, domains, refuse
from .objectives.clustering.options import Clustering
from .objectives.distilled.options import Distillation
from .objectives.fine_tuning.options import FineTuning
from .objectives.mae.options import MaskedAutoencoder
from .objectives.masked_supervised.options import MaskedLabels
from .objectives.teacher_student.options import IN_STEPS, TeacherStudent
from .parts import (
    Downstream,
    Flow,
    InitialKernels,
    Labels,
    Law,
    Masks,
    Network,
    Similarity,
    Training,
)
from .parts.field import parameter
from .parts.law import MULTI_VIEW_LAW
from .parts.mask_law import MaskLaw, is_whole
from .parts.mask_law import least_patches as least_patches
from .parts.stand_ins import STAND_INS as STAND_INS
from .parts.stand_ins import StandIn as StandIn

Framework = str
"""What a run trains: a pretraining framework, supervised learning, or what follows pretraining."""
PRETRAINING: tuple[Framework, ...] = ("teacher-student", "mae")
"""Mask-reconstruction pretraining: what the paper's theorems are about."""
FRAMEWORKS: tuple[Framework, ...] = (*PRETRAINING, "supervised")
"""Frameworks with a regime of their own in a preset."""


def framework_names() -> tuple[Framework, ...]:
    """Every objective there is, those with a regime in a preset first, those from outside last."""
    return tuple(dict.fromkeys([*FRAMEWORKS, *outside.names(outside.OBJECTIVES)]))


@dataclass(frozen=True, kw_only=True)
class Parameters(
    Downstream,
    Training,
    Flow,
    FineTuning,
    Distillation,
    MaskedLabels,
    Labels,
    Clustering,
    Similarity,
    MaskedAutoencoder,
    TeacherStudent,
    Masks,
    InitialKernels,
    Network,
    Law,
):
    """One regime: data law (section 1), network and losses (section 2), training (section 3).

    Lengths are in units of one feature vector (features are orthonormal); physical time is the sum
    of the step sizes. Made or replaced with a value that is not admissible, it raises RegimeError.
    """

    framework: Framework = parameter(
        "teacher-student", "framework", "what the run trains", names=framework_names
    )

    def __post_init__(self) -> None:
        """Check every value alone, then those that limit each other; raises RegimeError."""
        kind: Any = type(self)
        refuse(_foreign(self))
        admit_all(self, domains_of(kind))
        refuse(_contradictions(self))

    def __reduce__(self) -> Any:
        """A regime of a class that is made on demand is made again where it is unpickled."""
        return regime_of, ({f.name: getattr(self, f.name) for f in fields(self)},)

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
    def mask_law(self) -> MaskLaw:
        """The masks, with their moments; those of fixed size are of the P patches given here."""
        return MaskLaw(self.visible, None if self.masks == "bernoulli" else self.patches)

    @property
    def mask_penalty(self) -> float:
        """lambda = (1 - theta) / theta, the l2 penalty of the mask (section 2)."""
        return self.mask_law.penalty

    @property
    def gain_floor(self) -> float:
        """K: growth needs tau^q above it (L3, equal z).

        1 + lambda/C_p, and 1 + lambda P/(P-1) (1/C_p - 1/P) under masks of fixed size (FIX).
        """
        law = self.mask_law
        return float(1.0 + (law.own / self.patches_per_feature - law.shared))

    @property
    def sibling_floor(self) -> float:
        """1 + own/C_p: K without what patches beside the feature add to it (K itself: Bernoulli).

        K - 1 stands for own/C_p wherever another feature feels a kernel's penalty (L5, L14).
        """
        return float(1.0 + self.mask_law.own / self.patches_per_feature)

    @property
    def start_gain(self) -> float:
        """tau_1 = (K + Delta)^(1/q) under hold and release, tau otherwise."""
        if self.gain in ("hold", "release"):
            return float((self.gain_floor + self.amplification) ** (1.0 / self.power))
        return self.tau


_domains: Callable[[Any], Mapping[str, Domain]] = cache(domains)


def domains_of(regime: type[Any]) -> Mapping[str, Domain]:
    """What every parameter of a class of regimes admits, by field name."""
    return _domains(regime)


DOMAINS: Mapping[str, Domain] = domains_of(Parameters)


def parts_of(framework: Framework, law: str = MULTI_VIEW_LAW) -> tuple[type, ...]:
    """The parts of a regime that can change a run; raises OutsideError where one is broken."""
    beside = outside.beside(framework, "options")
    own = outside.load(outside.OBJECTIVES, framework).parts if beside is None else beside.PARTS
    return (*own, *(() if law == MULTI_VIEW_LAW else outside.load(outside.LAWS, law).parts))


@cache
def regime_type(framework: Framework, law: str = MULTI_VIEW_LAW) -> type[Parameters]:
    """The class of an objective's regimes under a data law: Parameters, and parts from outside.

    Raises OutsideError where such a part takes the name or the symbol of a parameter there is.
    """
    new = [part for part in parts_of(framework, law) if not issubclass(Parameters, part)]
    if not new:
        return Parameters
    taken = {**symbols(), **{name: name for name in DOMAINS}}
    for part in new:
        for item in fields(part):
            for name in {item.name, item.metadata["symbol"]} & set(taken):
                raise outside.OutsideError(
                    f"{part.__module__}: {part.__name__}.{item.name} takes the name {name} of a "
                    f"parameter there is; rename yours."
                )
    made = type("Parameters", (*new, Parameters), {"__doc__": Parameters.__doc__})
    return dataclass(frozen=True, kw_only=True)(made)


def regime_types() -> tuple[type[Parameters], ...]:
    """The classes of the regimes of every objective and every law there is."""
    objectives = [regime_type(name) for name in outside.names(outside.OBJECTIVES)]
    laws = [regime_type(Parameters.framework, name) for name in outside.names(outside.LAWS)]
    return tuple(dict.fromkeys([Parameters, *objectives, *laws]))


def regime_of(values: Mapping[str, Any]) -> Parameters:
    """A regime from its values by field name; raises RegimeError, and TypeError for a name."""
    defaults = {
        name: Parameters.__dataclass_fields__[name].default for name in ("framework", "law")
    }
    chosen = {name: values.get(name, default) for name, default in defaults.items()}
    for name, value in chosen.items():
        DOMAINS[name].admit(value)
    return regime_type(**chosen)(**values)


def changed(parameters: Parameters, **changes: Any) -> Parameters:
    """The regime with other values, also of its framework or its law; raises RegimeError.

    What only the former objective or law has is left behind.
    """
    values = {**asdict(parameters), **changes}
    known = {f.name for f in fields(regime_type(values["framework"], values["law"]))}
    return regime_of({name: value for name, value in values.items() if name in known})


def _foreign(p: Parameters) -> list[str]:
    """Whether the class lacks a part of the objective or the law, in words."""
    for name in ("framework", "law"):
        DOMAINS[name].admit(getattr(p, name))
    if all(isinstance(p, part) for part in parts_of(p.framework, p.law)):
        return []
    return [
        f"framework={p.framework}, law={p.law}: has parameters of its own; make its regime with "
        f"mrpverify.regime(...) or parameters.changed(...)."
    ]


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
    if p.gain in IN_STEPS and p.method == "flow" and TeacherStudent in parts_of(p.framework):
        complaints.append(
            f"gain={p.gain}: its teacher changes after every step, so there is no flow to follow. "
            "Set method=descent, or choose gain=hold or constant."
        )
    for low, high in (("own_low", "own_high"), ("off_low", "off_high")):
        if getattr(p, low) > getattr(p, high):
            a, b = DOMAINS[low].symbol, DOMAINS[high].symbol
            complaints.append(
                f"{a}={getattr(p, low)}: must be at most {b}={getattr(p, high)}. Change one."
            )
    return complaints + _unlawful(p) + _unfit_masks(p)


def _unlawful(p: Parameters) -> list[str]:
    """What a data law from outside cannot draw, in words."""
    if p.law == MULTI_VIEW_LAW:
        return []
    law = outside.load(outside.LAWS, p.law)
    found = [] if law.complaints is None else _complaints_of(law.complaints, p)
    if law.views is not None and p.views != law.views:
        found.append(f"views={p.views}: the law {p.law} has {law.views}. Set views={law.views}.")
    return found


def _complaints_of(complaints: Any, p: Parameters) -> list[str]:
    """What a law says of its own values; raises OutsideError where it fails or is no list."""
    try:
        found = complaints(p)
    except Exception as error:
        told = f"complaints failed ({type(error).__name__}: {error})"
        raise outside.OutsideError(f"law {p.law}: {told}.") from error
    if not outside.are_texts(found):
        raise outside.OutsideError(
            f"law {p.law}: complaints returned {found!r}, where a list of texts is wanted."
        )
    return list(found)


def _unfit_masks(p: Parameters) -> list[str]:
    """Why masks of fixed size do not fit the objective or the images, in words.

    An image that needs more than P patches gets a multiple of C_p of them (section 1).
    """
    if not _draws_fixed(p):
        return []
    ours = p.framework in outside.own(outside.OBJECTIVES)
    if not ours and not outside.load(outside.OBJECTIVES, p.framework).fixed_masks:
        return [
            f"masks={p.masks}: the objective {p.framework} draws its masks patch by patch. Set "
            f"masks=bernoulli, or see fixed_masks in docs/from_outside.md."
        ]
    if not is_whole(p.visible, p.patches):
        near = least_patches(p.visible, p.patches)
        return [
            f"masks={p.masks}: theta P = {p.visible:g} x {p.patches} must be a whole number of "
            f"patches. Set P={near}, or another theta."
        ]
    most = p.patches_per_feature * (p.features if p.off_class > 0 else p.views)
    if most > p.patches and not is_whole(p.visible, p.patches_per_feature):
        return [
            f"masks={p.masks}: images may need up to {most} patches instead of P={p.patches}, in "
            f"steps of C_p={p.patches_per_feature}, and theta={p.visible:g} of those is no whole "
            f"number. Set P={least_patches(p.visible, most)}, or a theta with theta C_p whole."
        ]
    return []


def check_device(regimes: Iterable[Parameters], device: str) -> None:
    """Raise RegimeError for a regime whose arithmetic a cpu does not have."""
    if device == "cpu" and any(p.precision == "tf32" for p in regimes):
        raise RegimeError(
            "precision=tf32: products in TF32 are a GPU's. Use --device cuda, or precision=float32."
        )


def check_start(parameters: Parameters, shape: tuple[int, ...] | None, seeds: int) -> None:
    """Whether a run of some seeds can start, and from kernels of this shape; raises RegimeError.

    None stands for kernels that are drawn; fine-tuning has none of its own.
    """
    if parameters.method == "flow":  # objectives are imported for it
        _check_flow(parameters)
    fitting = (seeds, parameters.kernels, parameters.dimension)
    if shape is None and FineTuning in parts_of(parameters.framework):
        raise RegimeError(
            f"framework={parameters.framework}: goes on from the kernels of another run; give a "
            f"start [seeds, kernels, dimension] = {list(fitting)}."
        )
    if shape is not None and shape != fitting:
        raise RegimeError(
            f"start {list(shape)}: must be [seeds, kernels, dimension] = {list(fitting)}. Choose a "
            f"start with as many seeds, the same k m and the same d."
        )


def check_teachers(parameters: Parameters, teachers: Sequence[Parameters]) -> None:
    """Whether a run can be taught by runs of these regimes; raises RegimeError.

    A distilled run has at least one teacher, any other run none. Teachers have a classifier for the
    same classes of images of the same dimension.
    """
    p, taught = parameters, Distillation in parts_of(parameters.framework)
    if taught and not teachers:
        raise RegimeError(
            f"framework={p.framework}: is taught by other runs; give at least one teacher "
            f"(taught_by)."
        )
    if teachers and not taught:
        raise RegimeError(
            f"framework={p.framework}: learns from no soft labels, and {len(teachers)} teachers "
            f"are given. Leave taught_by out, or choose framework=distilled."
        )
    for teacher in teachers:
        refuse(_unfit_teacher(p, teacher))


def _unfit_teacher(p: Parameters, teacher: Parameters) -> list[str]:
    """Why a run of a regime cannot teach another one, in words."""
    if not any(part in parts_of(teacher.framework) for part in (Labels, FineTuning)):
        return [
            f"taught by framework={teacher.framework}: has no classifier, so it says nothing about "
            f"an image. Choose a teacher that learns from labels (supervised, fine-tuning)."
        ]
    return [
        f"taught by a run with {symbol}={value}: must be {symbol}={own}, as of the run that learns "
        f"from it. Choose the teacher's {symbol} to be the same."
        for symbol, value, own in (
            ("k", teacher.classes, p.classes),
            ("d", teacher.dimension, p.dimension),
            ("views", teacher.views, p.views),
            ("basis", teacher.basis, p.basis),
            ("law", teacher.law, p.law),
        )
        if value != own
    ]


def check_patches(parameters: Parameters, patches: Iterable[int]) -> None:
    """Whether masks of fixed size fit the P of every data set drawn; raises RegimeError.

    A regime vouches for the paper's law; images from outside may have any number of patches.
    """
    p = parameters
    for own in patches if _draws_fixed(p) else ():
        if not is_whole(p.visible, own):
            raise RegimeError(
                f"masks={p.masks}: the law {p.law} has drawn images of {own} patches, and "
                f"theta={p.visible:g} of them is no whole number. Choose another theta or P."
            )


def _draws_fixed(p: Parameters) -> bool:
    """Whether the objective masks its images, and exactly theta P patches of each."""
    return p.masks == "fixed" and Masks in parts_of(p.framework, p.law)


def relevant(parameters: Parameters) -> dict[str, Any]:
    """Field name -> value of the parameters that can change a run of this framework.

    Two regimes with equal relevant parameters give equal runs, so one record serves both.
    """
    own = {f.name for part in parts_of(parameters.framework, parameters.law) for f in fields(part)}
    return {
        f.name: getattr(parameters, f.name)
        for f in fields(parameters)
        if f.name in own or f.name == "framework"
    }


def follows_flow(parameters: Parameters) -> bool:
    """Whether a run integrates the gradient flow; what has none descends, whatever it says."""
    p = parameters
    return p.method == "flow" and outside.load(outside.OBJECTIVES, p.framework).trained is not None


def as_read(parameters: Parameters) -> Parameters:
    """The same run, with limits that only its other method reads at their defaults.

    Not where an objective or a law comes from outside: it may read what it names as its own.
    """
    if from_outside(parameters):
        return parameters
    own = "flow" if follows_flow(parameters) else "descent"
    unread: dict[str, Any] = {
        f.name: f.default
        for f in fields(Parameters)
        if f.metadata["method"] not in (None, own) and getattr(parameters, f.name) != f.default
    }
    return replace(parameters, **unread) if unread else parameters


def from_outside(parameters: Parameters) -> list[str]:
    """The objective and the law of a regime, as far as they are from outside, in words."""
    p, found = parameters, []
    if p.framework not in outside.own(outside.OBJECTIVES):
        found.append(f"objective {p.framework}")
    if p.law not in (MULTI_VIEW_LAW, *outside.own(outside.LAWS)):
        found.append(f"law {p.law}")
    return found


def symbols(regime: type[Parameters] = Parameters) -> Mapping[str, str]:
    """Symbol -> field name, for every parameter of a class of regimes."""
    return MappingProxyType({f.metadata["symbol"]: f.name for f in fields(regime)})


def _check_flow(p: Parameters) -> None:
    """Raise RegimeError where there is no flow to follow, or none that ends at T."""
    objective = outside.load(outside.OBJECTIVES, p.framework)
    if objective.trained is not None and objective.needs_steps(p):
        raise RegimeError(
            f"framework={p.framework}: changes something after every step, so there is no flow to "
            "follow. Set method=descent."
        )
    if p.horizon_factor == 1 and p.horizon == 0 and objective.independent_kernels:
        raise RegimeError(
            "horizon_factor=1: under method=flow kernels have clocks of their own, and none may "
            "pass T before the last one has told it. Set it above 1, or method=descent."
        )
