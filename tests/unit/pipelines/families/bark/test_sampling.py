from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch

from pipelines.families.bark.sampling import Sampler

LOGITS = torch.tensor([[0.0, 3.0, 2.0, -1.0], [4.0, 0.0, 0.0, 3.9]])


def make_sampler(**changes: Any) -> Sampler:
    settings = {"do_sample": True, "temperature": None, "top_k": None, "top_p": None, **changes}
    return Sampler(SimpleNamespace(**settings))


def seeds(*numbers: int) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(number) for number in numbers]


def draw_many(sampler: Sampler) -> torch.Tensor:
    generators = seeds(1, 2)
    return torch.stack([sampler.draw(LOGITS, generators, [True, True]) for _ in range(60)])


def test_without_sampling_the_most_probable_token_is_chosen() -> None:
    assert make_sampler(do_sample=False).draw(LOGITS, seeds(1, 2), [True, True]).tolist() == [1, 0]


def test_only_the_top_k_tokens_are_drawn() -> None:
    drawn = draw_many(make_sampler(top_k=2, temperature=5.0))
    assert set(drawn[:, 0].tolist()) == {1, 2} and set(drawn[:, 1].tolist()) == {0, 3}


def test_only_tokens_within_top_p_are_drawn() -> None:
    drawn = draw_many(make_sampler(top_p=0.6))
    assert set(drawn[:, 0].tolist()) == {1} and set(drawn[:, 1].tolist()) == {0, 3}


def test_a_row_draws_the_same_tokens_beside_other_rows() -> None:
    sampler = make_sampler(temperature=3.0)
    (alone,), together = seeds(5), seeds(5, 6)
    for _ in range(20):
        expected = sampler.draw(LOGITS[:1], [alone], [True])
        assert sampler.draw(LOGITS, together, [True, True])[0] == expected[0]


def test_an_inactive_row_uses_no_random_numbers() -> None:
    generators = seeds(1, 2)
    before = generators[1].get_state()
    make_sampler().draw(LOGITS, generators, [True, False])
    assert torch.equal(generators[1].get_state(), before)
