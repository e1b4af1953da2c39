"""Prints at the end which faults the tests really caused: a fault that did not happen proves nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faults.rig import REPORTS

#: The key under which processes of pytest-xdist send their reports to the one that prints the summary.
_KEY = "faults_caused"


def pytest_sessionfinish(session: pytest.Session) -> None:
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[_KEY] = list(REPORTS)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    REPORTS.extend(getattr(node, "workeroutput", {}).get(_KEY, ()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if REPORTS:
        terminalreporter.section("faults caused")
        for report in sorted(REPORTS):
            terminalreporter.write_line(report)
