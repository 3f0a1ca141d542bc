"""The Docker Engine API: the only package that imports the Docker SDK."""

from harness.docker_engine.engine import DockerEngine

__all__ = ["DockerEngine"]
