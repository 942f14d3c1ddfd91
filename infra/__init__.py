"""The stacks: run by Pulumi, imported by nobody but the tests.

A program (`__main__.py`) reads typed settings (`settings.py`) and builds an environment of them (`stack.py`) from
components, one in each file. No file here may have the name of a module that somebody imports: Pulumi puts this
folder first on the path.
"""
