#!/bin/bash
# test_wheel.sh BUILD SOURCE: the wheel of BUILD in a virtual environment of its own, and the tests of the package
# there. The interpreter is $PYTHON, else the first of python3 and /usr/bin/python3 with NumPy and venv; where there is
# none the test is skipped.
#
# There need not be a network, so what is not the wheel's comes from that interpreter. At first NumPy alone: its folders
# are linked into the environment, where pip finds it as what the wheel depends on, and nothing else of the machine is
# seen. Then, for tests that use PyTorch, datasets or Pillow if they are there, the folders of these by a .pth file.
# --system-site-packages would not do: of an interpreter that is in a virtual environment it lacks the packages there.
set -u
build=$1 source=$2
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
skip() { echo "skipped: $1"; exit 77; }
fail() { echo "FAILED: $1"; exit 1; }
export DC3_BACKBONE=none PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1 HF_HOME=$work/huggingface
unset PYTHONPATH DC3_MODELS DC3_LIBRARY
# folders_of PACKAGE..: where the packages lie that the interpreter has, each folder once.
folders_of() {
  "$python" -c 'import importlib.util, os, sys
specs = map(importlib.util.find_spec, sys.argv[1:])
print("\n".join(sorted({os.path.dirname(os.path.dirname(spec.origin)) for spec in specs if spec and spec.origin})))
' "$@"
}
python="" tried="" candidates=(python3 /usr/bin/python3)
[[ -z ${PYTHON:-} ]] || candidates=("$PYTHON")
for each in "${candidates[@]}"; do
  "$each" -c 'import ensurepip, sys, venv, numpy; sys.exit(sys.version_info < (3, 9))' > "$work/log" 2>&1 &&
    python=$each && break
  tried+="${tried:+; }$each: $(tail -1 "$work/log")"
done
[[ $python ]] || skip "no Python 3.9 or later with venv and NumPy (make deps-test): $tried"
"$python" -m venv "$work/venv" > "$work/log" 2>&1 || skip "Python has no venv with pip: $(tail -1 "$work/log")"
packages=$(echo "$work"/venv/lib/python3.*/site-packages)
ln -s "$(folders_of numpy)"/numpy* "$packages" || fail "NumPy cannot be linked"
make -C "$source" -o all wheel PYTHON="$python" BUILD="$build" WHEELS="$work" > "$work/log" 2>&1 ||
  fail "make wheel: $(< "$work/log")"
"$work/venv/bin/python" -m pip -q install --no-index "$work"/dc3-*-linux_*.whl || fail "the wheel cannot be installed"
[[ $("$work/venv/bin/dc3" --version) == "dc3 "* ]] || fail "the command dc3 of the wheel does not run"
cd "$source/python" || fail "no folder python"
"$work/venv/bin/python" -m unittest -q tests.test_editor 2> "$work/log" || fail "with NumPy alone: $(< "$work/log")"
folders_of torch datasets fsspec PIL > "$packages/others.pth"
DC3_SOURCE=$source "$work/venv/bin/python" -m unittest discover -v -s tests -t . 2> "$work/log"
status=$?
grep -E "\.\.\. skipped " "$work/log"
[[ $status == 0 ]] || fail "tests of the package: $(< "$work/log")"
