"""Where the package's own files lie."""
import os
import pathlib

PREFIX = pathlib.Path(__file__).resolve().parent / "native"
PROGRAM = PREFIX / "bin" / "dc3"
MINI = PREFIX / "share" / "dc3" / "models" / "dc3-mini"

# A libvips of the package's own must not load the system's modules, which bring the system's libvips with them.
if (PREFIX.parent.parent / "dc3.libs").is_dir():
    os.environ.setdefault("VIPSHOME", str(PREFIX))
