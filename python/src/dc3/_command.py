"""What functions that do as a command does have in common."""
import ctypes
import os

from ._native import lib, struct


def perform(call, name, options, function=None, report=None):
    """dc3_NAME(options, report) with the call's listener, or a function and report of other names; the report."""
    made = struct(report or f"dc3_{name}_report")()
    call.listen(options.listener if hasattr(options, "listener") else options.condense.listener)
    call.run(lambda: getattr(lib, function or f"dc3_{name}")(ctypes.byref(options), ctypes.byref(made)))
    return made


def usual_backbone(options):
    """DC3_BACKBONE, as the command line takes it where no backbone is given."""
    said = os.environ.get("DC3_BACKBONE")
    if said and options.backbone is None:
        options.backbone, options.usual_backbone = os.fsencode(said), 1


def texts(names):
    """Bytes, or None, as an array of char pointers with NULL behind the last."""
    return (ctypes.c_char_p * (len(names) + 1))(*names)
