"""Many machines: the same run on each, by way of Dask; what it needs is the extra `harness[fleet]`."""
