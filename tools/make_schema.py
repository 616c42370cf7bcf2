"""Writes specs/schema.json from the spec format: python -m switch.tools.make_schema [FILE]"""

import json
import sys
from pathlib import Path

from switch.message.schema import json_schema


def render() -> str:
    """The text of specs/schema.json."""
    return json.dumps(json_schema(), indent=1) + "\n"


def main() -> None:
    """Writes the file named as the only argument, `specs/schema.json` by default."""
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "specs/schema.json")
    target.write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    main()
