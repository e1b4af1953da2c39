"""Kinds of problems on the wire."""

from __future__ import annotations

from typing import Literal

from api.http.schemas import ResponseModel


class ProblemTypeBody(ResponseModel):
    """A kind of problem: what it means, and what to do. `status` is the one that it mostly comes with; `retryable`: the
    same request may succeed later."""

    code: str
    status: int
    title: str
    meaning: str
    action: str
    retryable: bool


class ProblemTypeList(ResponseModel):
    object: Literal["list"] = "list"
    data: list[ProblemTypeBody]
