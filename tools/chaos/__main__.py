"""python -m switch.tools.chaos"""

from switch.tools.chaos.cli import main

main()
