"""Services: what is asked of the load generator, what its word is worth, and what an answer must be."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import numpy as np
import pytest

from harness.engine.engine import Account, Exit
from harness.errors import ProtocolError
from harness.experiments.web.answer import Answer, parse_answer
from harness.experiments.web.figures import check_pair, values_of
from harness.experiments.web.latency import Latencies
from harness.experiments.web.load import Asked, Said, check_said, parse_said
from harness.experiments.web.pair import Pair
from harness.experiments.web.scenarios import ECHO_BYTES, JSON_BYTES, SCENARIOS, N, Workload, product

PAGE = b"<!doctype html><p>A page.</p>\n"
WORKLOAD = Workload(PAGE, seed=3)
NOW_S = 1_795_808_811.0
S = 1_000_000_000
PRINTED = """
finished in 2.00s, 10000.00 req/s, 9.41MB/s
requests: 20000 total, 20000 started, 20000 done, 20000 succeeded, 0 failed, 0 errored, 0 timeout
status codes: 20000 2xx, 0 3xx, 0 4xx, 0 5xx
traffic: 9.41MB (9868500) total, 303.48KB (310760) headers (space savings 0.00%), 8.72MB ({data}) data
"""


def json_body(at_s: float = NOW_S) -> bytes:
    date = format_datetime(datetime.fromtimestamp(at_s, UTC), usegmt=True)
    return f'{{"message":"Hello, World!","date":"{date}"}}'.encode()


RIGHT = {
    "page": PAGE,
    "json": json_body(),
    "echo": WORKLOAD.echo,
    "matmul": product(*WORKLOAD.operands).tobytes(),
    "pipelined": PAGE,
    "connect": PAGE,
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_right_answer_is_accepted_and_has_the_length_that_is_counted_on(name: str) -> None:
    WORKLOAD.check(SCENARIOS[name], Answer(200, RIGHT[name]), NOW_S)
    assert len(RIGHT[name]) == WORKLOAD.answer_bytes(SCENARIOS[name])


@pytest.mark.parametrize("name", SCENARIOS)
def test_one_bit_makes_an_answer_wrong(name: str) -> None:
    wrong = bytearray(RIGHT[name])
    wrong[len(wrong) // 2] ^= 1
    with pytest.raises(ProtocolError, match="was answered with"):
        WORKLOAD.check(SCENARIOS[name], Answer(200, bytes(wrong)), NOW_S)


def test_another_status_makes_an_answer_wrong() -> None:
    with pytest.raises(ProtocolError, match="/json was answered with status 500"):
        WORKLOAD.check(SCENARIOS["json"], Answer(500, RIGHT["json"]), NOW_S)


def test_an_old_date_is_not_made_for_the_request() -> None:
    with pytest.raises(ProtocolError, match="date that is 60 s off"):
        WORKLOAD.check(SCENARIOS["json"], Answer(200, json_body(NOW_S - 60)), NOW_S)


def test_products_are_rounded_at_every_step_and_bodies_follow_from_the_seed() -> None:
    a, b = WORKLOAD.operands
    total = 0.0
    for k in range(N):
        total += float(a[5, k]) * float(b[k, 7])
    assert product(a, b)[5, 7] == total
    assert np.array_equal(Workload(PAGE, 3).operands[0], a)
    assert not np.array_equal(Workload(PAGE, 4).operands[0], a)
    assert {name: len(data) for name, data in WORKLOAD.files().items()} == {"echo": ECHO_BYTES, "matmul": 16 * N * N}


@pytest.mark.parametrize(
    ("taken", "answer"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi", Answer(200, b"hi")),
        (b"HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n", Answer(404, b"")),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n3;x=y\r\nyou\r\n0\r\n\r\n",
            Answer(200, b"hiyou"),
        ),
    ],
)
def test_an_answer_is_read_whole(taken: bytes, answer: Answer) -> None:
    assert parse_answer(taken) == answer


@pytest.mark.parametrize(
    "taken",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nh",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi!",
        b"HTTP/1.1 200 OK\r\n\r\nhi",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhi\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhi\r\n0\r\n\r\n",
        b"HTTP/2 200\r\nContent-Length: 0\r\n\r\n",
    ],
)
def test_what_is_no_answer_is_refused(taken: bytes) -> None:
    with pytest.raises(ProtocolError):
        parse_answer(taken)


# --- latencies -------------------------------------------------------------------------------------------------


def test_requests_that_were_omitted_while_one_was_waited_for_are_counted() -> None:
    latencies = Latencies({100: 999, 10_000: 1}, interval_us=1000)
    assert latencies.corrected() == {100: 999, 10_000: 1, **dict.fromkeys(range(1000, 10_000, 1000), 1)}


def test_no_latency_is_added_where_none_exceeds_the_interval() -> None:
    assert Latencies({100: 5, 999: 1}, interval_us=1000).corrected() == {100: 5, 999: 1}


def test_percentiles_are_those_that_enough_requests_were_seen_for() -> None:
    assert Latencies({1000: 50, 3000: 50}, 1e6).percentiles() == {"p50_s": 0.001}
    found = Latencies({1000: 1979, 3000: 20, 9000: 1}, 1e6).percentiles()
    assert found == {"p50_s": 0.001, "p99_s": 0.003, "p999_s": 0.003}


# --- what the load generator says --------------------------------------------------------------------------------


def asked(name: str = "page", **changes: Any) -> Asked:
    fields: dict[str, Any] = {
        "scenario": SCENARIOS[name], "connections": 64, "threads": 1, "warm_s": 1.0, "seconds": 2.0, "rate": 0.0,
        "rate_s": 0.0,
    }  # fmt: skip
    return Asked(**fields | changes)


def lines(data_bytes: int = 20_000 * len(PAGE), printed: str = PRINTED, **changes: Any) -> list[dict[str, Any]]:
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(PAGE), PAGE)
    text = printed.replace("{data}", str(data_bytes))
    end = {"phase": "full", "began_ns": 12 * S, "ended_ns": 14 * S, "answers": 1, "killed": False, "printed": text}
    return [
        {"ready_ns": 10 * S},
        {**end, "phase": "warm", "began_ns": 11 * S, "ended_ns": 12 * S},
        {"phase": "full", "at_s": NOW_S, "answer": base64.b64encode(whole).decode()},
        {**end, **changes},
    ]


def said(told: list[dict[str, Any]]) -> Said:
    return parse_said("".join(json.dumps(line) + "\n" for line in told).encode())


def test_honest_words_are_believed() -> None:
    found = said(lines())
    check_said(found, asked(), WORKLOAD)
    assert (found.phases["full"].rate, found.phases["full"].done) == (10_000, 20_000)


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (lambda: lines(data_bytes=20_000 * len(PAGE) - 1), "answers held 599999 bytes, expected 600000"),
        (
            lambda: lines(printed=PRINTED.replace("20000 2xx, 0 3xx", "19999 2xx, 1 3xx")),
            "1 of 20000 requests were not",
        ),
        (
            lambda: lines(printed=PRINTED.replace("20000 succeeded, 0 failed", "19998 succeeded, 2 failed")),
            "2 of 20000",
        ),
        (lambda: lines(killed=True), "did not answer all requests"),
        (lambda: lines(answers=0), "no whole answer"),
        (lambda: lines()[:3], "did not answer all requests"),
        (lambda: lines(printed="broken"), "h2load did not finish: it printed 'broken'"),
        (lambda: [{"ready_ns": None}], "did not answer GET / with status 200 within 30 s"),
        (lambda: [*lines(), {"phase": "full", "at_s": NOW_S, "error": "timed out"}], "under load: timed out"),
        (
            lambda: [*lines(), {"at_s": NOW_S, "answer": base64.b64encode(b"HTTP/1.1 200 OK\r\n\r\n").decode()}],
            "neither",
        ),
    ],
)
def test_what_is_not_right_fails_the_round(told: Callable[[], list[dict[str, Any]]], reason: str) -> None:
    with pytest.raises(ProtocolError, match=reason):
        check_said(said(told()), asked(), WORKLOAD)


def test_a_phase_at_a_fixed_rate_is_checked_too() -> None:
    with pytest.raises(ProtocolError, match="did not answer all requests"):
        check_said(said(lines()), asked(rate=100.0, rate_s=2.0), WORKLOAD)


# --- figures ---------------------------------------------------------------------------------------------------


def accounts(*moments: tuple[float, float, int]) -> list[Account]:
    return [Account(round(at_s * S), round(cpu_s * S), held) for at_s, cpu_s, held in moments]


ENDED = Exit(0, b"", b"", 20 * S)
SERVED = Pair(
    load=ENDED,
    service=ENDED,
    began_ns=9 * S,
    service_accounts=accounts(
        (9.5, 0.1, 1000), (10.9, 0.2, 2000), (11.9, 0.5, 9000), (13.0, 0.9, 8000), (14.05, 1.4, 8000),
        (14.15, 1.5, 7000),
        (14.3, 5.0, 7000),
    ),
    load_accounts=accounts((11.9, 1.0, 10), (14.15, 2.5, 10)),
)  # fmt: skip


def test_a_request_costs_what_the_control_group_counted_in_the_timed_phase() -> None:
    values = values_of(SERVED, said(lines()), asked())
    assert values["cpu_s"] == pytest.approx(1.0 / 20_001)  # whole answers are requests too
    assert values["service_cpus"] == pytest.approx(0.5)
    assert values["load_cpus"] == pytest.approx(0.75)
    assert (values["start_s"], values["idle_bytes"], values["loaded_bytes"]) == (1.0, 2000, 9000)
    assert "p50_s" not in values


def test_latencies_are_figures_where_a_rate_was_asked_for() -> None:
    told = [*lines(), {"latencies_us": [[500, 1000]], "interval_us": 6400.0}]
    assert values_of(SERVED, said(told), asked(rate=5000.0, rate_s=2.0))["p50_s"] == 0.0005


@pytest.mark.parametrize(
    ("pair", "reason"),
    [
        (replace(SERVED, began_ns=0, service=replace(ENDED, stderr=b"no such file")), "does not start: no such file"),
        (
            replace(SERVED, ended_early=True, service=replace(ENDED, code=1)),
            "ended with exit code 1 while it was to serve",
        ),
        (replace(SERVED, ended_early=True, service=replace(ENDED, out_of_memory=True)), "ran out of memory"),
        (replace(SERVED, load=replace(ENDED, code=1, stderr=b"Traceback\nKeyError")), "load generator .* 1: KeyError"),
        (replace(SERVED, service_accounts=[]), "control group cannot be read"),
    ],
)
def test_a_service_that_did_not_serve_to_the_end_fails_the_round(pair: Pair, reason: str) -> None:
    with pytest.raises(ProtocolError, match=reason):
        check_pair(pair)


def test_what_the_load_generator_is_asked_fits_its_argument() -> None:
    words = json.loads(asked("matmul", rate=100.0, rate_s=2.0).words())
    assert (words["target"], words["body"], words["rate"]) == (f"/matmul?n={N}", "/data/matmul", 100.0)
    assert (json.loads(asked("connect").words())["close"], json.loads(asked("pipelined").words())["depth"]) == (
        True,
        16,
    )
    assert JSON_BYTES == 66
