"""Curvature bounds against Hessians by automatic differentiation at hand-made captured states."""

from dataclasses import replace
from math import isnan

import numpy as np
import pytest

from mrpverify.objectives.mae import theory as mae
from mrpverify.objectives.supervised.theory import curvature as supervised_curvature
from mrpverify.objectives.teacher_student.theory import curvature as teacher_student_curvature
from mrpverify.parameters import Parameters
from mrpverify.theory import curvature
from mrpverify.theory.data_law import mean_power_sum, mean_power_sum_product
from mrpverify.theory.growth import growth_rate
from mrpverify.theory.supervised import growth_rate as supervised_growth_rate

torch = pytest.importorskip("torch")

LAW = Parameters(framework="mae", classes=4, off_class=0.4, single_view=0.05)
LOOSE = 3.0
"""A bound more than three times the eigenvalue would ask for needlessly small steps."""


def _srelu(u, p: Parameters):
    share = (u / p.linear_from).clamp(0, 1)
    return p.linear_from / p.power * share**p.power + (u - p.linear_from).clamp(min=0)


def _patches(p: Parameters, z: np.ndarray):
    features = np.eye(p.features)
    x = (z[..., None] * features[:, None, :]).reshape(len(z), -1, p.features)
    return torch.tensor(x)


def _labels(p: Parameters, z: np.ndarray) -> np.ndarray:
    return z.sum(-1).reshape(len(z), p.classes, p.views).sum(-1).argmax(1)


def _frequency(p: Parameters, z: np.ndarray) -> float:
    """Share of the most frequent class against 1/k: the data set against the law."""
    return float(np.bincount(_labels(p, z)).max() * p.classes / len(z))


def _top(matrix) -> float:
    return float(torch.linalg.eigvalsh((matrix + matrix.T) / 2)[-1])


def _mae_loss(p: Parameters, x, w, b):
    a = _srelu(x @ w.T, p)
    c = 1.0 if p.target == "all" else 1 - p.visible
    g = 0.0 if p.target == "all" else 1 - p.visible
    residual = c * x.sum(1) - a.sum(1) @ b
    if p.bias:
        residual = residual - residual.mean(0)
    decoded = a @ b
    patches = p.mask_penalty * decoded.square().sum((1, 2)) + 2 * g * (x * decoded).sum((1, 2))
    return (residual.square().sum(1) + patches).mean() / 2


