"""One matrix multiplication in many languages, in tiny containers: built, validated, and measured.

`harness.measure.compare` is the pipeline; everything else serves it. Imports run downward only:
cli -> compare -> measure, build, analyze, report -> plan, protocol, workload, images, store -> engine, manifest
-> model -> errors.
"""

__version__ = "0.2.0"
