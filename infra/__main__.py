"""The program that Pulumi runs for every stack: its settings, the environment they describe, what it tells."""

import sys
from pathlib import Path

# Pulumi puts this folder on the path, and not the one it is in
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import pulumi

from infra.settings import load
from infra.stack import build

for name, value in build(load(pulumi.Config(), pulumi.get_stack())).exports().items():
    pulumi.export(name, value)