@pytest.mark.parametrize("held", [1, 2])
@pytest.mark.parametrize(("target", "bias"), [("all", True), ("all", False), ("masked", True)])
@pytest.mark.parametrize(("final", "theta"), [(1.4, 0.5), (2.0, 0.5), (1.4, 0.8)])
def test_mae_bound(draw, held: int, target: str, bias: bool, final: float, theta: float) -> None:
    p = replace(LAW, target=target, bias=bias, visible=theta)
    z = draw(p, 1500, 1)
    x, frequent = _patches(p, z), _frequency(p, z)
    kernels = np.zeros((p.classes * p.views // held, p.features))
    for feature in range(p.features):
        kernels[feature // held, feature] = 1.0
    w = torch.tensor(final * kernels)
    b = torch.tensor(mae.decoded(p, final, held) * kernels)

    def loss(flat):
        return _mae_loss(p, x, flat[: w.numel()].view_as(w), flat[w.numel() :].view_as(b))

    hessian = torch.autograd.functional.hessian(loss, torch.cat([w.flatten(), b.flatten()]))
    eigenvalue, bound = _top(hessian), mae.block_curvature(p, final, held)
    assert eigenvalue <= bound * frequent * 1.03, "3 %: what the bound leaves out"
    assert bound <= LOOSE * eigenvalue


def test_mae_takes_the_worse_of_one_and_all_views() -> None:
    final = mae.balance(LAW)
    blocks = [mae.block_curvature(LAW, final, held) for held in (1, 2)]
    assert mae.curvature(LAW) == max(blocks) == blocks[1]
    assert mae.decoded(replace(LAW, target="masked", patches_per_feature=1), 1.0, 1) == 0


def _field(p: Parameters, x, w):
    """-grad of the teacher-student loss at gain 1 for one kernel, the teacher moving along."""
    u = x @ w
    share = (u / p.linear_from).clamp(0, 1)
    gap = _srelu(u, p).sum(1) - _srelu(u, p).sum(1)
    signal = (gap[:, None] - p.mask_penalty * _srelu(u, p)) * share ** (p.power - 1)
    return (signal[..., None] * x).sum(1).mean(0)


@pytest.mark.parametrize("theta", [0.3, 0.7])
def test_teacher_student_bound(draw, theta: float) -> None:
    p = replace(LAW, framework="teacher-student", visible=theta, amplification=0.0)
    z = draw(p, 2000, 2)
    x, frequent = _patches(p, z), _frequency(p, z)
    after = p.mask_penalty * mean_power_sum(p, 2) * (2 - 1 / p.power)
    assert teacher_student_curvature(p) == pytest.approx(after)
    found = []
    for correlation in (0.5, 0.7, 0.85, 1.5):
        w = torch.zeros(p.features, dtype=torch.float64)
        w[0], w[1] = correlation, 0.1
        found.append(_top(-torch.autograd.functional.jacobian(lambda w: _field(p, x, w), w)))
    assert max(found) <= after * frequent
    assert after <= LOOSE * max(found)


def test_teacher_student_growth_can_be_the_faster_part() -> None:
    p = replace(LAW, framework="teacher-student", amplification=60.0)
    assert teacher_student_curvature(p) == pytest.approx(growth_rate(p) * p.linear_from**4)


def test_supervised_bound(draw) -> None:
    """One kernel a class holds view 1; the scale makes own-class probabilities about one half."""
    p = replace(LAW, classes=4)
    z = draw(p, 3000, 3)
    x, frequent = _patches(p, z), _frequency(p, z)
    label = torch.tensor(_labels(p, z))
    w = torch.zeros(p.classes, p.features, dtype=torch.float64)
    w[torch.arange(p.classes), p.views * torch.arange(p.classes)] = 1.5

    def loss(flat):
        logits = _srelu(x @ flat.view_as(w).T, p).sum(1)
        return torch.nn.functional.cross_entropy(logits, label)

    eigenvalue = _top(torch.autograd.functional.hessian(loss, w.flatten()))
    bound = mean_power_sum_product(p, 1, 1) / 4
    assert supervised_curvature(p) == max(bound, supervised_growth_rate(p) * p.linear_from)
    assert eigenvalue <= bound * frequent * 1.03
    assert bound <= LOOSE * eigenvalue


def test_supervised_growth_can_be_the_faster_part(draw) -> None:
    """c'/c of a kernel at varrho on view 1 of its class, logits 0, from drawn images."""
    p = replace(LAW, classes=4, patches_per_feature=1, linear_from=0.4)
    z = draw(p, 3000, 4)
    x, own = _patches(p, z), torch.tensor(_labels(p, z) == 0)
    w = torch.zeros(p.features, dtype=torch.float64)
    w[0] = p.linear_from
    share = (x @ w / p.linear_from).clamp(0, 1)
    pull = torch.where(own, 1 - 1 / p.classes, 0.0)
    linear = pull[:, None] * share ** (p.power - 1) * x[..., 0]
    # The law's own activity follows the power beyond varrho, the encoder is linear there.
    below = pull[:, None] * (x @ w / p.linear_from) ** (p.power - 1) * x[..., 0]
    rate = float(below.sum(1).mean()) / p.linear_from
    spread = float(below.sum(1).std()) / p.linear_from / len(z) ** 0.5
    bound = supervised_curvature(p)
    assert bound > mean_power_sum_product(p, 1, 1) / 4
    assert abs(rate - bound) <= 5 * spread
    assert float(linear.sum(1).mean()) / p.linear_from <= bound


def test_unknown_framework() -> None:
    with pytest.raises(ValueError, match="'nobody'"):
        curvature.largest_curvature(LAW, "nobody")
    assert isnan(curvature.largest_curvature(LAW, "clustering"))
