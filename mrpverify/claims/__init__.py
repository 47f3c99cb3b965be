"""Claims: prediction (theory) beside measurement (observe) beside the control that must fail.

A claim is one short module with a tuple ``CLAIMS``, found by its place in this package.
"""

import sys

from ..callable_module import CallableModule

sys.modules[__name__].__class__ = CallableModule
