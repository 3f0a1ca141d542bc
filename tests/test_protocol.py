"""What goes over the wire to an implementation and back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.errors import ProtocolError
from harness.experiments.matmul.protocol import parse_peak, parse_samples, run_arguments
from harness.images.info import parse_info
from harness.model.cases import Batch, Sample
from tests.factories import a_case, a_manifest, info_of


def test_arguments_of_a_run() -> None:
    case = a_case("alpha/parallel", n=64, threads=2)
    batch = Batch(rows=8, samples=3, first=5, calls=4)
    assert run_arguments(case, batch) == ("run", "parallel", "64", "2", "5", "8", "4", "3")


def test_samples_are_read_in_order() -> None:
    assert parse_samples(b"12 11 4294967295\n9 0 7\n", 2) == (
        Sample(wall_ns=12, cpu_ns=11, checksum=4294967295),
        Sample(wall_ns=9, cpu_ns=0, checksum=7),
    )


@pytest.mark.parametrize("printed", [b"", b"1 2 3\n", b"1 2 3\n" * 3])
def test_a_wrong_number_of_samples_is_refused(printed: bytes) -> None:
    with pytest.raises(ProtocolError, match=rf"printed {printed.count(b'3')} samples, expected 2"):
        parse_samples(printed, 2)


@pytest.mark.parametrize(
    "line",
    [
        b"warming up",
        b"1 2",
        b"1 2 3 4",
        b"1  2 3",
        b" 1 2 3",
        b"1 2 3 ",
        b"1.0 2 3",
        b"nan 2 3",
        b"1 2 0x3",
        b"1_0 2 3",
        b"+1 2 3",
        b"1 2 -3",
        b"\xd9\xa1 2 3",  # an Arabic digit one
        b"1\t2\t3",
        b"\x00\xff\xfe",
        b"",
        b"9" * 400 + b" 2 3",
    ],
)
def test_a_line_that_is_no_sample_is_named(line: bytes) -> None:
    with pytest.raises(ProtocolError, match="line 2 of its output is not `wall_ns cpu_ns checksum`"):
        parse_samples(b"1 2 3\n" + line + b"\n1 2 3\n", 3)


def test_a_long_line_is_shown_in_part() -> None:
    with pytest.raises(ProtocolError) as error:
        parse_samples(b"x" * 100_000, 1)
    assert len(str(error.value)) < 200


def test_info_is_read_as_the_contract_has_it() -> None:
    info = info_of(a_manifest("alpha", "naive", "parallel"))
    assert parse_info(info.model_dump_json().encode()) == info


def changed_info(**changes: Any) -> bytes:
    document = info_of(a_manifest()).model_dump()
    document["rungs"]["naive"] |= changes
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("answer", "where"),
    [
        (b"usage: matmul", "the whole answer"),
        (b"{}", "toolchain"),
        (b'{"toolchain": "x 1", "rungs": []}', "rungs"),
        (changed_info(layout="diagonal"), r"rungs\.naive\.layout"),
        (changed_info(fast=True), r"rungs\.naive\.fast"),
    ],
)
def test_info_that_breaks_the_contract_says_where(answer: bytes, where: str) -> None:
    with pytest.raises(ProtocolError, match=f"`matmul info` breaks the contract at {where}: "):
        parse_info(answer)


@pytest.mark.parametrize("hidden", ["\x1b[2J", "\n", "\x07", "\x9b", "\u202e"])
def test_what_an_image_says_of_itself_has_no_control_characters(hidden: str) -> None:
    document = info_of(a_manifest()).model_dump()
    document["rungs"][f"na{hidden}"] = document["rungs"].pop("naive") | {"flags": f"-O{hidden}3", "runs": f"a{hidden}"}
    info = parse_info(json.dumps(document | {"toolchain": f"gcc{hidden}14"}).encode())
    assert hidden not in f"{info.toolchain}{''.join(info.rungs)}{info.rungs.popitem()[1].flags}"


def test_peak_is_a_number() -> None:
    assert parse_peak(b"41.5\n") == 41.5


@pytest.mark.parametrize("printed", [b"", b"fast", b"nan", b"inf", b"-3", b"0", b"1 2"])
def test_a_peak_that_is_no_positive_number_is_refused(printed: bytes) -> None:
    with pytest.raises(ProtocolError, match="where a number was expected"):
        parse_peak(printed)
