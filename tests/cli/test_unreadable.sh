#!/bin/bash
# Images that cannot be read are skipped, counted and listed by every command; --strict ends there.
source "$(dirname "$0")/support.sh"
tiny_mini
images data/a 4; images data/b 3
for i in 1 2 3 4 5 6 7; do echo "no image" > data/b/bad$i.png; done
expect 0 "7 images skipped" "$dc3" compensate data -o all "${common[@]}"
[[ $(wc -l < all/skipped.txt) == 7 && $(wc -l < all/train/metadata.jsonl) == 7 ]] ||
  fail "compensate: seven listed and seven stored"
expect 1 "(--strict)" "$dc3" compensate data -o strict --strict "${common[@]}"
mkdir -p none/a; cp data/b/bad1.png none/a/
expect 1 "none of 1 images can be read" "$dc3" compensate none -o none-out "${common[@]}"

# More than are reported on the way: listed beside the output.
expect 0 "all will be listed in bins.jsonl.skipped.txt" "$dc3" bins data -o bins.jsonl --bins 2 --threads 2 --dtype f32
expect 0 "7 images skipped" "$dc3" select data -o chosen.jsonl --ipc 2 --threads 2 --dtype f32
[[ $(wc -l < bins.jsonl.skipped.txt) == 7 && $(wc -l < chosen.jsonl.skipped.txt) == 7 ]] ||
  fail "bins and select list what they skip"

# Whatever the threads, features are the same bytes, and what is skipped is told in the images' order. With --strict
# the first of them is named, though one behind it is found sooner.
images many/a 40; images many/b 20
for i in 13 2 39 35; do echo "no image" > "many/a/$i.png"; done
for threads in 1 2 3; do
  expect 0 "4 images skipped" "$dc3" select many -o many$threads.jsonl --ipc 2 --threads $threads --cache many$threads
  tail -c 20000 many$threads/features-*.safetensors > features$threads # behind what tells the time
  [[ $(wc -c < features$threads) == 20000 ]] || fail "features are saved"
  cmp features1 features$threads || fail "features depend on the number of threads"
  cmp many1.jsonl many$threads.jsonl || fail "the choice depends on the number of threads"
  cmp many1.jsonl.skipped.txt many$threads.jsonl.skipped.txt || fail "the order of what is skipped"
done
expect 1 "a/13.png" "$dc3" select many -o strict.jsonl --ipc 2 --threads 3 --strict

# An image that is lost between selection and compensation; what was skipped and repeated stays counted.
expect 0 "10 images stored" "$dc3" condense data -o out --ipc 5 --teacher none "${common[@]}"
rm data/a/1.png out/train/a/*-1.png
echo "no longer an image" > data/a/1.png
output=$("$dc3" condense data -o out --ipc 5 --json --teacher none "${common[@]}" 2>/dev/null) ||
  fail "condense with a lost image"
grep -q '"repeated": 3' <<< "$output" || fail "a continued run does not count repeated images: $output"
lost=$(grep -c '^a/1.png' out/skipped.txt)
grep -q "\"skipped\": $((7 + lost))," <<< "$output" && ((lost > 0)) ||
  fail "a continued run does not count skipped images: $output"
[[ $(wc -l < out/train/metadata.jsonl) == $((10 - lost)) ]] || fail "metadata.jsonl has a line for each stored image"

# A class that is too small: named, and before the work.
expect 1 "class 'a' has 4 images, fewer than 5 (--strict)" "$dc3" select data -o x.jsonl --ipc 5 --strict --dtype f32
[[ $output != *estimate* ]] || fail "a class that is too small is reported too late"
echo "all checks passed"
