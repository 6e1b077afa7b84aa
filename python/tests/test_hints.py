"""Every public function and method of the package says what it takes and what it gives back."""
import inspect
import unittest

import dc3

# What a reader of a class calls without its name.
_SPOKEN = {"__init__", "__enter__", "__exit__", "__getitem__", "__iter__", "__len__"}


def public_callables():
    """(name, function) of all functions in dc3.__all__, and of methods and properties of its classes."""
    for name in dc3.__all__:
        each = getattr(dc3, name)
        if not inspect.isclass(each):
            yield name, each
            continue
        for base in each.__mro__:
            for method, value in vars(base).items() if base.__module__.startswith("dc3.") else ():
                function = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
                if inspect.isfunction(function) and (method in _SPOKEN or not method.startswith("_")):
                    yield f"{name}.{method}", function


class Hints(unittest.TestCase):
    """Annotations and docstrings."""

    def test_all_are_annotated(self):
        missing = []
        for name, function in public_callables():
            signature = inspect.signature(function)
            missing += [f"{name}({parameter.name})" for parameter in signature.parameters.values()
                        if parameter.annotation is inspect.Parameter.empty and parameter.name != "self"]
            if signature.return_annotation is inspect.Signature.empty:
                missing.append(f"{name}() ->")
        self.assertEqual(missing, [])

    def test_all_are_found(self):
        names = {name for name, _ in public_callables()}
        for name in ("condense", "Cancel.set", "Editor.edit", "Editor.close", "Editor.__enter__", "Classifier.info",
                     "Images.__len__", "SoftLabels.view"):
            self.assertIn(name, names)

    def test_all_have_docstrings(self):
        self.assertEqual([name for name, function in public_callables()
                          if "__" not in name and not (function.__doc__ or "").strip()], [])
