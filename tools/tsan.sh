#!/bin/bash
# The threaded tests of build-tsan under ThreadSanitizer, with clang's OpenMP, whose tool Archer tells it what the
# runtime's barriers order. Libraries are not instrumented and so not looked into. TSAN_TESTS: a regular expression of
# tests (kernels/ takes long). By hand.
cd "$(dirname "$0")/.." || exit 1
archer=$(dirname "$(readlink -f "$(command -v clang)")")/../lib/libarcher.so
[[ -f $archer ]] || { echo "clang's libarcher.so is missing: make deps-dev"; exit 1; }
export OMP_TOOL_LIBRARIES=$archer OMP_NUM_THREADS=4 OMP_WAIT_POLICY=passive OPENBLAS_NUM_THREADS=1
export TSAN_OPTIONS="suppressions=$PWD/tests/tsan.supp ignore_noninstrumented_modules=1 halt_on_error=0"
TSAN_OPTIONS+=" exitcode=66 second_deadlock_stack=1"
tests='augment|base|cancel|checkpoint|dataset|image|pieces|reading|select|threads|trainer'
ctest --test-dir build-tsan --output-on-failure --timeout 1200 -R "${TSAN_TESTS:-unit/test_($tests)$}" || exit 1
# The program on four threads, with an image that cannot be read.
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
for class in a b; do
  mkdir -p "$work/data/$class"
  for i in 1 2 3 4 5; do
    build-tsan/tests/make_image "$work/data/$class/$i.png" 30 24 $((30 * i)) 90 100 || exit 1
  done
done
echo "no image" > "$work/data/a/bad.png"
build-tsan/dc3 condense "$work/data" -o "$work/run" --ipc 2 --teacher none --size 16 --threads 4 --dtype f32 || exit 1
echo "no races found"
