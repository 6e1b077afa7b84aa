#!/bin/bash
# test_wheel.sh BUILD SOURCE: the wheel of BUILD in a virtual environment of its own, and the tests of the package
# there. Skipped where Python, its venv or NumPy cannot be had.
set -u
build=$1 source=$2 python=${PYTHON:-python3}
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
skip() { echo "skipped: $1"; exit 77; }
fail() { echo "FAILED: $1"; exit 1; }
export DC3_BACKBONE=none PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1 HF_HOME=$work/huggingface
unset PYTHONPATH DC3_MODELS DC3_LIBRARY
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 9))' 2> /dev/null || skip "there is no Python 3.9 or later"
"$python" -m venv "$work/venv" > "$work/log" 2>&1 || skip "Python has no venv with pip: $(tail -1 "$work/log")"
# NumPy and what tests use only if it is there, of the interpreter that was given, which may be a virtual environment
# itself.
"$python" -c 'import importlib.util, os
specs = map(importlib.util.find_spec, ("numpy", "torch", "datasets", "fsspec", "PIL"))
print("\n".join(sorted({os.path.dirname(os.path.dirname(spec.origin)) for spec in specs if spec and spec.origin})))
' > "$work"/others.pth && cp "$work/others.pth" "$work"/venv/lib/python3.*/site-packages/
pip=("$work/venv/bin/python" -m pip -q install)
"$work/venv/bin/python" -c 'import numpy' 2> /dev/null ||
  timeout 300 "${pip[@]}" --retries 1 --timeout 20 --only-binary :all: numpy > "$work/log" 2>&1 ||
  skip "pip cannot install numpy: $(tail -1 "$work/log")"
"$python" "$source/python/make_wheel.py" "$build" "$work" > "$work/log" 2>&1 || fail "make_wheel.py: $(< "$work/log")"
"${pip[@]}" --no-index --no-deps --ignore-installed "$work"/dc3-*.whl || fail "the wheel cannot be installed"
[[ $("$work/venv/bin/dc3" --version) == "dc3 "* ]] || fail "the command dc3 of the wheel does not run"
cd "$source/python" || fail "no folder python"
DC3_SOURCE=$source "$work/venv/bin/python" -m unittest discover -v -s tests -t . 2> "$work/log"
status=$?
grep -E "\.\.\. skipped " "$work/log"
[[ $status == 0 ]] || fail "tests of the package: $(< "$work/log")"
