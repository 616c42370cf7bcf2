"""The clearing floor: what a closed batch presents, as the files each network takes, and reading them back."""

from switch.clearing.base2_read import Base2Record, read_base2
from switch.clearing.batch import WrittenFile, write_batch
from switch.clearing.errors import ClearingError
from switch.clearing.files import compare, describe_file, file_totals
from switch.clearing.ipm_read import IpmRecord, read_ipm
from switch.clearing.settings import ClearingSettings, FileRules
from switch.clearing.totals import FileTotals

__all__ = [
    "Base2Record",
    "ClearingError",
    "ClearingSettings",
    "FileRules",
    "FileTotals",
    "IpmRecord",
    "WrittenFile",
    "compare",
    "describe_file",
    "file_totals",
    "read_base2",
    "read_ipm",
    "write_batch",
]
