"""Claims: prediction (theory) beside measurement (observe) beside the control that must fail.

A claim is one short module with a tuple ``CLAIMS``, found by its place in this package.
"""
