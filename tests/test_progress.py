"""What progress looks like: in files, on terminals of several widths, and on one that cannot move its cursor."""

from __future__ import annotations

import os
import pty
import re
import struct
import subprocess
import sys
import termios
from fcntl import ioctl

import pytest

from harness.events import Event
from harness.progress import line

BUILDS = Event(
    "build", "zig: Step 7/12 : RUN zig build-exe matmul.zig -O ReleaseFast -target x86_64-linux-musl --strip"
)
MEASURES = Event("measure", "round 3: python/vectorized (2 threads), 12 samples × 4096 rows", 17, 40, 754.0)
SHOWN = """
import sys, time
from harness.cli.streams import guard
from harness.events import Event
from harness.progress import Progress
guard()
text = "zig: failed at build: error: expected ';' after the declaration of a variable (log: logs/build-zig-library.log)"
with Progress() as progress:
    for number in range(3):
        progress(Event("build", f"zig: Step {number} : RUN compile with \\x1b[2Jmany words that go on and on and on"))
        time.sleep(0.15)
    progress(Event("built", text, 1, 9))
    progress(Event("measure", "round 3: python/vectorized (2 threads), 12 samples", 17, 40, 754.0))
    time.sleep(0.15)
"""


@pytest.mark.parametrize("width", [40, 60, 80, 200])
@pytest.mark.parametrize("event", [BUILDS, MEASURES])
def test_a_line_fits_and_no_word_is_cut(event: Event, width: int) -> None:
    shown = line(event, width)
    assert len(shown) <= width
    text = re.sub(r"^\[\d+/\d+\] |, about .* left$", "", shown).removesuffix(" …")
    assert (event.text + " ").startswith((f"{text} ", f"{text}, "))
    if event.total:
        assert shown.startswith("[17/40] ")
        assert shown.endswith(", about 12 min 34 s left") == (width > 40)


def test_a_word_longer_than_the_line_is_cut_and_a_narrow_terminal_is_no_error() -> None:
    assert line(Event("build", "x" * 300), 40) == "x" * 38 + " …"
    assert len(line(MEASURES, 12)) == 12
    assert line(Event("build", ""), 40) == ""


def test_control_characters_of_a_builder_s_output_do_not_reach_the_terminal() -> None:
    assert line(Event("build", "a\x1b[2Jb\rc\x07"), 40) == "a [2Jb c "


def on_a_terminal(columns: int, **environment: str) -> str:
    """What a terminal of so many columns is sent."""
    main, other = pty.openpty()
    ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    settings = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES", "NO_COLOR"}}
    command = [sys.executable, "-c", SHOWN]
    with subprocess.Popen(command, stdin=other, stdout=other, stderr=other, env=settings | environment) as process:
        os.close(other)
        sent = b""
        while chunk := _read(main):
            sent += chunk
    os.close(main)
    assert process.returncode == 0
    return sent.decode().replace("\r\n", "\n")


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 4096)
    except OSError:  # Linux's way to say that a terminal's other end is closed
        return b""


def test_a_dumb_terminal_gets_plain_lines_while_images_build() -> None:
    sent = on_a_terminal(40, TERM="dumb")
    assert "\x1b" not in sent
    assert sent.startswith("zig: Step 0 : RUN compile with")
    assert all(len(shown) < 40 for shown in sent.splitlines())
    assert "[17/40] round 3: python/vectorized (2 …" in sent


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_on_a_terminal_what_is_done_stays_and_no_line_is_longer_than_it(columns: int) -> None:
    sent = on_a_terminal(columns, TERM="xterm")
    assert "\x1b[2J" not in sent
    plain = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", sent)
    lines = [part for each in plain.splitlines() for part in each.split("\r")]
    assert all(len(each) <= columns for each in lines)
    assert "logs/build-zig-library.log)" in plain
    assert "of a variable" in " ".join(plain.split())


def test_a_file_gets_whole_words_without_control_sequences() -> None:
    ended = subprocess.run([sys.executable, "-c", SHOWN], capture_output=True, text=True, check=True)
    assert (ended.stdout, "\x1b" in ended.stderr) == ("", False)
    assert ended.stderr.splitlines()[-1].startswith("[17/40] round 3: ")
