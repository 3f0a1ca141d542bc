"""How long it takes to start a process: an experiment that is as small as one can be."""
