"""`python -m benchmarks [NAME...]`: runs the benchmarks of these names, or all there are."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path


def main(names: list[str]) -> int:
    """Run them one after the other; exit code 2 for a name that is none."""
    known = [module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]) if module.name != "__main__"]
    if unknown := [name for name in names if name not in known]:
        print(f"error: there is no benchmark {unknown[0]!r}\nhint: There are: {', '.join(known)}.", file=sys.stderr)
        return 2
    for name in names or known:
        print(f"# {name}\n", flush=True)
        importlib.import_module(f"benchmarks.{name}").main()
        print(flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
