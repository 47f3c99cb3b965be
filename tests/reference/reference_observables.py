"""What is read from weights, in plain numpy loops, from docs/theory.md section 3 alone."""

import numpy as np


def correlations(w, features):
    """C[r, f] = <w_r, v_f>."""
    return np.array([[float(np.dot(kernel, v)) for v in features] for kernel in w])


def held(c, crossed, varrho):
    """Held [R, F]: crossed for earlier, and still at half of varrho."""
    return crossed & (c >= varrho / 2)


def captured(c, crossed, varrho, views, purity="class"):
    """Features [F] that some kernel holds and is pure for: "none", "class" or "feature"."""
    holds = held(c, crossed, varrho)
    out = np.zeros(c.shape[1], dtype=bool)
    for r, f in zip(*np.nonzero(holds), strict=True):
        out[f] |= _pure(c[r], f, views, purity)
    return out


def _pure(row, feature, views, purity):
    """Every foreign correlation is below half the kernel's largest one."""
    for g, other in enumerate(row):
        foreign = g // views != feature // views if purity == "class" else g != feature
        if purity != "none" and foreign and other >= row.max() / 2:
            return False
    return True


def reaches_background(w, patches, owner, varrho):
    """True where a kernel reaches varrho/2 on a patch that no feature owns."""
    background = patches[owner < 0]
    return (w @ background.T >= varrho / 2).any(1)


def outside_and_inside(change, features):
    """Norms [R] of the part of w(T) - w(0) off the feature span and in it."""
    inside = change @ features.T
    outside = change - inside @ features
    return np.linalg.norm(outside, axis=1), np.linalg.norm(inside, axis=1)


def accuracies(logits, labels, shown):
    """Share of right answers on multi-view and on single-view images."""
    right = logits.argmax(1) == labels
    return right[shown < 0].mean(), right[shown >= 0].mean()
