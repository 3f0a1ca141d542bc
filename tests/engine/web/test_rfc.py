"""Each service against the RFC's own words: see tests/web/cases.py."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from tests.engine.web.conftest import Service, Start
from tests.web.cases import CASES, Case, faults

pytestmark = [pytest.mark.engine, pytest.mark.beside]

KNOWN_FAULTS: dict[str, set[str]] = {"zig": set()}
"""By language, the names of the cases that its service has wrong, each by the nature of its library."""


@pytest.fixture(scope="module", params=KNOWN_FAULTS)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module", params=["final", "small"])
def service(
    request: pytest.FixtureRequest, language: str, start: Start, stage_of: Callable[[str, str], str]
) -> Service:
    """With safety checks, as it ships, and without."""
    return start(language, tag=None if request.param == "final" else stage_of(language, request.param))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.section} {case.name}")
def test_requests_get_the_answers_that_are_right(case: Case, language: str, service: Service) -> None:
    found = faults(case, service.port)
    assert bool(found) == (case.name in KNOWN_FAULTS[language]), found


def test_every_case_has_a_name_of_its_own() -> None:
    assert [name for name, count in Counter(case.name for case in CASES).items() if count > 1] == []
    assert len(CASES) > 170
