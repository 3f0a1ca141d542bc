"""What images weigh, out of what `docker save` writes."""

from __future__ import annotations

import gzip
import os
import re

import pytest

from harness.errors import GateError
from harness.images.weight import check_budgets, image_row, weigh
from harness.model.cases import Failure
from harness.model.journal import Image, Layer, Weight
from tests.factories import a_manifest, saved_image

FILES = {"matmul": b"m" * 1000, "app/kernels/naive.x": b"k" * 200, "lib/runtime.so": b"r" * 5000}
NOISE = os.urandom(1_500_000)


@pytest.mark.parametrize("gzipped", [False, True], ids=["plain", "gzipped"])
def test_an_image_weighs_what_its_files_do(gzipped: bool) -> None:
    saved = saved_image(FILES, {"etc/passwd": b"root"}, gzipped=gzipped)
    weight = weigh([saved[:700], saved[700:]], ["matmul"])
    assert weight.unpacked_bytes == 6204
    assert [(layer.files, layer.unpacked_bytes) for layer in weight.layers] == [(3, 6200), (1, 4)]
    assert weight.compressed_bytes == sum(layer.compressed_bytes for layer in weight.layers) < 1000


def test_compressed_bytes_are_those_of_a_gzipped_layer() -> None:
    plain, packed = (weigh([saved_image({"noise": NOISE}, gzipped=g)], []) for g in (False, True))
    assert plain.compressed_bytes == pytest.approx(len(gzip.compress(NOISE)), rel=0.001)
    assert plain.compressed_bytes == pytest.approx(packed.compressed_bytes, rel=0.001)


@pytest.mark.parametrize(
    ("globs", "payload_bytes"),
    [(["matmul"], 1000), (["app/*"], 200), (["app/kernels/*.x", "matmul"], 1200), (["*"], 6200), ([], 0), (["mat"], 0)],
)
def test_payload_is_what_the_globs_name_and_the_rest_is_runtime(globs: list[str], payload_bytes: int) -> None:
    for prefix in ("", "./"):
        weight = weigh([saved_image({prefix + name: data for name, data in FILES.items()})], globs)
        assert (weight.payload_bytes, weight.runtime_bytes) == (payload_bytes, 6200 - payload_bytes)


def an_image(unpacked_bytes: int) -> Image:
    layer = Layer(unpacked_bytes=unpacked_bytes, compressed_bytes=10, files=1)
    weight = Weight(unpacked_bytes=unpacked_bytes, compressed_bytes=10, payload_bytes=1, layers=(layer,))
    return Image(name="alpha", tag="alpha:1", weight=weight)


MANIFEST = a_manifest("alpha", budget_bytes=1000)
UNBUILT = Image(name="alpha", failure=Failure(stage="build", reason="it did not compile"))


def test_an_image_stands_beside_its_budget() -> None:
    row = image_row(MANIFEST, "final", an_image(900))
    assert (row.unpacked_bytes, row.runtime_bytes, row.layers, row.budget_bytes) == (900, 899, 1, 1000)


def test_a_budget_may_be_used_up() -> None:
    check_budgets([image_row(MANIFEST, "final", an_image(1000))])


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (an_image(1001), "alpha: 1,001 bytes, budget 1,000"),
        (UNBUILT, "alpha: not weighed (it did not compile)"),
        (None, "alpha: not weighed (not built)"),
    ],
)
def test_a_broken_budget_is_a_gate(image: Image | None, said: str) -> None:
    kept = image_row(a_manifest("beta"), "final", an_image(5))
    with pytest.raises(GateError, match=re.escape(said)) as error:
        check_budgets([kept, image_row(MANIFEST, "final", image)])
    assert error.value.exit_code == 3
    assert "beta" not in str(error.value)


def test_a_librarys_image_has_its_own_name_and_no_budget() -> None:
    row = image_row(MANIFEST, "library", an_image(10**9))
    assert (row.name, row.budget_bytes, row.conventional) == ("alpha-library", None, None)
    check_budgets([row])
