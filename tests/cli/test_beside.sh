#!/bin/bash
# Edits are made side by side, a thread each: for any number of threads the same images, lines and counts, with images
# among them that cannot be read, after an interruption and after a kill; and what calibration makes ahead.
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

# Interrupted or killed once there is an image, unless it is faster: the same command makes the rest.
for signal in INT KILL; do
  "${edit[@]}" -o $signal --threads 3 > log 2>&1 & process=$!
  while kill -0 $process 2> /dev/null && ! compgen -G "$signal/train/*/*.png" > /dev/null; do sleep 0.01; done
  kill -$signal $process 2> /dev/null; wait $process 2> /dev/null; status=$?
  [[ " 0 130 137 " == *" $status "* ]] || fail "$signal: status $status: $(< log)"
  expect 0 "32 images stored" "${edit[@]}" -o $signal --threads 3
  same_set by-3 $signal > differences || fail "$signal: $(< differences)"
done
# Images that are there stay, those that are lost come back.
touch -d 2001-01-01 by-2/train/*/*.png
rm "$(find by-2/train -name '*.png' | sort | sed -n 5p)"
expect 0 "32 images stored, 2 edits made" "${edit[@]}" -o by-2 --threads 2
same_set by-1 by-2 > differences || fail "a lost image: $(< differences)"
[[ $(find by-2/train -name '*.png' -newermt 2002-01-01 | wc -l) == 1 ]] || fail "images are made again"

# The estimate measures them as they will be made.
expect 0 "ms per image to edit and store" "${edit[@]}" -o dry --threads 3 --dry-run
expect 0 "68 edits of 1 step" "${edit[@]}" -o dry --threads 3 --dry-run
[[ ! -e dry ]] || fail "--dry-run makes a folder"
echo "all checks passed"
