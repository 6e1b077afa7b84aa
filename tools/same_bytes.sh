#!/bin/bash
# same_bytes.sh OLD NEW [CIFAR]: shows that two builds of dc3 do the same. Both programs run the steps of
# same_bytes/steps.sh, every command with a spread of its options, on stamps and on CIFAR; what they print, their exit
# status and every file that they write or remove are compared step by step. Only times and what follows from them are
# left out (same_bytes/times.sed says which), and what same_bytes/exceptions declares. Prints a line a step and a
# verdict; 1 if anything differs, 2 for wrong use.
#
# OLD, NEW   the two programs, for instance build/dc3 of two worktrees
# CIFAR      folder with train/<class>/*.jpg and test/<class>/*.jpg; without it the steps on CIFAR are left out
# STAMPS     folder of classes of images (default: build/demo/stamps of tools/demo.sh; where neither is there, images
# are made)
# ONLY       groups of steps to run, for instance ONLY="edit measure" (default: all); `setup` always runs
# CIFAR_EACH images of a class of CIFAR (default 60)
# EXCEPTIONS what a change declares (default: same_bytes/exceptions, which says how)
# KEEP       folder to make, to work in and to leave behind (default: a temporary one)
set -u
usage() { sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2; }
[[ $# == 2 || $# == 3 ]] || usage
here=$(cd "$(dirname "$0")" && pwd) rules=$here/same_bytes
declare -A program=([old]=$(realpath -e -- "$1") [new]=$(realpath -e -- "$2")) || usage
[[ -x ${program[old]} && -x ${program[new]} ]] || usage
command -v sqlite3 > /dev/null || { echo "same_bytes.sh needs sqlite3 (package sqlite3)" >&2; exit 2; }
if [[ -n ${KEEP:-} ]]; then
  work=$KEEP
  mkdir -- "$work" || usage
else
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
fi
work=$(cd "$work" && pwd)
mkdir -p "$work"/{data,old,new,said/old,said/new}
export LC_ALL=C.UTF-8 OMP_WAIT_POLICY=passive # threads that wait do not take the cores from the others
steps=0 different=0 exceptions=${EXCEPTIONS:-$rules/exceptions}
[[ -r $exceptions ]] || usage

# link FROM TO CLASSES EACH: links to the first EACH images of the first CLASSES classes of FROM, by name.
link() {
  local class file
  find "$1" -mindepth 1 -maxdepth 1 -type d | LC_ALL=C sort | head -n "$3" | while read -r class; do
    mkdir -p "$2/$(basename "$class")"
    find "$class" -type f \( -name '*.png' -o -name '*.jpg' \) | LC_ALL=C sort | head -n "$4" |
      while read -r file; do ln -s "$file" "$2/$(basename "$class")/"; done
  done
}

# Images of several shapes and colours, for where there are no stamps.
make_stamps() {
  local make class=0 name i
  for make in "$(dirname "${program[new]}")/tests/make_image" "$(dirname "${program[old]}")/tests/make_image" ''; do
    [[ -x $make ]] && break
  done
  [[ $make ]] || { echo "found no stamps, and no tests/make_image beside a program" >&2; exit 2; }
  for name in animals food plants vehicles; do
    class=$((class + 1))
    mkdir -p "$1/$name"
    for i in {1..12}; do
      "$make" "$1/$name/$i.png" $((50 + 7 * i)) $((90 - 4 * i)) $((20 * i)) $((50 * class)) $((240 - 19 * i)) || exit 2
    done
  done
}

# state.db as text: its rows, without times and memory.
rows() {
  sqlite3 "$1" "SELECT 'class', * FROM classes ORDER BY id;
    SELECT 'input', id, name, class, bytes, hash, state, reason, bin FROM inputs ORDER BY id;
    SELECT 'picture', * FROM pictures ORDER BY id; SELECT 'part', * FROM parts ORDER BY image, part;
    SELECT 'stage', name FROM stages ORDER BY name;
    SELECT 'run', name, CASE WHEN name IN ('started', 'stage_started', 'updated', 'peak_bytes', 'cached_seconds')
                             THEN 'T' ELSE value END FROM run ORDER BY name;" 2>&1
}

# What is compared of a file: its bytes, or its text without times.
plain() { # FILE
  case $1 in
    */state.db) rows "$1" ;;
    */features-*.safetensors) # holds how long they took, on which its header's length and padding depend
      tail -c +9 "$1" | LC_ALL=C sed -E -f "$rules/times.sed" -e 's/(\]\}\}) +/\1/' ;;
    *.safetensors | *.png | *.webp | *.jpg | *.tiff) cat "$1" ;;
    *) LC_ALL=C sed -E -f "$rules/times.sed" "$1" ;;
  esac
}

