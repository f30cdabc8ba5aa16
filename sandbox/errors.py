"""What can go wrong on this machine, told to whoever started the sandbox."""


class SandboxError(Exception):
    """The message says what is wrong and what to do about it; no traceback is needed."""
