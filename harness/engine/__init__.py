"""The interface of a container engine: build, run, weigh and clean, and who owns what on it.

`engine.docker` alone knows the Docker SDK. Nothing here knows what an implementation or a measurement is.
"""
