"""Our own figures beside other people's tools; `python -m tests.cross_checks` prints the table."""

from __future__ import annotations

import pytest

from harness.engine.docker import DockerEngine
from harness.model.journal import Image
from tests.cross_checks import CASES, checked, missing, table

pytestmark = pytest.mark.engine


@pytest.mark.skipif(bool(missing()), reason=f"not installed: {', '.join(missing())}")
def test_other_tools_measure_what_the_programs_claim(engine: DockerEngine, images: dict[str, Image]) -> None:
    checks = list(checked(engine, images[CASES[0].implementation].tag or "", CASES))
    of_cpu = [check for check in checks if "cpu_ns" in check.what]
    assert len(of_cpu) == len(checks) / 2 == len(CASES)
    assert all(abs(check.difference) < 0.05 for check in of_cpu), table(checks)  # the very same processes
    assert all(abs(check.difference) < 0.15 for check in checks), table(checks)  # other containers, a moment later
