"""The host that containers run on: its facts, its state during a round, interference, doctor and tuning.

It knows rounds by their conditions and threads, not by what they compute.
"""
