"""dc3: dataset condensation with colour compensation (docs/python.md).

    rows = dc3.select(embeddings, labels, ipc=10).rows
    warm = dc3.Editor().edit(images, "golden hour")
    dc3.condense("photos/train", "small", ipc=10)
"""
from ._calls import Cancel
from ._commands import Measures, compensate, condense, info, label, measure, pull, report, take, train
from ._editor import Classifier, Editor
from ._errors import (ArgumentError, Busy, Cancelled, Error, FileError, FormatError, InternalError, OptionError,
                      OutOfMemory, Unsupported)
from ._generators import finetune, generate
from ._huggingface import from_huggingface
from ._lists import bins, duplicates, select_images
from ._native import lib as _lib
from ._scores import compare, evaluate
from ._selection import Selection, select
from ._stored import Images, SoftLabels, load

__version__ = _lib.dc3_version().decode()
__all__ = ["ArgumentError", "Busy", "Cancel", "Cancelled", "Classifier", "Editor", "Error", "FileError", "FormatError",
           "Images", "InternalError", "Measures", "OptionError", "OutOfMemory", "Selection", "SoftLabels",
           "Unsupported", "bins", "compare", "compensate", "condense", "duplicates", "evaluate", "finetune",
           "from_huggingface", "generate", "info", "label", "load", "measure", "pull", "report", "select",
           "select_images", "take", "train"]
