"""The stacks: run by Pulumi, imported by nobody but the tests."""
