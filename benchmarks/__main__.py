"""`python -m benchmarks [NAME...]`: runs the benchmarks of these names, or all there are."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path


def main(names: list[str]) -> int:
    """Run them one after the other; exit code 1 where one is beyond its goals, 2 for a name that is none."""
    known = [module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]) if module.name != "__main__"]
    if unknown := [name for name in names if name not in known]:
        print(f"error: there is no benchmark {unknown[0]!r}\nhint: There are: {', '.join(known)}.", file=sys.stderr)
        return 2
    code = 0
    for name in names or known:
        print(f"# {name}\n", flush=True)
        try:
            importlib.import_module(f"benchmarks.{name}").main()
        except SystemExit as said:
            print(f"error: {said}", file=sys.stderr)
            code = 1
        print(flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
