"""The host that containers run on: its facts, its state during a round, what disturbs it, and how to settle it.

It knows rounds by their conditions and threads, not by what they compute.
"""
