"""Verify: prove on scratch databases that the migrations can be applied, undone, killed, repeated and raced.

How it works. One database walks up from empty, a migration at a time. Before each step copies of it are made, and on
the copies that one migration is tried in every way: up, down and up again with rows in the tables; from empty in one go
and back; ended at every statement. Each time the schema must be the very one that the walk has there.
"""

from understudy.migrate.verify.bench import Bench, Check, Compare
from understudy.migrate.verify.other import verify_tool
from understudy.migrate.verify.run import verify
from understudy.migrate.verify.settings import VerifySettings, verify_settings

__all__ = ["Bench", "Check", "Compare", "VerifySettings", "verify", "verify_settings", "verify_tool"]
