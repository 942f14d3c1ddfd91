"""Benchmarks: each figure that the README or the docs quote, reproducible with one command.

A benchmark is a module or package of this one with a function `main()` that prints what it measured. Both sides of a
comparison run on the same machine in the same run.
"""
