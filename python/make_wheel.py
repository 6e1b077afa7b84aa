"""The wheel of dc3: Python's files, the library, the program and dc3-mini of a build that is there, in a zip file.

    python3 make_wheel.py BUILD FOLDER           writes FOLDER/dc3-VERSION-py3-none-linux_x86_64.whl, prints its name
    python3 make_wheel.py BUILD FOLDER repair    and the one with the libraries under dc3 in it, where auditwheel and
                                                 patchelf are there, whose name says manylinux

A wheel is a zip file with a list of what it holds (packaging.python.org, "Binary distribution format"), so nothing is
compiled twice and nothing has to be fetched. It is one for all of CPython, since the library is called by ctypes. This
file is what `pip install ./python` calls as well (PEP 517).
"""
import base64
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
MANYLINUX = "manylinux_2_36"  # Debian 12's glibc, with which dc3 is built

METADATA = """Metadata-Version: 2.1
Name: dc3
Version: {version}
Summary: Dataset condensation with colour compensation
License: Apache-2.0
Requires-Python: >=3.9
Requires-Dist: numpy>=1.20
Description-Content-Type: text/markdown

{readme}"""
WHEEL = "Wheel-Version: 1.0\nGenerator: dc3\nRoot-Is-Purelib: false\nTag: {tag}\n"
ENTRY_POINTS = "[console_scripts]\ndc3 = dc3.__main__:main\n"


def version():
    """As CMakeLists.txt says."""
    text = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
    return re.search(r"project\(dc3 VERSION ([0-9.]+)", text)[1]


def _tag():
    return "py3-none-" + re.sub(r"[-.]", "_", sysconfig.get_platform())


def _files(build):
    """{name in the wheel: path or bytes} of everything but the dist-info."""
    sys.path.insert(0, str(HERE))
    import declarations

    ours = sorted(path for path in (HERE / "src" / "dc3").glob("*") if path.suffix in (".py", ".typed"))
    files = {f"dc3/{path.name}": path for path in ours}
    files["dc3/_declared.py"] = declarations.module(ROOT / "include" / "dc3").encode()
    files["dc3/native/bin/dc3"] = build / "dc3"
    files["dc3/native/lib/libdc3.so"] = build / "libdc3.so"
    for path in sorted((ROOT / "models" / "dc3-mini").rglob("*")):
        if path.is_file():
            files[f"dc3/native/share/dc3/models/{path.relative_to(ROOT / 'models').as_posix()}"] = path
    return files


def _dist_info(folder):
    readme = (HERE / "README.md").read_text(encoding="utf-8")
    return {f"{folder}/METADATA": METADATA.format(version=version(), readme=readme).encode(),
            f"{folder}/WHEEL": WHEEL.format(tag=_tag()).encode(),
            f"{folder}/entry_points.txt": ENTRY_POINTS.encode(),
            f"{folder}/licenses/LICENSE": ROOT / "LICENSE"}


def _write(archive, name, data, runs):
    entry = zipfile.ZipInfo(name)  # of 1980: the same files give the same wheel
    entry.external_attr = (0o100755 if runs else 0o100644) << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, data)
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(data)}\n"


def make(build, folder):
    """Writes the wheel of a build into a folder, whole or not at all; returns its path."""
    build, folder = pathlib.Path(build), pathlib.Path(folder)
    info = f"dc3-{version()}.dist-info"
    files = {**_files(build), **_dist_info(info)}
    missing = [str(path) for path in files.values() if isinstance(path, pathlib.Path) and not path.exists()]
    if missing:
        sys.exit(f"make_wheel.py: {missing[0]} is not there; run make first")
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"dc3-{version()}-{_tag()}.whl"
    part, record = target.with_suffix(".part"), ""
    try:
        with zipfile.ZipFile(part, "w") as archive:
            for name, source in files.items():
                data = source if isinstance(source, bytes) else source.read_bytes()
                record += _write(archive, name, data, name.startswith(("dc3/native/bin", "dc3/native/lib")))
            _write(archive, f"{info}/RECORD", f"{record}{info}/RECORD,,\n".encode(), False)
        os.replace(part, target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return target


def repair(wheel, folder):
    """The wheel with the libraries under dc3 in it, in `folder`; None where the tools for it are not there."""
    if not shutil.which("auditwheel") or not shutil.which("patchelf"):
        return None
    platform = f"{MANYLINUX}_{os.uname().machine}"
    subprocess.run(["auditwheel", "repair", "--plat", platform, "-w", str(folder), str(wheel)], check=True)
    return max(pathlib.Path(folder).glob(f"dc3-*{platform}*.whl"), key=lambda path: path.stat().st_mtime)


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    """PEP 517: of the repository's build/, which is brought up to date first, as the headers are of today."""
    subprocess.run(["make", "-C", str(ROOT)], check=True)
    return make(ROOT / "build", wheel_directory).name


def main():
    """make_wheel.py BUILD FOLDER [repair]."""
    if len(sys.argv) not in (3, 4) or sys.argv[3:] not in ([], ["repair"]):
        sys.exit("usage: make_wheel.py BUILD FOLDER [repair]")
    wheel = make(sys.argv[1], sys.argv[2])
    print(wheel)
    if sys.argv[3:]:
        print(repair(wheel, sys.argv[2]) or
              "for machines with the libraries of Debian 12 only: auditwheel and patchelf are not there")


if __name__ == "__main__":
    main()
