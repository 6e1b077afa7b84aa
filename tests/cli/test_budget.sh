#!/bin/bash
# How many images: over all classes, as a part, and in bytes, which are never exceeded.
source "$(dirname "$0")/support.sh"
# Two classes of 24 images that differ in size as files, and one of 3.
for i in {1..24}; do
  mkdir -p data/a data/b
  "$make" data/a/$i.png $((20 + i)) 30 $((10 * i)) 90 $((250 - 9 * i)) || fail "make_image"
  "$make" data/b/$i.png 40 $((20 + i)) 200 $((9 * i)) $((4 * i)) || fail "make_image"
done
images data/c 3
random=(--method random --threads 1 --size 32 --no-report)
# bytes RUN: of all that is in its train/.
bytes() { find "$1/train" -type f -printf '%s\n' | awk '{n += $1} END {print n + 0}'; }
# each RUN: images of the classes a, b and c.
each() { local c; for c in a b c; do find "$1/train/$c" -type f 2> /dev/null | wc -l; done | xargs; }

# As evenly as the classes have them; of those that could give one more the first do.
for case in "7|3 2 2" "9|3 3 3" "12|5 4 3" "40|19 18 3" "51|24 24 3"; do
  expect 0 "${case%|*} images stored" "$dc3" condense data -o total --fresh --total "${case%|*}" "${random[@]}"
  [[ $(each total) == "${case#*|}" ]] || fail "--total ${case%|*}: $(each total)"
  [[ $output != *"used again"* ]] || fail "--total ${case%|*} repeats images: $output"
done
expect 0 "10 images stored" "$dc3" condense data -o part --fraction 0.2 "${random[@]}"
[[ $(each part) == "4 3 3" ]] || fail "--fraction: $(each part)"
# Or as their numbers of images are to each other, 24 to 24 to 3, or the roots of these.
for case in "proportional|9|4 4 1" "sqrt|9|4 4 1" "proportional|30|14 14 2" "sqrt|30|14 13 3" "equal|10|4 3 3"; do
  IFS='|' read -r how total wanted <<< "$case"
  expect 0 "$total images stored" "$dc3" condense data -o balance --fresh --total "$total" --balance "$how" \
    "${random[@]}"
  [[ $(each balance) == "$wanted" ]] || fail "--balance $how --total $total: $(each balance)"
  [[ $how == equal ]] || grep -q "\"balance\": \"$how\"" balance/dc3.json || fail "$how: $(< balance/dc3.json)"
done
# So of a budget: what stays of it is what --total gives of as many.
for case in "proportional 30" "sqrt 30" "sqrt 12" "equal 12"; do
  read -r how kilobytes <<< "$case"
  expect 0 "images stored" "$dc3" condense data -o kept --fresh --budget ${kilobytes}kB --format png --balance "$how" \
    "${random[@]}"
  (($(bytes kept) <= kilobytes * 1000)) || fail "--budget --balance $how: $(bytes kept) bytes"
  total=$(($(each kept | tr ' ' '+')))
  expect 0 "$total images stored" "$dc3" condense data -o balance --fresh --total "$total" --balance "$how" \
    "${random[@]}"
  [[ $(each kept) == "$(each balance)" ]] || fail "--budget --balance $how: $(each kept), not $(each balance)"
done
expect 0 "30 images stored" "$dc3" condense data -o rooted --total 30 --balance sqrt "${random[@]}"
expect 1 'balance was "sqrt"' "$dc3" condense data -o rooted --total 30 "${random[@]}"
expect 0 "10 images selected" "$dc3" select data -o balance.jsonl --fraction 0.2 --balance proportional --method \
  random --threads 1
[[ $(cut -d'"' -f4 balance.jsonl | cut -c1 | sort | uniq -c | awk '{print $1}' | xargs) == "5 4 1" ]] ||
  fail "--fraction: $(< balance.jsonl)"
expect 2 "--balance: says how images are divided" "$dc3" condense data -o x --ipc 2 --balance sqrt "${random[@]}"
expect 2 "--balance: expected one of equal, proportional, sqrt" "$dc3" condense data -o x --total 6 --balance even
# The same images as --ipc chooses.
expect 0 "9 images stored" "$dc3" condense data -o three --ipc 3 "${random[@]}"
expect 0 "9 images stored" "$dc3" condense data -o nine --total 9 "${random[@]}"
diff -r three/train nine/train || fail "--total 9 is not --ipc 3"
# The page says how many there are of each class where they are not as many.
page() { expect 0 "result" "$dc3" report "$1" --threads 1; tr '\n' ' ' < "$1/report.html"; }
has() { [[ $1 == *"$2"* ]] || fail "no $2 on the page: $(grep -o '<ul class="figures">.*</ul>' <<< "$1")"; }
expect 0 "7 images stored" "$dc3" condense data -o seven --total 7 "${random[@]}"
echo '[{"arch": "convnet3", "labels": "hard", "seeds": 3, "images": 7, "top1": 0.3, "full_top1": 0.9}]' \
  > seven/scores.json
