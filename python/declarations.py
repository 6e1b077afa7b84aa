"""What include/dc3 declares, as plain data: structs, enums, constants, types of callbacks and functions.

The wheel carries it as dc3/_declared.py, from which dc3/_native.py makes its ctypes; so there are no signatures that
were copied by hand. The headers are our own and formatted by one tool: this reads what stands there, not all of C, and
fails at what it does not know.
"""
import pathlib
import pprint
import re

NAME = r"[A-Za-z_]\w*"


def _plain(text):
    """The header without comments, directives, extern "C" and line ends."""
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    text = re.sub(r"(?m)^#(.*\\\n)*.*$", "", text)
    text = re.sub(r'extern "C" \{', " ", text)
    return re.sub(r"\s+", " ", text)


def _split(text):
    """The parts of `text` between commas outside of brackets."""
    parts, depth = [""], 0
    for c in text:
        depth += (c in "([{") - (c in ")]}")
        if c == "," and not depth:
            parts.append("")
        else:
            parts[-1] += c
    return [part.strip() for part in parts if part.strip()]


def _type(text):
    return re.sub(r"\s+", " ", text.replace("struct ", "").replace("*", " * ")).replace("* *", "**").strip()


def _declarator(text):
    """(type, name, lengths) of "const char *a", "int x[3][DC3_N]", "void (*f)(int)"; a lone type has no name."""
    function = re.fullmatch(rf"(.*?)\(\*({NAME})\)\((.*)\)", text)
    if function:
        arguments = [_declarator(a)[0] for a in _split(function[3]) if a != "void"]
        return ["function", _type(function[1]), arguments], function[2], []
    found = re.fullmatch(rf"(.*?[\s*])({NAME})((?:\[\w+\])*)", text)
    if not found or found[1].strip() in ("", "const"):
        return _type(text), None, []
    return _type(found[1]), found[2], re.findall(r"\[(\w+)\]", found[3])


def _fields(body):
    """[[name, type, lengths], ..] of a struct's body."""
    fields = []
    for statement in filter(None, (s.strip() for s in body.split(";"))):
        first, *others = _split(statement)
        kind, name, lengths = _declarator(first)
        fields.append([name, kind, lengths])
        for other in others:  # "int64_t done, total": the base type is the first one's without its stars
            stars = "*" * other.count("*")
            _, name, lengths = _declarator("int " + other.replace("*", ""))
            fields.append([name, _type(kind.replace("*", "") + stars), lengths])
    return fields


def _constants(body, enums):
    """{name: value} of an enum's body."""
    values, value = {}, -1
    for part in _split(body):
        name, _, given = (p.strip() for p in part.partition("="))
        value = int(given, 0) if given else value + 1
        values[name] = value
    enums.update(values)
    return values


def parse(folder):
    """The declarations of all headers of include/dc3: a dict of dicts."""
    found = {"constants": {}, "enums": {}, "structs": {}, "opaque": [], "callbacks": {}, "functions": {}}
    for header in sorted(pathlib.Path(folder).glob("*.h")):
        _parse_header(_plain(header.read_text(encoding="utf-8")), found)
    return found


def _parse_header(text, found):
    for body in re.findall(r"(?<!typedef )enum \{([^}]*)\};", text):
        _constants(body, found["constants"])
    for body, name in re.findall(rf"typedef enum (?:{NAME} )?\{{([^}}]*)\}} ({NAME});", text):
        found["enums"][name] = _constants(body, found["constants"])
    for body, name in re.findall(rf"typedef struct (?:{NAME} )?\{{([^}}]*)\}} ({NAME});", text):
        found["structs"][name] = _fields(body)
    found["opaque"] += re.findall(rf"typedef struct {NAME} ({NAME});", text)
    for declaration in re.findall(rf"typedef ([^;{{}}]*\(\*{NAME}\)\([^;]*\));", text):
        kind, name, _ = _declarator(declaration)
        found["callbacks"][name] = kind
    for declaration in re.findall(r"DC3_API ([^;]*);", text):
        function = re.fullmatch(rf"(.*?[\s*])(dc3_\w+)\((.*)\)", declaration)
        if not function:
            raise ValueError("no function of a kind that is known: " + declaration)
        arguments = []
        for argument in _split(function[3]):
            kind, _, lengths = _declarator(argument)
            if argument != "void":
                arguments.append(_type(kind + "*") if lengths else kind)
        found["functions"][function[2]] = [_type(function[1]), arguments]


def module(folder):
    """The source of dc3/_declared.py."""
    text = '"""What the headers of dc3 declare; made from them with the wheel."""\n'
    for key, value in parse(folder).items():
        text += f"{key.upper()} = {pprint.pformat(value, width=110, sort_dicts=False)}\n"
    return text
