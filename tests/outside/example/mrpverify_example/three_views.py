"""Images of three views a class, the third one fainter than the others."""

from dataclasses import dataclass, replace

import mrpverify as mv


@dataclass(frozen=True, kw_only=True)
class ThirdView:
    """What this law alone reads."""

    third: float = mv.parameter(0.7, "S_3", "strength of a third view, of the others'", gt=0, le=1)


def strengths(parameters, labels, shown_view, stream):
    """sum_p z_p as in the paper's law, times S_3 for every third view [images, features]."""
    found = mv.strengths(parameters, labels, shown_view, stream)
    found[:, 2::3] *= parameters.third
    return found


def roles(parameters):
    """Those of the paper's law: two thirds of the features as there, one third fainter."""
    usual = mv.multi_view_roles(parameters)
    faint = [
        replace(
            role,
            name=f"faint {role.name}",
            probability=role.probability / 3,
            low=parameters.third * role.low,
            high=parameters.third * role.high,
        )
        for role in usual
    ]
    return (*(replace(role, probability=role.probability * 2 / 3) for role in usual), *faint)


LAW = mv.DataLaw(name="three-views", parts=(ThirdView,), views=3, strengths=strengths, roles=roles)
