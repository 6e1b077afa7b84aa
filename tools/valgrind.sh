#!/bin/bash
# Unit tests, the parsers' corpora and a condensing run under valgrind, which knows AVX2 but no AVX-512: it tells
# programs of a processor without it, so that ours takes its AVX2 kernels, and ONEDNN_MAX_CPU_ISA keeps oneDNN to AVX2.
# VALGRIND_TESTS: a regular expression of their names. Minutes each; by hand.
cd "$(dirname "$0")/.." || exit 1
command -v valgrind > /dev/null || { echo "valgrind is missing: make deps-dev"; exit 1; }
export ONEDNN_MAX_CPU_ISA=AVX2 OPENBLAS_NUM_THREADS=1 OPENBLAS_CORETYPE=Haswell OMP_NUM_THREADS=1 \
  OMP_WAIT_POLICY=passive G_SLICE=always-malloc
check=(valgrind --quiet --error-exitcode=99 --leak-check=full --show-leak-kinds=definite
  --errors-for-leak-kinds=definite
  --suppressions=tests/valgrind.supp)
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
failed=0
one() { # NAME COMMAND...
  local name=$1 begin=$SECONDS; shift
  [[ $name =~ ${VALGRIND_TESTS:-.} ]] || return 0
  if "${check[@]}" "$@" > "$work/log" 2>&1; then echo "$name: clean ($((SECONDS - begin)) s)"
  else echo "$name: FAILED"; tail -n 60 "$work/log"; failed=1; fi
}
for test in base dataset fingerprint image names pth safetensors soft_labels checkpoint select; do
  one "unit/$test" "build/tests/test_$test"
done
for target in build/tests/fuzz/fuzz_*; do
  [[ -x $target && -f $target ]] && one "fuzz/${target##*fuzz_}" "$target" "tests/fuzz/corpus/${target##*fuzz_}"
done
for class in a b; do
  mkdir -p "$work/data/$class"
  for i in 1 2 3; do
    build/tests/make_image "$work/data/$class/$i.png" 30 24 $((40 * i)) 90 $((200 - 30 * i)) || exit 1
  done
done
echo "no image" > "$work/data/a/bad.png"
one cli/condense build/dc3 condense "$work/data" -o "$work/run" --ipc 1 --method random --teacher none --size 16 \
  --threads 1 --dtype f32
one cli/select build/dc3 select "$work/data" -o "$work/chosen.jsonl" --ipc 1 --method kmeans --threads 1 --dtype f32
one cli/measure build/dc3 measure "$work/data" "$work/run" --threads 1
one cli/contact build/dc3 contact "$work/run" -o "$work/sheet.png"
exit $failed
