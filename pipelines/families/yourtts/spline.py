"""The inverse of monotone rational-quadratic splines with linear tails (Durkan et al., arXiv 1906.04032)."""

from __future__ import annotations

import math

import torch
from torch.nn import functional

#: Outside of [−BOUND, BOUND] the spline is the identity.
BOUND = 5.0
_MIN_WIDTH = _MIN_HEIGHT = _MIN_SLOPE = 1e-3


def invert_spline(
    values: torch.Tensor, widths: torch.Tensor, heights: torch.Tensor, slopes: torch.Tensor
) -> torch.Tensor:
    """The x whose spline is each of `values` (…).

    `widths` and `heights` (…, bins), `slopes` (…, bins − 1) are the network's output, before they are made positive
    and normalised; the slopes at both ends are 1, as those of the tails.
    """
    xs, ys = _compute_knots(widths, _MIN_WIDTH), _compute_knots(heights, _MIN_HEIGHT)
    # At the ends the softplus below gives exactly 1 with this.
    edge = math.log(math.expm1(1 - _MIN_SLOPE))
    derivatives = _MIN_SLOPE + functional.softplus(functional.pad(slopes, (1, 1), value=edge))
    inside = (values >= -BOUND) & (values <= BOUND)
    found = torch.where(inside, values, torch.zeros_like(values))[..., None]
    index = (found >= ys[..., 1:-1]).sum(dim=-1, keepdim=True)
    x0, y0, d0 = (knots.gather(-1, index) for knots in (xs, ys, derivatives))
    x1, y1, d1 = (knots.gather(-1, index + 1) for knots in (xs, ys, derivatives))
    width, height = x1 - x0, y1 - y0
    slope = height / width
    # The position t of x between its knots solves a t² + b t + c = 0; the stable one of the two formulas is used.
    offset = found - y0
    curvature = d0 + d1 - 2 * slope
    a = height * (slope - d0) + offset * curvature
    b = height * d0 - offset * curvature
    c = -slope * offset
    root = 2 * c / (-b - torch.sqrt(b.square() - 4 * a * c))
    return torch.where(inside, (root * width + x0).squeeze(-1), values)


def _compute_knots(sizes: torch.Tensor, minimum: float) -> torch.Tensor:
    """The limits of the bins, from −BOUND to BOUND."""
    shares = minimum + (1 - minimum * sizes.shape[-1]) * sizes.softmax(dim=-1)
    inner = shares.cumsum(dim=-1)[..., :-1] * (2 * BOUND) - BOUND
    ends = torch.full_like(inner[..., :1], BOUND)
    return torch.cat([-ends, inner, ends], dim=-1)