# exception FILE: the sed script (or "skip") that the exceptions have for a file of this step.
exception() {
  local steps_ file_ script
  while read -r steps_ file_ script; do
    # shellcheck disable=SC2053
    [[ $steps_ && $steps_ != '#'* && $step == $steps_ && $1 == $file_ ]] && printf '%s\n' "$script"
  done < "$exceptions"
}

# same FILE OLD NEW: prints how they differ. A file that nothing is declared of and that is equal is not examined
# more closely.
same() {
  local script
  cmp -s -- "$2" "$3" && return 0
  script=$(exception "$1")
  [[ $script == *skip* ]] && return 0
  plain "$2" | LC_ALL=C sed -E "$script" > "$work/one"
  plain "$3" | LC_ALL=C sed -E "$script" > "$work/two"
  cmp -s "$work/one" "$work/two" && return 0
  echo "    $1:"
  if diff "$work/one" "$work/two" | head -n 1 | grep -q '^Binary files'; then
    cmp -- "$2" "$3" | sed 's/^.*differ: /      differ: /'
  else
    diff "$work/one" "$work/two" | head -n 12 | cut -c1-200 | sed 's/^/      /'
  fi
}

files() { find . \( -type d -printf '%P/\n' -o -printf '%P\t%s %T@ %i\n' \) | LC_ALL=C sort; }

# step NAME COMMAND [OPTION...]: runs one command of both programs, both in the same folder, and compares what they did.
# step NAME sh SCRIPT: the same for a script, in which $dc3 is the program. Both must succeed: a step that fails shows
# little.
step() { run_both 0 "$@"; }
# refused NAME COMMAND [OPTION...]: the same for what must fail.
refused() { run_both 1 "$@"; }
run_both() {
  local fails=$1
  step=$2; shift 2
  local side out list file run
  : > "$work/differences"
  for side in old new; do
    out=$work/said/$side/$step
    mv "$work/$side" "$work/run"
    (
      cd "$work/run" || exit 2
      files > "$work/before"
      run=("${program[$side]}" "$@")
      [[ ${1:-} == sh ]] && run=(env dc3="${program[$side]}" sh -c "$2")
      "${run[@]}" > "$out.stdout" 2> "$out.stderr"
      echo $? > "$out.status"
      files > "$work/after"
    )
    LC_ALL=C comm -13 "$work/before" "$work/after" | cut -f1 > "$out.written"
    LC_ALL=C comm -23 "$work/before" "$work/after" | cut -f1 | LC_ALL=C comm -23 - "$out.written" > "$out.removed"
    mv "$work/run" "$work/$side"
    (($(< "$out.status") != 0 == fails)) ||
      echo "    $side: status $(< "$out.status"): $(tail -n 1 "$out.stderr")" >> "$work/differences"
  done
  for list in status stdout stderr written removed; do
    same $list "$work/said/old/$step.$list" "$work/said/new/$step.$list" >> "$work/differences"
  done
  while read -r file; do
    [[ -f $work/old/$file && -f $work/new/$file ]] || continue
    same "$file" "$work/old/$file" "$work/new/$file" >> "$work/differences"
  done < "$work/said/old/$step.written"
  steps=$((steps + 1))
  if [[ -s $work/differences ]]; then
    different=$((different + 1))
    echo "DIFFERENT $step"
    cat "$work/differences"
  else
    printf 'same      %-28s status %s, %d files\n' "$step" "$(< "$work/said/new/$step.status")" \
      "$(grep -vc '/$' "$work/said/new/$step.written")"
  fi
}

stamps=${STAMPS:-$here/../build/demo/stamps}
if [[ ! -d $stamps ]]; then stamps=$work/made; make_stamps "$stamps"; fi
stamps=$(cd "$stamps" && pwd)
cifar=${3:+$(cd "$3" && pwd)}
source "$rules/steps.sh"
for group in "${groups[@]}"; do
  [[ $group == setup || -z ${ONLY:-} || " $ONLY " == *" $group "* ]] || continue
  [[ $group != cifar || $cifar ]] || { echo "left out: the steps on CIFAR, which were given no folder"; continue; }
  "steps_$group"
done
if ((different)); then
  echo "$different of $steps steps differ"
  exit 1
fi
echo "all $steps steps are the same ($SECONDS s)"
