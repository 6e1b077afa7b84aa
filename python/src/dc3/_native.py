"""libdc3 by ctypes: the library that lies in the package, its structs, functions and constants.

Types come from _declared.py, which was made from the headers that this very library was built with. Calls release the
GIL, as all of ctypes do.
"""
import ctypes
import math
import os
import typing
import weakref

import numpy

from . import _declared
from ._program import PREFIX

_SIMPLE = {"char": ctypes.c_char, "int": ctypes.c_int, "double": ctypes.c_double, "float": ctypes.c_float,
           "size_t": ctypes.c_size_t, "int64_t": ctypes.c_int64, "uint64_t": ctypes.c_uint64,
           "int32_t": ctypes.c_int32, "uint8_t": ctypes.c_uint8}
_structs: typing.Dict[str, typing.Type[ctypes.Structure]] = {}


def ctype(kind):
    """The ctypes type of a declared one. Texts are char pointers; every other pointer is an address."""
    if isinstance(kind, list):  # ["function", result, arguments]
        return ctypes.CFUNCTYPE(ctype(kind[1]), *map(ctype, kind[2]))
    if kind == "void":
        return None
    if kind == "const char *":
        return ctypes.c_char_p
    if "*" in kind:
        return ctypes.c_void_p
    if kind in _declared.ENUMS:
        return ctypes.c_int
    if kind in _declared.CALLBACKS:
        return ctype(_declared.CALLBACKS[kind])
    return _SIMPLE.get(kind) or struct(kind)


def _length(text):
    return _declared.CONSTANTS[text] if text in _declared.CONSTANTS else int(text)


def struct(name):
    """The ctypes structure of a declared struct, made once."""
    if name not in _structs:
        fields = []
        for field, kind, lengths in _declared.STRUCTS[name]:
            its = ctype(kind)
            for length in reversed(lengths):
                its *= _length(length)
            fields.append((field, its))
        _structs[name] = type(name, (ctypes.Structure,), {"_fields_": fields})
    return _structs[name]


def _open():
    path = os.environ.get("DC3_LIBRARY") or str(PREFIX / "lib" / "libdc3.so")
    try:
        return ctypes.CDLL(path)
    except OSError as error:
        raise ImportError(f"{path}: {error}; a wheel that carries the libraries under dc3 is named manylinux, this one "
                          "expects those of Debian 12 (make deps in dc3's sources installs them)") from None


def _declare(lib):
    for name, (result, arguments) in _declared.FUNCTIONS.items():
        function = getattr(lib, name)
        function.restype = ctype(result)
        function.argtypes = [ctype(argument) for argument in arguments]
    return lib


lib = _declare(_open())
STATUS = {value: name for name, value in _declared.ENUMS["dc3_status"].items()}
_free = ctypes.CDLL(None).free
_free.argtypes, _free.restype = [ctypes.c_void_p], None


def taken_text(address):
    """The text at an address that the caller owns, which is freed; None of NULL."""
    if not address:
        return None
    text = ctypes.string_at(address).decode("utf-8", "replace")
    _free(address)
    return text


def taken_bytes(address, shape):
    """An array of uint8 in memory that the caller owns, which is freed with the array."""
    memory = (ctypes.c_uint8 * math.prod(shape)).from_address(address)
    weakref.finalize(memory, _free, address).atexit = False  # arrays may outlive the interpreter's end
    return numpy.frombuffer(memory, numpy.uint8).reshape(shape)


def words(setting):
    """The words of a setting, in the order of their constants; [] where it has none."""
    address, found = lib.dc3_option_names(setting.encode()), []
    if address:
        pointer = ctypes.cast(address, ctypes.POINTER(ctypes.c_char_p))
        while pointer[len(found)] is not None:
            found.append(pointer[len(found)].decode())
    return found