text=$(page seven)
has "$text" '<b>2 to 3</b> of each class'
has "$text" '<dt>Images a class</dt><dd>2 to 3</dd>'
has "$text" '<dt>Images in all</dt><dd>7</dd>'
has "$text" 'more than 7 images in all, 2 to 3 per class, bring the most.'
[[ $text != *"requested per class"* ]] || fail "the page of uneven classes says one number for all"
expect 0 "7 of 7 stored" "$dc3" status seven
[[ $output != *"per class"* && $("$dc3" status seven --json) == *'"ipc": null'* ]] || fail "status of seven: $output"
expect 0 "3 images per class" "$dc3" status three
text=$(page nine)
has "$text" '<b>3</b> requested per class'
# Of a budget 5 % more are planned than fit: what stays is said, also where each class has as many.
expect 0 "images stored" "$dc3" condense data -o held --budget 1500 "${random[@]}"
counts=$(cut -d/ -f1 held/pictures.txt | sort | uniq -c | awk '{print $1}' | sort -n)
least=$(head -1 <<< "$counts") most=$(tail -1 <<< "$counts")
has "$(page held)" "<b>$least$( ((least == most)) || echo " to $most")</b> of each class"
# A class of g images has those of --ipc g, also where others give more: no others, and RDED's no worse crops.
expect 0 "images stored" "$dc3" condense data -o own --method rded --ipc 2 "${random[@]:2}" --size 16
for method in random rded; do
  teacher=(); [[ $method == rded ]] && teacher=(--teacher own/teacher.safetensors)
  how=(--method $method "${random[@]:2}" "${teacher[@]}" --factor 2)
  [[ $method == rded ]] || unset 'how[-1]' 'how[-1]'
  expect 0 "9 images stored" "$dc3" condense data -o "$method-9" --ipc 3 "${how[@]}"
  expect 0 "6 images stored" "$dc3" condense data -o "$method-6" --ipc 2 "${how[@]}"
  expect 0 "7 images stored" "$dc3" condense data -o "$method-7" --total 7 "${how[@]}"
  diff -r "$method-9/train/a" "$method-7/train/a" && diff -r "$method-6/train/b" "$method-7/train/b" &&
    diff -r "$method-6/train/c" "$method-7/train/c" || fail "$method: classes of 3, 2 and 2 images"
done
expect 0 "10 images selected" "$dc3" select data -o chosen.jsonl --total 10 --method random --threads 1
[[ $(field chosen.jsonl class | sort | uniq -c | xargs) == "4 a 3 b 3 c" ]] || fail "select: $(< chosen.jsonl)"
expect 0 "12 images stored" "$dc3" condense data -o bins --method dc3-select --total 12 --bins 2 --teacher none \
  "${random[@]:2}" --editor "$source/models/dc3-mini"
[[ $(each bins) == "5 4 3" ]] || fail "--total with bins: $(each bins)"
for wrong in "--total 2|--total: expected 3 to 51 images, at least one of each class, found 2" \
  "--total 52|--total: expected 3 to 51 images" \
  "--fraction 0.0588|--fraction: expected at least 0.0589, that is 3 of 51 images, one of each class, found 0.0588" \
  "--total 9 --ipc 3|--ipc and --total: expected one of them" "--total 9 --fraction 0.2|expected one of" \
  "--fraction 1.5|--fraction" "--budget 5XB|--budget: expected bytes, such as 500kB or 5MB, found '5XB'" \
  "--budget 0|--budget: expected bytes" "--budget 300|--budget: expected at least about"; do
  read -ra words <<< "${wrong%|*}"
  expect 2 "${wrong#*|}" "$dc3" condense data -o x "${words[@]}" "${random[@]}"
done
expect 2 "nknown option" "$dc3" select data -o y.jsonl --budget 5kB --method random --threads 1
[[ ! -e x && ! -e y.jsonl ]] || fail "a refused command makes something"

