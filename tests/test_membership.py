"""Who has joined the engine's group since logging in goes on with it in effect, and nobody else does."""

from __future__ import annotations

import grp
import os
import pwd
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness.engine import membership
from harness.engine.membership import AGAIN, command_as_member, group_of

GROUP = grp.struct_group(("engines", "x", 4711, ["ada"]))
PRIMARY = grp.struct_group(("users", "x", 100, []))
COMMAND = ["harness", "compare", "--langs", "a b"]


@pytest.fixture
def socket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A socket of a group that ada joined after she logged in."""
    monkeypatch.delenv(AGAIN, raising=False)
    monkeypatch.setattr(membership, "group_of", lambda _: "engines")
    monkeypatch.setattr(membership, "user", lambda: "ada")
    monkeypatch.setattr(grp, "getgrnam", lambda _: GROUP)
    monkeypatch.setattr(grp, "getgrgid", lambda _: PRIMARY)
    monkeypatch.setattr(os, "getgroups", lambda: [100])
    monkeypatch.setattr(membership, "_succeeds", lambda command: command[0] == "sg")
    return tmp_path / "socket"


def test_a_command_is_begun_again_with_the_group_and_the_user_s_own_one_as_primary(socket: Path) -> None:
    command = command_as_member(COMMAND, socket)
    assert command
    assert command[:3] == ["sg", "engines", "-c"]
    inner = shlex.split(command[3])
    assert inner[:4] == ["exec", "sg", "users", "-c"]
    assert shlex.split(inner[4]) == ["exec", "env", f"{AGAIN}=1", *COMMAND]


def test_where_sg_forgets_the_group_sudo_begins_it_again(socket: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(membership, "_succeeds", lambda command: command[0] == "sudo")
    monkeypatch.setenv("PATH", "/here:/there")
    command = command_as_member(COMMAND, socket)
    assert command
    assert command[:2] == ["sudo", "--non-interactive"]
    assert {"--init-groups", f"--reuid={os.geteuid()}", "PATH=/here:/there"} <= set(command)
    assert command[-len(COMMAND) - 2 :] == ["env", f"{AGAIN}=1", *COMMAND]


def test_it_is_not_begun_again_where_that_would_change_nothing(socket: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert command_as_member(COMMAND, None) is None
    with monkeypatch.context() as patch:
        patch.setattr(membership, "user", lambda: "bob")
        assert command_as_member(COMMAND, socket) is None
    with monkeypatch.context() as patch:
        patch.setattr(os, "getgroups", lambda: [100, 4711])
        assert command_as_member(COMMAND, socket) is None
    with monkeypatch.context() as patch:
        patch.setattr(membership, "_succeeds", lambda _: False)
        assert command_as_member(COMMAND, socket) is None
    monkeypatch.setenv(AGAIN, "1")
    assert command_as_member(COMMAND, socket) is None


def test_a_socket_that_is_root_s_or_not_there_has_no_group(tmp_path: Path) -> None:
    assert group_of(tmp_path / "nonesuch") is None
    place = tmp_path / "socket"
    place.touch()
    own = place.stat().st_gid
    assert group_of(place) == (grp.getgrgid(own).gr_name if own else None)


# In a mount namespace with an /etc of its own, so that the machine keeps no trace of the user.
SCENE = """
set -eu
mount -t tmpfs tmpfs "$1" && mkdir "$1/etc" "$1/work" "$1/home" && chmod 755 "$1"
mount -t overlay overlay -o lowerdir=/etc,upperdir="$1/etc",workdir="$1/work" /etc
groupadd --gid 64711 engines; useradd --no-create-home ada
[ "$5" != sudo ] || echo "ada ALL=(ALL) NOPASSWD: ALL" >>/etc/sudoers
touch "$1/socket"; chgrp engines "$1/socket"; chmod 660 "$1/socket"; chown ada "$1/home"
usermod --append --groups engines ada
cp -r "$2/harness" "$1/harness"; chmod -R a+rX "$1/harness"
cd "$1/home"
exec setpriv --reuid ada --regid ada --clear-groups "$3" -c "$4" "$1"
"""
PROGRAM = """
import os, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from harness.engine.membership import command_as_member
socket = Path(sys.argv[1], "socket")
assert not os.access(socket, os.W_OK)
command = command_as_member(["sh", "-c", f"test -w {socket} && touch made && stat -c %G made && id -nG"], socket)
if not command:
    sys.exit("no way")
os.execvp(command[0], command)
"""


def is_usable_by_all(program: str) -> bool:
    """Whether every user may run a program: an interpreter below root's home is root's alone."""
    path = Path(program).resolve()
    return all(parent.stat().st_mode & 0o5 == 0o5 for parent in path.parents)


def sg_forgets_other_groups() -> bool:
    """Whether it is that of util-linux, which Debian has from 13 on."""
    version = subprocess.run(["newgrp", "--version"], check=False, capture_output=True, text=True, input="")
    return "util-linux" in version.stdout


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("sg"), reason="only root makes users and mounts")
@pytest.mark.parametrize("way", ["sg", "sudo"])
def test_a_new_member_s_command_has_the_group_at_once_and_its_files_do_not(way: str, tmp_path: Path) -> None:
    system = "/usr/bin/python3"
    python = sys.executable if is_usable_by_all(sys.executable) else system
    package = Path(membership.__file__).parent.parent.parent
    scene = ["unshare", "--mount", "sh", "-c", SCENE, "sh", str(tmp_path), str(package), python, PROGRAM, way]
    for parent in (tmp_path, *tmp_path.parents[:3]):
        parent.chmod(parent.stat().st_mode | 0o5)
    done = subprocess.run(scene, check=False, capture_output=True, text=True)
    with pytest.raises(KeyError):
        pwd.getpwnam("ada")
    if way == "sg" and sg_forgets_other_groups():
        assert done.stderr == "no way\n"
        return
    assert done.returncode == 0, done.stderr
    made_by, groups = done.stdout.splitlines()
    assert (made_by, groups.split()) == ("ada", ["ada", "engines"])
