from __future__ import annotations

import torch
from torch.nn import functional

from pipelines.families.yourtts import spline


def numbers(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(len(shape))).double()


def test_what_is_outside_stays_and_ends_are_fixed():
    outside = torch.tensor([-9.0, -5.0, 5.0, 7.0]).double()
    made = spline.invert_spline(outside, numbers(4, 10), numbers(4, 10), numbers(4, 9))
    assert torch.allclose(made, outside, atol=1e-6)


def forward(x: float, xs: torch.Tensor, ys: torch.Tensor, slopes: torch.Tensor) -> float:
    """Equation 4 of the paper, for one value between its knots."""
    k = int((xs[1:-1] <= x).sum())
    s = (ys[k + 1] - ys[k]) / (xs[k + 1] - xs[k])
    t = (x - xs[k]) / (xs[k + 1] - xs[k])
    above = (ys[k + 1] - ys[k]) * (s * t**2 + slopes[k] * t * (1 - t))
    return float(ys[k] + above / (s + (slopes[k + 1] + slopes[k] - 2 * s) * t * (1 - t)))


def test_it_undoes_the_spline_of_the_paper():
    widths, heights, slopes = numbers(10), numbers(10).flip(0), numbers(9)
    knots = [
        torch.cat([torch.zeros(1), (1e-3 + 0.99 * sizes.softmax(0)).cumsum(0)]) * 10 - 5 for sizes in (widths, heights)
    ]
    steep = torch.cat([torch.ones(1), 1e-3 + functional.softplus(slopes), torch.ones(1)])
    values = torch.linspace(-4.9, 4.9, 199).double()
    made = spline.invert_spline(values, *(each.expand(199, -1) for each in (widths, heights, slopes)))
    assert (made.diff() > 0).all()
    back = torch.tensor([forward(float(x), *knots, steep) for x in made]).double()
    assert torch.allclose(back, values, atol=1e-6)


def test_flat_numbers_change_nothing():
    values = torch.linspace(-6, 6, 50).double()
    even = torch.zeros(50, 10).double()
    one = torch.full((50, 9), float(torch.log(torch.expm1(torch.tensor(1 - 1e-3).double())))).double()
    assert torch.allclose(spline.invert_spline(values, even, even, one), values, atol=1e-9)
