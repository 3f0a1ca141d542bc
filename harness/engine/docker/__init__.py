"""The Docker Engine API: the only package that imports the Docker SDK."""

from harness.engine.docker.engine import DockerEngine

__all__ = ["DockerEngine"]
