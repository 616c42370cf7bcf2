"""What an issuer holds, read from its database while it runs; for whoever compares books."""

from contextlib import closing
from pathlib import Path

from switch.simulator.issuer.store import open_second

_HOLDINGS = """
SELECT currency, sum(CASE kind WHEN 'refund' THEN -amount ELSE amount END) FROM entry
WHERE state = 'approved' AND kind IN ('sale', 'cash', 'refund') GROUP BY currency ORDER BY currency"""


def holdings(path: Path) -> dict[str, int]:
    """Per transaction currency, minor units: approved sales and cash less refunds, not reversed.

    `path` is the database; raises sqlite3.Error when there is none.
    """
    with closing(open_second(path)) as connection:
        return dict(connection.execute(_HOLDINGS).fetchall())
