"""Lint: what a migration will do to a database in use, said before it does it.

How it works. squawk reads the text. Everything else is observed and not guessed: each statement is run on an empty
scratch database that the migrations before it have built, and the catalog is asked before and after. So a rule knows
that a table was rewritten because its file changed, and is silent where its own advice was followed. Sizes come from a
database that has data (`--catalog`), and turn a warning into an estimate.
"""

from understudy.migrate.lint.finding import Finding, Level
from understudy.migrate.lint.other import lint_tool
from understudy.migrate.lint.run import lint
from understudy.migrate.lint.settings import LintSettings, lint_settings

__all__ = ["Finding", "Level", "LintSettings", "lint", "lint_settings", "lint_tool"]
