"""The mathematics of the project as code: one file per result, in sympy and numpy.

Everything here is a pure function of ``Parameters`` or of plain arrays: no torch, no randomness, no
input or output. Provenance tags: [A] abstract of the paper, [R] the published framework, [D]
derived here, [E] seen in exploratory runs; "section" and "law" (L1, L2, ...) number the project's
theory.
"""