# In bytes: images and metadata together stay below, and most of it is used.
for budget in 2kB 4000 6kB; do
  expect 0 "images stored" "$dc3" condense data -o bytes --fresh --budget $budget "${random[@]}"
  most=${budget/kB/000} found=$(bytes bytes)
  (( found <= most )) || fail "--budget $budget: $found bytes"
  [[ $(wc -l < bytes/train/metadata.jsonl) == $(find bytes/train -type f ! -name metadata.jsonl | wc -l) ]] ||
    fail "--budget $budget: metadata of other images"
  diff <(sort bytes/pictures.txt) <(cd bytes/train && find . -type f ! -name metadata.jsonl | sed 's,^./,,' | sort) ||
    fail "--budget $budget: pictures.txt has others"
done
(( found * 10 > most * 8 )) || fail "--budget 6kB: $found bytes only"
"$dc3" info bytes > info || fail "info"
grep -q "state *complete" info || fail "info: $(< info)"
text=$(page bytes)
has "$text" "<dt>Budget</dt><dd>6.0 kB</dd>"
has "$text" "<dt>Images in all</dt><dd>$(wc -l < bytes/pictures.txt)</dd>"
rm bytes/report.html
# The format that is asked for; with less loss fewer images.
expect 0 "images stored" "$dc3" condense data -o fine --budget 6kB --format webp:95 "${random[@]}"
(( $(bytes fine) <= 6000 && $(wc -l < fine/pictures.txt) < $(wc -l < bytes/pictures.txt) )) ||
  fail "--format: $(bytes fine)"
# All of a small dataset fits: without loss.
expect 0 "51 images stored" "$dc3" condense data -o whole --budget 1MB "${random[@]}"
[[ $(find whole/train -name '*.png' | wc -l) == 51 ]] || fail "a budget for all: $(find whole/train | head -3)"
# The same again: nothing to do; after a loss the same bytes; by several threads the same bytes.
cp -r bytes again
# times RUN: when each of its images was written.
times() { find "$1/train" -name '*.webp' -printf '%p %T@\n' | sort; }
before=$(times again)
expect 0 "images stored" "$dc3" condense data -o again --budget 6kB "${random[@]}"
same_run bytes again || fail "a finished run of a budget changes"
[[ $(times again) == "$before" && $output != *"left out"* ]] || fail "a finished run makes images again: $output"
# One that was ended while it left images out: those that are still there go, and none is made for it.
left=$(sed -n '/"left_out"/,/]/s/^ *"\([ab].*\)",*$/\1/p' again/selection.json)
[[ -n $left ]] || fail "left_out: $(tail -5 again/selection.json)"
for name in $left; do
  [[ ! -e again/train/$name ]] || fail "$name is left out and there"
  cp "$(find again/train -name '*.webp' | head -1)" "again/train/$name"
done
sed -i 's/"complete": true/"complete": false/' again/dc3.json
before=$(times bytes | sed 's/ .*//; s/bytes/again/')
expect 0 "$(wc -l < bytes/pictures.txt) images stored" "$dc3" condense data -o again --budget 6kB "${random[@]}"
same_run bytes again || fail "a run that was ended while it left images out"
[[ $(times again | sed 's/ .*//') == "$before" ]] || fail "images that are left out: $(times again)"
grep -q '"complete": true' again/dc3.json || fail "it is not complete"
"$dc3" info again > info || fail "info"
grep -q "$(wc -l < bytes/pictures.txt) images in all" info || fail "info: $(head -1 info)"
rm "$(find again/train -name '*.webp' | sort | head -1)"
expect 0 "images stored" "$dc3" condense data -o again --budget 6kB "${random[@]}"
same_run bytes again || fail "an image that was lost"
expect 0 "images stored" "$dc3" condense data -o threads --budget 6kB "${random[@]}" --threads 3
diff -r bytes/train threads/train || fail "threads change what fits"
expect 1 "other settings" "$dc3" condense data -o again --budget 5kB "${random[@]}"
for bytes in 6kB 6kb 0.006mb; do
  expect 0 "budget of 6.0 kB: about" "$dc3" condense data --budget $bytes "${random[@]}" --dry-run
done
# What is said of an image is measured as it will be: also of selections that maximise nothing and have no bins.
"$dc3" train data --arch convnet3 --epochs 1 --size 16 --threads 1 -o t.safetensors -q > /dev/null || fail "train"
for selection in paper kmeans; do
  how=(--method dc3-select --selection $selection --teacher t.safetensors --editor "$source/models/dc3-mini")
  expect 0 "bytes of metadata each" "$dc3" condense data -o $selection --budget 6kB "${how[@]}" "${random[@]:2}"
  each=$(sed -n 's/.* and \([0-9]*\) bytes of metadata each.*/\1/p' <<< "$output")
  mean=$(awk '{n += length + 1} END {printf "%d", n / NR}' $selection/train/metadata.jsonl)
  ((each - mean < 8 && mean - each < 8)) || fail "--selection $selection: $each bytes of metadata, found $mean"
  (($(bytes $selection) <= 6000)) || fail "--selection $selection: $(bytes $selection) bytes"
