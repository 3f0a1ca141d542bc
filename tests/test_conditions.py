"""Readings of a machine out of its files, here and through a shell."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from harness.machine.conditions import between, gather, parse_reading, reading_script

FILES = {
    "proc/stat": "cpu  100 20 30 4000 50 6 7 80 9 9\ncpu0 1 2\ncpu1 3 4\nintr 12345\nctxt 9\n",
    "proc/uptime": "1234.56 2000.00\n",
    "proc/loadavg": "1.25 0.10 0.05 1/100 1\n",
    "proc/meminfo": "MemTotal: 9 kB\nMemAvailable:   2048 kB\nSwapTotal: 1000 kB\nSwapFree: 600 kB\n",
    "proc/vmstat": "nr_free_pages 7\npswpin 3\npswpout 4\n",
    "proc/sys/kernel/random/boot_id": "b00t\n",
    "sys/kernel/mm/transparent_hugepage/enabled": "always [madvise] never\n",
    "sys/devices/system/clocksource/clocksource0/current_clocksource": "tsc\n",
    "sys/devices/system/cpu/smt/active": "1\n",
    "sys/devices/system/cpu/intel_pstate/no_turbo": "0\n",
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "powersave\n",
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq": "2000000\n",
    "sys/devices/system/cpu/cpu1/cpufreq/scaling_cur_freq": "3000000\n",
    "sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count": "5\n",
    "sys/devices/system/cpu/cpu11/thermal_throttle/core_throttle_count": "2\n",
    "sys/class/power_supply/AC/online": "0\n",
}


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A machine that tells everything."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_a_reading_of_a_machine_that_tells_everything(machine: Path) -> None:
    reading = parse_reading(gather(machine))
    assert (reading.boot_id, reading.uptime_ns, reading.cpus) == ("b00t", 1234_560_000_000, 2)
    assert (reading.busy_ns, reading.steal_ns) == ((100 + 20 + 30 + 6 + 7) * 10**7, 80 * 10**7)  # guests are in user
    assert (reading.load_1m, reading.available_bytes) == (1.25, 2048 * 1024)
    assert (reading.swap_bytes, reading.swap_used_bytes, reading.swapped_pages) == (1000 * 1024, 400 * 1024, 7)
    assert (reading.huge_pages, reading.clock_source, reading.governor) == ("madvise", "tsc", "powersave")
    assert (reading.turbo, reading.smt, reading.mains) == (True, True, False)
    assert (reading.mhz, reading.throttled) == (2500.0, 7)


def test_the_shell_prints_the_same(machine: Path) -> None:
    script = reading_script().replace("for file in /", f"for file in {machine}/")
    printed = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout
    assert parse_reading(printed.replace(f"== {machine}", "== ")) == parse_reading(gather(machine))


def test_a_machine_that_tells_nothing_gives_none_and_no_error(tmp_path: Path) -> None:
    reading = parse_reading(gather(tmp_path))
    assert (reading.boot_id, reading.governor, reading.turbo, reading.mhz, reading.throttled) == (None,) * 5
    assert (reading.cpus, reading.busy_ns, reading.uptime_ns) == (1, 0, 0)


def test_the_other_switch_for_turbo_says_the_contrary(machine: Path) -> None:
    (machine / "sys/devices/system/cpu/intel_pstate/no_turbo").unlink()
    boost = machine / "sys/devices/system/cpu/cpufreq/boost"
    boost.parent.mkdir()
    boost.write_text("0\n", encoding="utf-8")
    assert parse_reading(gather(machine)).turbo is False


def test_this_machine_can_be_read() -> None:
    reading = parse_reading(gather())
    assert reading.boot_id
    assert reading.busy_ns > 0
    assert reading.available_bytes > 0
    assert reading.huge_pages in {"always", "madvise", "never", None}


def test_what_went_on_between_two_readings(machine: Path) -> None:
    before = parse_reading(gather(machine))
    after = before.model_copy(
        update={
            "uptime_ns": before.uptime_ns + 2 * 10**9,
            "busy_ns": before.busy_ns + 3 * 10**9,
            "steal_ns": before.steal_ns + 10**8,
            "swapped_pages": 10,
            "throttled": 9,
            "available_bytes": 1,
        }
    )
    seen = between([before, after])
    assert seen is not None
    assert (seen.wall_ns, seen.busy_ns, seen.steal_ns) == (2 * 10**9, 3 * 10**9, 10**8)
    assert (seen.swapped_pages, seen.throttled, seen.available_bytes) == (3, 2, 1)


def test_a_reading_that_is_missing_leaves_the_conditions_unknown(machine: Path) -> None:
    reading = parse_reading(gather(machine))
    assert between([reading, None]) is None
    assert between([reading]) is None
