"""Parity: are these two schemas the same?"""

from understudy.parity.comparison import Options, compare_snapshots
from understudy.parity.parity import compare
from understudy.parity.verdict import Answer, Difference, Verdict

__all__ = ["Answer", "Difference", "Options", "Verdict", "compare", "compare_snapshots"]
