#!/bin/bash
# Edits are made side by side, a thread each: for any number of threads the same images, lines and counts, with images
# among them that cannot be read, after an interruption and after a kill; and what calibration makes ahead, too.
source "$2/tests/cli/support.sh"
images data/a 20 && images data/b 14
for broken in a/7 b/3; do head -c 60 data/$broken.png > broken && mv broken data/$broken.png; done
tiny_editor tiny
edit=("$dc3" compensate data --editor tiny --dtype f32 --size 16)
same_set() { # prints how two differ; dc3.json says how many threads there were
  for part in train edits skipped.txt pictures.txt; do
    [[ ! -e $1/$part ]] || diff -r "$1/$part" "$2/$part" || return 1
  done
  diff <("$dc3" status "$1" --json | grep -E '"(stored|skipped|read|images|edits)"') \
    <("$dc3" status "$2" --json | grep -E '"(stored|skipped|read|images|edits)"')
}
for threads in 1 2 3 5; do
  expect 0 "32 images stored, 64 edits made" "${edit[@]}" -o by-$threads --threads $threads
  [[ $(grep -c "a/7\|b/3" by-$threads/skipped.txt) == 2 ]] || fail "skipped: $(cat by-$threads/skipped.txt)"
  same_set by-1 by-$threads > differences || fail "$threads threads: $(< differences)"
done
[[ $(cksum by-1/train/*/*.png | cut -d' ' -f1 | sort -u | wc -l) == 32 ]] || fail "some images are equal"

# The first of them ends a strict run, whatever the others behind it do.
for threads in 1 3; do
  expect 1 "a/7.png" "${edit[@]}" -o strict-$threads --threads $threads --strict
  [[ $output != *b/3.png* ]] || fail "$threads threads: $output"
  [[ ! -f strict-$threads/train/metadata.jsonl ]] || fail "$threads threads: a strict run is complete"
done

# Interrupted or killed once there is an image, before all are there: the same command makes the rest.
slow=("${edit[@]}" --steps 6 --threads 3)
there() { find "$1" -name '*.png' | wc -l; }
kill_at() { # PATTERN command...: SIGKILL once there is such a file; it must not have ended before
  local pattern=$1 process i; shift
  "$@" > log 2>&1 & process=$!
  for ((i = 0; i < 4000; i++)); do compgen -G "$pattern" > /dev/null && break; sleep 0.01; done
  kill -KILL $process; wait $process 2> /dev/null
  [[ $? == 137 ]] || fail "ended before it was killed: $(< log)"
}
expect 0 "32 images stored" "${slow[@]}" -o slow
interrupt "INT/train/a/*4.png" "" "${slow[@]}" -o INT # some are noted by then
kill_at "KILL/train/*/*.png" "${slow[@]}" -o KILL
for signal in INT KILL; do
  (($(there $signal/train) > 0 && $(there $signal/train) < 32)) || fail "$signal: $(there $signal/train) images"
  expect 0 "32 images stored" "${slow[@]}" -o $signal
  same_set slow $signal > differences || fail "$signal: $(< differences)"
done
# Images that are there stay, those that are lost come back.
touch -d 2001-01-01 by-2/train/*/*.png
rm "$(find by-2/train -name '*.png' | sort | sed -n 5p)"
expect 0 "32 images stored, 2 edits made" "${edit[@]}" -o by-2 --threads 2
same_set by-1 by-2 > differences || fail "a lost image: $(< differences)"
[[ $(find by-2/train -name '*.png' -newermt 2002-01-01 | wc -l) == 1 ]] || fail "images are made again"

# More than 16 workers have more than 64 images in work at once.
images many/a 18 && for class in b c d e; do cp -r many/a many/$class; done
head -c 60 many/c/9.png > broken && mv broken many/c/9.png
for threads in 3 20; do
  expect 0 "89 images stored" "${edit[@]/#data/many}" -o many-$threads --threads $threads
done
same_set many-3 many-20 > differences || fail "large batches: $(< differences)"

# Calibrated compensation makes the edits of some classes ahead, of more the more workers there are. Below AVX-512 the
# last bits of features may depend on the number of threads.
calibrated=("$dc3" condense many --compensation calibrated --editor tiny --dtype f32 --size 16 --ipc 17 --teacher none
  --no-report)
[[ $("$dc3" info --machine --json) == *AVX-512* ]] && several=20 || several=1
expect 0 "85 images stored, 510 edits made" "${calibrated[@]}" -o chosen --threads 1
interrupt "cut/calibration/*.png" "" "${calibrated[@]}" -o cut --threads $several
(($(there cut/train) == 0)) || fail "images are stored before all edits are there"
expect 0 "85 images stored" "${calibrated[@]}" -o cut --threads $several
expect 0 "85 images stored, 510 edits made" "${calibrated[@]}" -o chosen-many --threads $several
for run in cut chosen-many; do
  same_set chosen $run > differences && diff -r chosen/calibration $run/calibration ||
    fail "calibrated, $run: $(< differences)"
done

# The estimate measures them as they will be made.
expect 0 "ms per image to edit and store" "${edit[@]}" -o dry --threads 3 --dry-run
expect 0 "68 edits of 1 step" "${edit[@]}" -o dry --threads 3 --dry-run
[[ ! -e dry ]] || fail "--dry-run makes a folder"
echo "all checks passed"
