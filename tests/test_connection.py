"""What a newcomer is told when no engine answers: to start the one that is meant, or how to get one."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests
from docker.errors import DockerException
from urllib3.exceptions import ProtocolError

from harness.engine.docker import connection
from harness.engine.docker.connection import translated, unreachable
from harness.errors import EngineError, EngineRefusedError

NOBODY = DockerException("Connection refused")
REFUSED = DockerException("('Connection aborted.', PermissionError(13, 'Permission denied'))")


@pytest.fixture(autouse=True)
def default(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which nobody has chosen an engine."""
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(connection, "get_current_context_name", lambda: "default")


def test_where_nobody_chose_an_engine_set_up_is_advised() -> None:
    said = str(unreachable(NOBODY))
    assert "no container engine answers at the default socket, /var/run/docker.sock" in said
    assert "`harness setup` installs and starts Docker" in said


@pytest.mark.parametrize(
    ("variable", "value", "advice"),
    [
        ("DOCKER_HOST", "tcp://127.0.0.1:1", "start it, or unset DOCKER_HOST"),
        ("DOCKER_HOST", "unix:///nonesuch", "start it, or unset DOCKER_HOST"),
        ("DOCKER_CONTEXT", "rack", "start it, or unset DOCKER_CONTEXT"),
    ],
)
def test_an_engine_that_the_user_chose_is_to_be_started_not_set_up(
    variable: str, value: str, advice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    said = str(unreachable(NOBODY))
    assert value in said
    assert advice in said
    with pytest.raises(EngineError) as gone, translated():
        raise requests.ConnectionError("broken pipe")
    assert "stopped answering" in str(gone.value)
    assert "harness setup" not in f"{said} {gone.value}"


def test_the_reason_is_the_system_s_not_the_sdk_s_exception() -> None:
    missing = FileNotFoundError(2, "No such file or directory")
    error = DockerException("Error while fetching server API version")
    error.__cause__ = requests.ConnectionError(ProtocolError("Connection aborted.", missing))
    assert ": No such file or directory.\n" in str(unreachable(error))
    assert ": Connection refused.\n" in str(unreachable(NOBODY))
    broken = ConnectionResetError(104, "Connection reset by peer")
    with pytest.raises(EngineError, match=r"stopped answering: Connection reset by peer\.\n"), translated():
        raise requests.ConnectionError(ProtocolError("Connection aborted.", broken))


def test_a_context_is_to_be_started_or_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "get_current_context_name", lambda: "rack")
    assert "`docker context use default`" in str(unreachable(NOBODY))


@pytest.mark.parametrize(
    ("group", "joined", "advice"),
    [
        ("docker", False, "`sudo usermod -aG docker $USER`, then log in again"),
        ("docker", True, "You joined its group docker after you logged in: log in again, or run `newgrp docker`"),
        (None, False, "belongs to root"),
    ],
)
def test_a_user_without_the_right_is_told_how_to_get_it(
    group: str | None, joined: bool, advice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "group_of", lambda _: group)
    monkeypatch.setattr(connection, "has_joined", lambda _: joined)
    refusal = unreachable(REFUSED)
    assert isinstance(refusal, EngineRefusedError)
    assert "but you may not use it" in str(refusal)
    assert advice in str(refusal)


def test_a_key_that_a_remote_host_refuses_is_no_matter_of_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "ssh://rack")
    said = unreachable(DockerException("Permission denied (publickey)"))
    assert not isinstance(said, EngineRefusedError)
    assert "unset DOCKER_HOST" in str(said)


def test_the_socket_of_this_machine_is_known_wherever_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert connection.socket_path() == connection.SOCKET
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/x")
    assert connection.socket_path() == tmp_path / "x"
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    assert connection.socket_path() is None
