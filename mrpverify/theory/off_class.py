"""What a feature's appearances in images of other classes do to its growth (L11 [D]).

Teacher-student has no labels: an image that shows the feature drives it, whatever its class, so
R_v grows by that of the off-class appearances. Supervised learning pulls a kernel of block i
towards images of class i with 1 - 1/k and away from the others with 1/k. In a data set with the
share f of images of the class, over the growth from own images alone:

    teacher-student  1 + (1-f)/f (s/k) r(off)/r(own),   r = (tau^q - 1) E A^2 - lambda E B (L2)
    supervised       1 - (1-f)/f (s/k) E[A off]/E[A own] / (k - 1)
"""

from __future__ import annotations

from ..parameters import Parameters
from .data_law import Role, off_class_probability, power_sum, power_sum_product, role


def teacher_student_speedup(parameters: Parameters, own: float) -> float:
    """Rate over that without off-class appearances, `own` = f; >= 1 above L3 (L11 [D])."""
    p = parameters

    def drive(kind: Role) -> float:
        square = power_sum_product(p, kind, p.power, p.power)
        gain = p.start_gain**p.power - 1 + p.mask_law.shared
        return float(gain * square - p.mask_law.own * power_sum(p, kind, 2 * p.power))

    strength = drive(role(p, "off")) / drive(role(p, "shown"))
    return 1 + (1 - own) / own * off_class_probability(p) * strength


def supervised_speedup(parameters: Parameters, own: float) -> float:
    """The same under supervised learning, <= 1: off-class appearances do not help (L11 [D])."""
    p = parameters
    strength = power_sum(p, role(p, "off"), p.power) / power_sum(p, role(p, "shown"), p.power)
    return 1 - (1 - own) / own * off_class_probability(p) * strength / (p.classes - 1)
