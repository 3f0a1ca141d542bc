"""Each service against the RFC's own words: see tests/web/cases.py."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.engine.web.conftest import Service, Start
from tests.web.cases import CASES, Case, faults

pytestmark = [pytest.mark.engine, pytest.mark.beside]

KNOWN_FAULTS: dict[str, set[str]] = {"zig": set()}
"""By language, the names of the cases that its service has wrong, each by the nature of its library."""


@pytest.fixture(scope="module", params=KNOWN_FAULTS)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def service(language: str, start: Start) -> Service:
    return start(language)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.section} {case.name}")
def test_requests_get_the_answers_that_are_right(case: Case, language: str, service: Service) -> None:
    found = faults(case, service.port)
    assert bool(found) == (case.name in KNOWN_FAULTS[language]), found


def test_every_case_has_a_name_of_its_own() -> None:
    assert [name for name, count in Counter(case.name for case in CASES).items() if count > 1] == []
    assert len(CASES) > 170
