"""What can go wrong with a backup, told to whoever has to do something about it."""


class BackupError(Exception):
    """The message says what is wrong and what to do about it; no traceback is needed."""
