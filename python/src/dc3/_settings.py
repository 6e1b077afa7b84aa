"""Settings as keywords: the fields of the library's options, by name, with the words that the command line takes."""
import collections.abc
import ctypes
import difflib
import math
import numbers
import os
import re

import numpy

from . import _declared, _errors
from ._native import lib, struct, taken_text, words

_MODELS = {"backbone", "editor", "inception", "init", "lora", "model", "teacher"}
_PARTS = {"dc3_select_options", "dc3_data_choice"}  # structs in options whose fields are keywords as well
_LISTS = {"classes", "lora_layers", "without_classes"}  # of names, which text has with commas
_BYTES = {"budget", "shard_size"}
_UNITS = {"": 1, "B": 1, "kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "KiB": 2 ** 10, "MiB": 2 ** 20, "GiB": 2 ** 30}
_HIDDEN = {"struct_size", "listener", "cancel", "search", "usual_backbone"}


def threads():
    """As many as there are processors for this process, at most 1024."""
    return min(len(os.sched_getaffinity(0)), 1024)


def defaults(name):
    """A struct dc3_NAME_options with the library's defaults, and as many threads as there are processors."""
    options = getattr(lib, f"dc3_{name}_defaults")()
    for part in (options, getattr(options, "select", None)):
        if part is not None and hasattr(part, "threads"):
            part.threads = threads()
    return options


def places(options):
    """{keyword: (struct, field, declared type)} of a struct of options, and of _PARTS in it."""
    found = {}
    for name, kind, lengths in _declared.STRUCTS[type(options).__name__]:
        if kind in _PARTS:
            for key, place in places(getattr(options, name)).items():
                found.setdefault(key, place)
        elif name not in _HIDDEN and not lengths:
            found[name] = options, name, kind
    return found


def whole(name, value, kind):
    bits, signed = {"int": (31, True), "int64_t": (63, True), "size_t": (64, False), "uint64_t": (64, False)}[kind]
    if isinstance(value, numpy.bool_):
        value = bool(value)
    if not isinstance(value, numbers.Integral):
        raise TypeError(f"{name}: expected a whole number, found {value!r}")
    least = -2 ** bits if signed else 0
    if not least <= value < 2 ** bits:
        raise _errors.OptionError(f"{name}: expected {least} to {2 ** bits - 1}, found {value}")
    return int(value)


def word(name, value):
    if isinstance(value, str):
        found = ctypes.c_int()
        _errors.check(lib.dc3_option_parse(name.encode(), value.encode(), ctypes.addressof(found)))
        return found.value
    raise TypeError(f"{name}: expected one of {', '.join(words(name))}, found {value!r}")


def path(name, value):
    """The bytes of a file's name."""
    if isinstance(value, (str, bytes, os.PathLike)):
        found = os.fsencode(value)
        if b"\0" in found:
            raise ValueError(f"{name}: expected text without NUL, found {value!r}")
        return found
    raise TypeError(f"{name}: expected a path or text, found {value!r}")


def model(name, value):
    """The bytes of a model's file or folder; hf:OWNER/NAME is where the Hugging Face Hub's cache has it (dc3.pull)."""
    text = path(name, value)
    if not lib.dc3_hub_is_name(text):
        return text
    found = ctypes.c_void_p()
    _errors.check(lib.dc3_hub_find(text, ctypes.byref(found)))
    return taken_text(found).encode()


def _names(name, value):
    """The text of a list of names, or of numbers."""
    value = [str(each) if isinstance(each, numbers.Integral) else each for each in value]
    wrong = [each for each in value if "," in os.fsdecode(each)]
    if wrong:
        raise ValueError(f"{name}: {wrong[0]!r} has a comma; give a file with a name on each line")
    return b",".join(path(name, each) for each in value)


def _bytes(name, text):
    """A number of bytes as the command line takes it: 500kB, 5MB."""
    found = re.fullmatch(r"([0-9]+\.?[0-9]*|\.[0-9]+) *([A-Za-z]*)", text)
    if not found or found[2] not in _UNITS:
        raise _errors.OptionError(f"{name}: expected bytes, such as 500kB or 5MB, found {text!r}")
    return float(found[1]) * _UNITS[found[2]]


def amount(name, value, kind="int"):
    """A whole number from 1 on: a list of them ends with 0."""
    found = whole(name, value, kind)
    if found < 1:
        raise _errors.OptionError(f"{name}: expected 1 or more, found {value}")
    return found


def size(name, value):
    """Whole bytes, 1 or more, of a number or of text."""
    return amount(name, int(_bytes(name, value)) if isinstance(value, str) else value, "int64_t")


def several(value):
    """Whether it is a sequence of values, and no text or path."""
    return isinstance(value, collections.abc.Sequence) and not isinstance(value, (str, bytes))


def _value(name, value, kind):
    if name in _LISTS and several(value):
        return _names(name, value)
    if kind == "const char *":
        if name not in _MODELS:
            return path(name, value)
        parts = value if several(value) else [value]  # "A,B" is several too
        return b",".join(model(name, part) for each in parts for part in path(name, each).split(b","))
    if kind in _declared.ENUMS:
        return word(name, value)
    if "*" in kind:
        raise TypeError(f"{name}: is not given in this way")
    if kind == "double":
        if name in _BYTES and isinstance(value, str):
            return _bytes(name, value)
        if isinstance(value, numbers.Real):
            if math.isnan(value):
                raise _errors.OptionError(f"{name}: expected a number, found {value!r}")
            return float(value)
        raise TypeError(f"{name}: expected a number, found {value!r}")
    return whole(name, value, kind)


def _coding(options, value):
    """format="webp:80" is three fields."""
    kind, quality, chroma = ctypes.c_int(), ctypes.c_int(), ctypes.c_int(options.chroma)
    if not isinstance(value, str):
        raise TypeError(f"format: expected text such as 'png' or 'webp:80', found {value!r}")
    _errors.check(lib.dc3_image_coding_parse(value.encode(), ctypes.byref(kind), ctypes.byref(quality),
                                             ctypes.byref(chroma)))
    options.format, options.quality, options.chroma = kind.value, quality.value, chroma.value


def fill(call, options, settings, known=None):
    """Puts `settings`, {keyword: value}, into a struct of options, or where `known`, of places(), has them.

    None leaves a default. lambda_ is lambda.
    """
    known = known or places(options)
    for name, value in settings.items():
        name = "lambda" if name == "lambda_" else name
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            raise TypeError(f"{call}() has no setting '{name}'{hint}")
        if value is None:
            continue
        part, field, kind = known[name]
        if name == "format" and hasattr(part, "chroma"):
            _coding(part, value)
        else:
            setattr(part, field, _value(name, value, kind))
    return options


def result(values):
    """A struct of results as a dict of Python's values; addresses are left out."""
    found = {}
    for name, kind, lengths in _declared.STRUCTS[type(values).__name__]:
        value = getattr(values, name)
        if kind in ("char", "const char *"):
            found[name] = _text(value)
        elif lengths:
            found[name] = list(value)
        elif isinstance(kind, str) and "*" not in kind and kind not in _declared.STRUCTS:
            found[name] = value
    return found


def _text(value):
    """The text of a char pointer or array, or a list of those of an array of them."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if value is None:
        return None
    return [_text(each if each is None or isinstance(each, bytes) else each.value) for each in value]


def new(name):
    """An empty struct dc3_NAME and its address."""
    made = struct(f"dc3_{name}")()
    return made, ctypes.byref(made)
