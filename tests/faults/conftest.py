"""Shows at the end what the fault tests really caused: a fault that did not happen proves nothing."""

from __future__ import annotations

import pytest

from tests.faults.rig import REPORTS


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if REPORTS:
        terminalreporter.section("faults caused")
        for report in REPORTS:
            terminalreporter.write_line(report)
