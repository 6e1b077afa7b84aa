"""The declarations that the package carries, against the headers as a C compiler understands them."""
import ctypes
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from dc3 import _declared, _native

SOURCE = os.environ.get("DC3_SOURCE", "")


def _c_type(kind, name=""):
    """A declared type in C; of a function a pointer to it."""
    if isinstance(kind, list):
        return f"{kind[1]} (*{name})({', '.join(map(_c_type, kind[2])) or 'void'})"
    return f"{kind} {name}".strip()


def _struct_lines(name):
    """Prints "struct size", and "struct.field offset size" for each field; asserts the fields' types."""
    lines = [f'printf("{name} %zu\\n", sizeof({name}));']
    for field, kind, lengths in _declared.STRUCTS[name]:
        lines.append(f'printf("{name}.{field} %zu %zu\\n", offsetof({name}, {field}), sizeof((({name} *)0)->{field}));')
        of = "".join("[0]" for _ in lengths)
        lines.append(f'_Static_assert(_Generic(&(({name} *)0)->{field}{of}, {_pointer_to(kind)}: 1), "{field}");')
    return lines


def _pointer_to(kind):
    return _c_type(kind, "*") if isinstance(kind, list) else f"{kind} *"


def _program():
    lines = ["#include <dc3/dc3.h>", "#include <stdio.h>", "int main(void)", "{"]
    for name in _declared.STRUCTS:
        lines += _struct_lines(name)
    for name, value in _declared.CONSTANTS.items():
        lines.append(f'_Static_assert({name} == {value}, "{name}");')
    for name in _declared.ENUMS:
        lines.append(f'printf("{name} %zu\\n", sizeof({name}));')
    for name, (result, arguments) in _declared.FUNCTIONS.items():
        lines.append(f'_Static_assert(_Generic(&{name}, {_c_type(["function", result, arguments])}: 1), "{name}");')
    return "\n".join(lines + ["return 0;", "}", ""])


@unittest.skipUnless(SOURCE and shutil.which("cc"), "needs a C compiler, and dc3's sources in DC3_SOURCE")
class Declarations(unittest.TestCase):
    """Sizes, offsets and types of all structs, values of all constants, and the types of all functions."""

    def test_as_the_compiler_has_them(self):
        self.assertIn("dc3_select_rows", _declared.FUNCTIONS)
        with tempfile.TemporaryDirectory() as folder:
            source, program = pathlib.Path(folder) / "sizes.c", pathlib.Path(folder) / "sizes"
            source.write_text(_program())
            subprocess.run(["cc", "-std=c11", f"-I{SOURCE}/include", str(source), "-o", str(program)], check=True)
            found = subprocess.run([str(program)], check=True, capture_output=True, text=True).stdout.splitlines()
        self.assertEqual(found, list(self._ours()))

    @staticmethod
    def _ours():
        for name in _declared.STRUCTS:
            made = _native.struct(name)
            yield f"{name} {ctypes.sizeof(made)}"
            for field, _, _ in _declared.STRUCTS[name]:
                place = getattr(made, field)
                yield f"{name}.{field} {place.offset} {place.size}"
        for name in _declared.ENUMS:
            yield f"{name} {ctypes.sizeof(_native.ctype(name))}"

    def test_every_function_of_the_headers_is_there(self):
        text = "".join(path.read_text() for path in pathlib.Path(SOURCE, "include", "dc3").glob("*.h"))
        self.assertEqual(text.count("\nDC3_API "), len(_declared.FUNCTIONS))
