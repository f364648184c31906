"""Compares rows with the gradients of autograd."""

from __future__ import annotations

from torch import Tensor, dtype, finfo

from .measure import Measured
from .rows import Rows


def unlike(measured: Measured) -> set[str]:
    """Names of the parameters whose rows are not their whole gradient.

    `measured` has the whole gradients, too.
    """
    return {
        name
        for name, rows in measured.rows.items()
        if name not in measured.gradients or not _agree(rows, measured.gradients[name], measured.types[name])
    }


def _agree(rows: Rows, gradient: Tensor, types: set[dtype]) -> bool:
    whole = gradient.to(device="cpu", dtype=rows.e.dtype)
    error = float((rows.gradient() - whole).norm())
    # Rounding: that of the gradient's type (with autocast, of the results' type), and that of the sum of the rows.
    coarsest = max(finfo(kind).eps for kind in {gradient.dtype, *types})
    return error <= 4 * coarsest * float(whole.norm()) + 16 * finfo(rows.e.dtype).eps * rows.magnitude()
