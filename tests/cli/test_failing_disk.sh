#!/bin/bash
# A disk that fails half-way: the file that was there stays whole, nothing half stays behind, the message names the
# file, and the same command again ends as if nothing had been.
source "$(dirname "$0")/support.sh"
disk=$tools/libfaulty_io.so
[[ -f $disk ]] || fail "$disk is not built"
# fails CALL FILE COMMAND...: the command fails when CALL does for FILE.
fails() {
  local call=$1 file=$2; shift 2
  local asan="${ASAN_OPTIONS:-}:verify_asan_link_order=0:detect_leaks=0"
  output=$(DC3_FAULT=half:$call=$file ASAN_OPTIONS=$asan LD_PRELOAD=$disk "$@" 2>&1)
  local found=$?
  [[ $found == 1 ]] || fail "$call of $file: $*: status $found: $output"
  [[ $output == *"$file: cannot write: No space left on device"* ]] || fail "$call of $file: $*: $output"
  [[ -z $(find . -name '*.part') ]] || fail "$call of $file leaves $(find . -name '*.part')"
}
images data/a 3; images data/b 3
select=("$dc3" select data -o chosen.jsonl --threads 1 --dtype f32)
random=(--method random --teacher none "${common[@]}")
"${select[@]}" --ipc 1 2> /dev/null || fail "select"
cp chosen.jsonl before
for call in write fsync close rename; do
  fails $call chosen.jsonl "${select[@]}" --ipc 2
  cmp -s chosen.jsonl before || fail "$call: the selection that was there is lost"
  fails $call new.jsonl "$dc3" select data -o new.jsonl --ipc 2 --threads 1 --dtype f32
  [[ ! -e new.jsonl ]] || fail "$call: a selection appears"
  fails $call edited.png "$dc3" edit data/a/1.png --prompt warm -o edited.png --threads 1 --dtype f32
  [[ ! -e edited.png ]] || fail "$call: an image appears"
done

# Each file of a run; then the same command resumes.
"$dc3" condense data -o whole --ipc 2 "${random[@]}" 2> /dev/null > /dev/null || fail "condense"
first=$(sed -n 1p whole/pictures.txt) last=$(sed -n '$p' whole/pictures.txt)
for file in dc3.json selection.json pictures.txt "$first" "$last" metadata.jsonl; do
  for call in write rename; do
    fails $call "$file" "$dc3" condense data -o run --ipc 2 "${random[@]}"
    "$dc3" condense data -o run --ipc 2 "${random[@]}" > /dev/null 2>&1 || fail "$call of $file: cannot resume"
    same_run whole run || fail "$call of $file: the resumed run differs"
    rm -rf run
  done
done

# What training writes: the teacher that was there stays.
train=("$dc3" train data --arch convnet3 --size 8 --epochs 1 -o teacher.safetensors --threads 1 --dtype f32)
"${train[@]}" > /dev/null 2>&1 || fail "train"
cp teacher.safetensors before
fails write teacher.safetensors "${train[@]}" --fresh --seed 1
cmp -s teacher.safetensors before || fail "the teacher that was there is lost"
"$dc3" label whole --teacher teacher.safetensors --views 1 --threads 1 > /dev/null 2>&1 || fail "label"
cp whole/soft_labels.safetensors before
fails rename soft_labels.safetensors "$dc3" label whole --teacher teacher.safetensors --views 2 --fresh --threads 1
cmp -s whole/soft_labels.safetensors before || fail "the labels that were there are lost"
echo "all checks passed"
