"""What the tests share: a Spectrum for each backend, and the report."""

import resource
from concurrent.futures import ThreadPoolExecutor
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


def pytest_configure():
    # Spectrum aborts where it might end.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


@pytest.fixture(scope="session", autouse=True)
def meanwhile(request):
    """Runs in the background what is marked as slow, since it waits most of the time.

    Returns, by name, what will be its result.
    """
    slow = [item for item in request.session.items if item.get_closest_marker("slow")]
    with ThreadPoolExecutor() as threads:
        yield {item.name: threads.submit(item.get_closest_marker("slow").args[0]) for item in slow}


def pytest_report_teststatus(report):
    if report.when == "call" and report.outcome in ("passed", "failed"):
        word = {"passed": "PASS", "failed": "FAIL"}[report.outcome]
        return report.outcome, word[0], f"{word} ({report.duration:.2f} s)"
    return None


def pytest_terminal_summary(terminalreporter):
    if terminalreporter.stats.get("failed") or terminalreporter.stats.get("error"):
        terminalreporter.write_line(f"What Spectrum and the backends logged is in {RUNS}")
