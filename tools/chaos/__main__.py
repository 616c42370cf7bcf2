"""python -m switch.tools.chaos"""

from .cli import main

main()
