"""What the tests share: a Spectrum for each backend, and the report."""

from itertools import count

import pytest

from spectrum import ROOT, RUNS, Spectrum
from user import logged_in

ECHOES = {
    "rust": ROOT / "target/debug/examples/echo",
    "c": ROOT / "target/capi/echo-c",
    "cpp": ROOT / "target/capi/echo-cpp",
}


@pytest.fixture(scope="session", params=ECHOES)
def echo(request):
    """A Spectrum with an echo backend."""
    with Spectrum(f"echo-{request.param}", ECHOES[request.param]) as spectrum:
        yield spectrum
    spectrum.check_backends()


numbers = count(1)


@pytest.fixture
async def alice(echo):
    """A user of the echo backend, another one for each test."""
    async with logged_in(echo, f"alice{next(numbers)}") as user:
        yield user


def pytest_report_teststatus(report):
    if report.when == "call" and report.outcome in ("passed", "failed"):
        word = {"passed": "PASS", "failed": "FAIL"}[report.outcome]
        return report.outcome, word[0], f"{word} ({report.duration:.2f} s)"
    return None


def pytest_terminal_summary(terminalreporter):
    if terminalreporter.stats.get("failed") or terminalreporter.stats.get("error"):
        terminalreporter.write_line(f"What Spectrum and the backends logged is in {RUNS}")
