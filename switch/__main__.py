"""`python -m switch`: the command of a bare checkout."""

from switch.cli import main

main()
