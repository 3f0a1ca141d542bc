"""What every experiment needs to be measured: interleaved rounds, budgets, stopping, resuming, start-up and overhead.

It knows an experiment only as `measure.experiment` describes one. What is special to one has no place here.
"""
