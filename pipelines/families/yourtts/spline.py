"""Monotone rational-quadratic splines, run backwards (Durkan et al., arXiv 1906.04032, with linear tails)."""

from __future__ import annotations

import math

import torch
from torch.nn import functional

#: Outside of [−BOUND, BOUND] values stay as they are.
BOUND = 5.0
_LEAST_WIDTH = _LEAST_HEIGHT = _LEAST_SLOPE = 1e-3


def inverse(values: torch.Tensor, widths: torch.Tensor, heights: torch.Tensor, slopes: torch.Tensor) -> torch.Tensor:
    """The x whose spline is each of `values` (…).

    `widths` and `heights` (…, bins), `slopes` (…, bins − 1) are what the network says, before they are made positive
    and of the right sum; the slopes at both ends are 1, as those of the tails.
    """
    xs, ys = _knots(widths, _LEAST_WIDTH), _knots(heights, _LEAST_HEIGHT)
    # At the ends the softplus below gives exactly 1 with this.
    edge = math.log(math.expm1(1 - _LEAST_SLOPE))
    derivatives = _LEAST_SLOPE + functional.softplus(functional.pad(slopes, (1, 1), value=edge))
    inside = (values >= -BOUND) & (values <= BOUND)
    found = torch.where(inside, values, torch.zeros_like(values))[..., None]
    index = (found >= ys[..., 1:-1]).sum(dim=-1, keepdim=True)
    x0, y0, d0 = (knots.gather(-1, index) for knots in (xs, ys, derivatives))
    x1, y1, d1 = (knots.gather(-1, index + 1) for knots in (xs, ys, derivatives))
    width, height = x1 - x0, y1 - y0
    slope = height / width
    # A quadratic in how far between the knots x is: a t² + b t + c = 0, by the stable one of its two formulas.
    up = found - y0
    bend = d0 + d1 - 2 * slope
    a = height * (slope - d0) + up * bend
    b = height * d0 - up * bend
    c = -slope * up
    root = 2 * c / (-b - torch.sqrt(b.square() - 4 * a * c))
    return torch.where(inside, (root * width + x0).squeeze(-1), values)


def _knots(sizes: torch.Tensor, least: float) -> torch.Tensor:
    """Where bins begin and end, from −BOUND to BOUND."""
    shares = least + (1 - least * sizes.shape[-1]) * sizes.softmax(dim=-1)
    inner = shares.cumsum(dim=-1)[..., :-1] * (2 * BOUND) - BOUND
    ends = torch.full_like(inner[..., :1], BOUND)
    return torch.cat([-ends, inner, ends], dim=-1)
