"""What is asked of a container engine: to build, run, weigh and clean, and what belongs to whom on it.

`engine.docker` alone knows the Docker SDK. Nothing here knows what an implementation or a measurement is.
"""
