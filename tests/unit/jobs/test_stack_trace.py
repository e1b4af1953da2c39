"""Stack traces name places and types, and nothing of what was worked on."""

from __future__ import annotations

from collections.abc import Callable

from jobs.stack_trace import format_stack

SECRET = "hunt" + "er2"  # never as one word in this file: stack traces quote its lines


class SpeechError(Exception):
    pass


def catch(call: Callable[[], object]) -> BaseException:
    try:
        call()
    except Exception as error:
        return error
    raise AssertionError("nothing was raised")


def fail(secret: str) -> None:
    raise SpeechError(f"cannot read {secret}")


def fail_with_cause(secret: str) -> None:
    try:
        fail(secret)
    except SpeechError as error:
        raise ValueError(secret) from error


def test_type_and_function_are_named_without_the_message() -> None:
    text = format_stack(catch(lambda: fail(SECRET)))
    assert "in fail\n" in text
    assert text.endswith(f"{__name__}.SpeechError")
    assert SECRET not in text


def test_cause_stands_before_its_effect() -> None:
    text = format_stack(catch(lambda: fail_with_cause(SECRET)))
    first, second = text.split("\n\n")
    assert first.endswith("SpeechError")
    assert second.endswith("builtins.ValueError")
    assert SECRET not in text


def test_context_is_included_unless_it_is_suppressed() -> None:
    def replace_error(*, suppressed: bool) -> None:
        try:
            fail(SECRET)
        except SpeechError:
            if suppressed:
                raise ValueError from None
            raise ValueError  # noqa: B904 - the implicit context is what is tested

    assert len(format_stack(catch(lambda: replace_error(suppressed=False))).split("\n\n")) == 2
    assert len(format_stack(catch(lambda: replace_error(suppressed=True))).split("\n\n")) == 1


def test_cycle_of_causes_ends() -> None:
    one, two = ValueError(), KeyError()
    one.__cause__, two.__cause__ = two, one
    assert format_stack(one) == "builtins.KeyError\n\nbuiltins.ValueError"


def test_deep_stack_keeps_the_frames_where_it_was_raised() -> None:
    # Two functions in turn, because equal lines are folded.
    def call_odd(depth: int) -> None:
        call_even(depth - 1) if depth else fail(SECRET)

    def call_even(depth: int) -> None:
        call_odd(depth - 1) if depth else fail(SECRET)

    text = format_stack(catch(lambda: call_odd(100)))
    assert text.count("  File ") == 30
    assert "in fail\n" in text
    assert "in catch\n" not in text