done

# A tar's headers and what fills its blocks count.
expect 0 "bytes of tar and metadata each" "$dc3" condense data -o tars --budget 50kB --store tar "${random[@]}"
(($(bytes tars) <= 50000 && $(bytes tars) > 40000)) || fail "a budget of tars: $(bytes tars)"
grep -q "on the disk: 1 file of $(bytes tars | sed 's/...$/./')" <<< "$output" || fail "bytes on the disk: $output"
cp -r tars again-tars
expect 0 "images stored" "$dc3" condense data -o again-tars --budget 50kB --store tar "${random[@]}"
same_run tars again-tars || fail "a finished run of a budget in tars changes"
rm again-tars/train/*
expect 0 "images stored" "$dc3" condense data -o again-tars --budget 50kB --store tar "${random[@]}"
same_run tars again-tars || fail "a run of a budget whose tar was lost"
expect 2 "--budget: expected at least about" "$dc3" condense data -o x --budget 7kB --store tar "${random[@]}"

# Images, what is said of them and soft labels together; label stores what there is room for, and says where it is more.
total() { echo $(($(bytes "$1") + $(stat -c %s "$1/soft_labels.safetensors"))); }
for case in "20kB|--label-views 10 --label-bits 8" "20kB|--label-views 20 --label-top-k 2" \
  "90kB|--label-views 7 --store tar"; do
  read -ra words <<< "${case#*|}"
  most=${case%kB*}000
  expect 0 "and labels each" "$dc3" condense data -o both --fresh --budget "${case%|*}" "${words[@]}" "${random[@]}"
  expect 0 "${words[1]} views of each of" "$dc3" label both --teacher t.safetensors --threads 1
  [[ $output != *"budget"* ]] || fail "${case}: $output"
  [[ $output == *"labels as the run left room for: --views ${words[1]}"* ]] || fail "$case: not said: $output"
  expect 0 "10 views of each of" "$dc3" label both -o full.safetensors --teacher t.safetensors --threads 1 --fresh
  [[ $output != *"left room for"* ]] || fail "$case: a file of its own: $output"
  head -c 2000 full.safetensors | grep -qaE '"logits":\{"dtype":"F16","shape":\[10,[0-9]+,3\]' ||
    fail "$case: a file of its own: $(head -c 600 full.safetensors)"
  (($(total both) <= most && $(total both) * 10 > most * 8)) || fail "$case: $(total both) bytes"
done
expect 0 "warning: images and labels take" "$dc3" label both --teacher t.safetensors --threads 1 --views 60 --fresh
expect 0 "the run's budget of 6.0 kB was for images alone" "$dc3" label bytes --teacher t.safetensors --threads 1
for wrong in "--ipc 1 --label-views 9|--label-views: reserves room for labels in a budget; expected --budget" \
  "--budget 9kB --label-bits 8|--label-bits: says how labels are stored; expected --label-views" \
  "--budget 9kB --label-views 9 --label-bits 9|--label-bits: expected 8 or 16" \
  "--budget 9kB --label-views 9 --label-bits 7|--label-bits: expected 8 or 16" \
  "--budget 9kB --label-views 9 --label-top-k 3|--label-top-k: expected less than the 3 classes" \
  "--budget 3kB --label-views 9|--budget: expected at least about"; do
  read -ra words <<< "${wrong%|*}"
  expect 2 "${wrong#*|}" "$dc3" condense data -o x "${words[@]}" "${random[@]}"
done
[[ ! -e x ]] || fail "a refused command makes something"

# Edits of images that are left out go, too.
tiny_editor ip2p
edits=(--method dc3 --compensation random --editor ip2p --teacher none --threads 1 --dtype f32 --size 32 --bins 2)
expect 0 "images stored" "$dc3" condense data -o edited --budget 3kB "${edits[@]}"
(( $(bytes edited) <= 3000 )) || fail "an edited budget: $(bytes edited)"
expect 0 '"edits": 0,' "$dc3" condense data -o edited --budget 3kB "${edits[@]}" --json
[[ $(find edited/edits -type f | wc -l) == $(wc -l < edited/pictures.txt) ]] ||
  fail "edits of images that are not there"
expect 0 "" "$dc3" evaluate edited --val data --labels hard --arch convnet3 --epochs 1 --threads 1 --size 16 --batch 4
echo "all checks passed"
