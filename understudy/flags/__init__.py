"""Feature flags: a pure evaluation whose answer carries its reason, on the tables of migrations/0002_feature_flags.sql.

Pure, without a database: `evaluate`, `census`, `bucket_of`. On one: `FlagStore` reads and writes rows, and `service`
puts the two together.
"""

from understudy.flags.bucketing import STEPS, bucket_of
from understudy.flags.evaluation import Census, Evaluation, Reason, census, evaluate
from understudy.flags.model import Flag, Override, Subject
from understudy.flags.service import Exposure, check, verify_hidden
from understudy.flags.store import FlagStore

__all__ = [
    "STEPS",
    "Census",
    "Evaluation",
    "Exposure",
    "Flag",
    "FlagStore",
    "Override",
    "Reason",
    "Subject",
    "bucket_of",
    "census",
    "check",
    "evaluate",
    "verify_hidden",
]
