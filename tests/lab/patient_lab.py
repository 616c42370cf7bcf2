"""`switch lab` whose parties wait long for each other: what is claimed of it must not depend on the machine's speed."""

from pathlib import Path

from switch.cli import main
from switch.lab import plan

# Seconds, behind the text that stands in front of them in the lab's files.
_WAITS = {
    "switch.toml": {
        'acquirer = "400001"\n': "deadlines = { answer = 60, grace = 60, advice = 60 }\n",
        "[hsm]\n": "watch_timeout = 60\n",
        "link = {": " management_timeout = 60,",
    },
    **{f"{name}.toml": {"[hsm]\n": "timeout = 60\n"} for name in plan.ISSUERS},
    **{
        f"{name}.toml": {
            "[hsm]\n": "timeout = 60\n",
            **{f"[issuers.{issuer}]\n": "answer_timeout = 60\nmanagement_timeout = 60\n" for issuer in plan.ISSUERS},
        }
        for name in plan.SCHEMES
    },
}
_write_files = plan.write_files


def write_files(folder: Path, ports: plan.Ports) -> None:
    """As the lab's own, with these waits."""
    _write_files(folder, ports)
    for name, waits in _WAITS.items():
        text = (folder / name).read_text(encoding="utf-8")
        for before, settings in waits.items():
            assert before in text, f"{name}: {before!r}"
            text = text.replace(before, before + settings)
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    plan.write_files = write_files
    main()
