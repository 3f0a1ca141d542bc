"""Prints the files of the modules that matmul.py loads with NumPy, which are all that the image of NumPy holds."""

import sys

import matmul

matmul.load_numpy(blas_threads=1)
matmul.numpy_facts()
files = {getattr(module, "__file__", None) for module in sys.modules.values()}
print(*sorted(file for file in files if file and file.startswith(sys.prefix)), sep="\n")
