"""The library's errors as exceptions: one class for each kind of failure, with the library's own sentence."""
from ._native import STATUS, lib


class Error(Exception):
    """A call of dc3 failed; its text says which file or setting, what was expected and what was found."""

    setting = ""


class ArgumentError(Error, ValueError):
    """What the caller gave is missing, out of range, or does not fit the rest."""


class OptionError(Error, ValueError):
    """A setting lacks a value or has one that it does not take; `setting` is its name."""


class FileError(Error, OSError):
    """A file cannot be opened, read or written."""


class FormatError(Error, ValueError):
    """A file's contents, or values of an array, are damaged or not what was expected."""


class OutOfMemory(Error, MemoryError):
    """There is not enough memory."""


class Unsupported(Error):
    """Valid, but this build or processor cannot do it."""


class Cancelled(Error):
    """The call's `cancel` was set."""


class InternalError(Error):
    """A fault of dc3 itself or of a library under it."""


class Busy(Error):
    """Another call or process works on the same folder."""


_CLASSES = {"DC3_ERR_ARGUMENT": ArgumentError, "DC3_ERR_IO": FileError, "DC3_ERR_FORMAT": FormatError,
            "DC3_ERR_MEMORY": OutOfMemory, "DC3_ERR_UNSUPPORTED": Unsupported, "DC3_ERR_CANCELLED": Cancelled,
            "DC3_ERR_INTERNAL": InternalError, "DC3_ERR_OPTION": OptionError, "DC3_ERR_BUSY": Busy}


def failure(status):
    """The exception of a status that is not DC3_OK; on the thread that the call was made on."""
    error = _CLASSES.get(STATUS.get(status), InternalError)(lib.dc3_error_text().decode("utf-8", "replace"))
    error.setting = lib.dc3_error_setting().decode()
    return error


def check(status):
    """Raises unless it is DC3_OK."""
    if status:
        raise failure(status)
