"""Files that outlive a loss of power: synced, and their names too."""

import os
from pathlib import Path


def write_new(path: Path, content: bytes) -> None:
    """A new file of mode 0600, durable with its name, or none; raises OSError, FileExistsError when there is one."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        sync_folder(path.parent)
    except BaseException:
        path.unlink()
        raise


def sync_folder(folder: Path) -> None:
    """The names in a folder are durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
