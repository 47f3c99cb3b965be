"""Options of the objectives: what each is admits, at the ends and nothing beyond.

A length, a temperature or a step that moves is above 0; a weight, a gain or a width may be 0; a
share that is kept is below 1. Ends are read when a module is imported, so that a fork of a session
does not see them change (`docs/mutation.md`).
"""

from dataclasses import replace

import pytest

from mrpverify.admissible import RegimeError
from mrpverify.objectives import clustering, distilled, fine_tuning, mae, teacher_student
from mrpverify.parameters import Parameters, parts_of

FOUND = {"clustering": clustering, "distilled": distilled, "fine-tuning": fine_tuning, "mae": mae,
         "teacher-student": teacher_student}  # fmt: skip
ABOVE_ZERO = [
    ("distilled", "label_temperature"), ("distilled", "teacher_scale"),
    ("fine-tuning", "head_step"), ("mae", "decoder_scale"),
]  # fmt: skip
NOT_NEGATIVE = [
    ("distilled", "taught_weight"), ("fine-tuning", "encoder_step"), ("teacher-student", "tau"),
    ("teacher-student", "amplification"), ("teacher-student", "hold_width"),
    ("teacher-student", "ema_decay"),
]  # fmt: skip
ENDS = [
    *((framework, name, 1e-9, 0.0) for framework, name in ABOVE_ZERO),
    *((framework, name, 0.0, -1e-9) for framework, name in NOT_NEGATIVE),
    ("teacher-student", "ema_decay", 1 - 1e-9, 1.0),
    ("clustering", "refresh", 1, 0),
]


@pytest.mark.parametrize(("framework", "name", "inside", "beyond"), ENDS)
def test_an_option_admits_its_end_and_nothing_beyond(framework, name, inside, beyond):
    p = Parameters(framework=framework)
    assert getattr(replace(p, **{name: inside}), name) == inside
    with pytest.raises(RegimeError, match="must be"):
        replace(p, **{name: beyond})


def test_a_regime_of_every_objective_has_its_options():
    for framework in FOUND:
        own = {name for of, name, *_ in ENDS if of == framework}
        assert own <= {field for part in parts_of(framework) for field in part.__annotations__}
