#!/bin/bash
# Options: each is obeyed or refused, in any locale, and what is printed as JSON is JSON.
source "$(dirname "$0")/support.sh"
images data/a 2; images data/b 2
tiny_editor tiny
common+=(--teacher none --editor "$PWD/tiny")
json() { # the output of a command is one JSON document
  "$@" 2>/dev/null > document || fail "$*"
  "$tools/is_json" document || fail "$*: no JSON: $(cat document)"
}
edit=("$dc3" edit data/a/1.png --threads 1 --dtype f32)

# Text that is not ASCII, whatever the locale; text that is not UTF-8.
for locale in C C.UTF-8; do expect 0 "result: e.png" env LC_ALL=$locale "${edit[@]}" -p "très froid" -o e.png; done
expect 2 "expected text in UTF-8, found 'tr\\xe8s'" env LC_ALL=C.UTF-8 "${edit[@]}" -p $'tr\xe8s' -o e.png
expect 2 "expected text in UTF-8" env LC_ALL=C "${edit[@]}" -p $'tr\xe8s' -o e.png

# Numbers: what is none is named by its option as it was written, whatever the locale; the last of several counts.
for locale in C de_DE.UTF-8 fr_FR.UTF-8; do
  for option in --ipc -n; do expect 2 "dc3: $option: expected a whole number, found 'ten'" env LC_ALL=$locale \
    LANGUAGE=${locale%%.*} "$dc3" condense data -o x $option ten; done
  expect 2 "dc3: --guidance: expected a number, found '1,5'" env LC_ALL=$locale LANGUAGE=${locale%%.*} \
    "$dc3" condense data -o x --guidance 1,5
  expect 2 "Unknown option --ipx=3; did you mean --ipc?" env LC_ALL=$locale LANGUAGE=${locale%%.*} \
    "$dc3" condense data --bins 3 -o x --ipx=3
done
expect 2 "Integer value “9999999999” for --ipc out of range" "$dc3" condense data -o x --ipc 9999999999
expect 2 "Double value “1e999” for --guidance out of range" "$dc3" condense data -o x --guidance 1e999
expect 2 "Missing argument for --ipc" "$dc3" condense data -o x --ipc
expect 2 "--steps: expected 1 to 1000, found 0" "$dc3" condense data -o x --steps 4 --steps 0
expect 0 "estimate" "$dc3" condense data --steps 0 --steps 1 --ipc 1 --dry-run "${common[@]}"
# Numbers are decimal: 08 is eight, and nothing is octal or hexadecimal.
expect 0 "8 per class" "$dc3" condense data --ipc 08 --dry-run "${common[@]}"
expect 0 "10 per class" "$dc3" condense data --ipc 010 --dry-run "${common[@]}"
expect 2 "--ipc: expected a whole number, found '0x10'" "$dc3" condense data -o x --ipc 0x10

# Every option that takes a real number says its range as it is: ends that differ, and are taken unless it says that
# they are not.
reals=0
for command in condense edit train label evaluate "compare --val nothere"; do
  for option in $("$dc3" $command --help | sed -n 's/^  *-*[a-z]*,* *\(--[a-z-]*\)=[XT] .*/\1/p'); do
    for far in -1e+30 nan; do
      output=$("$dc3" $command nothere -o refused $option $far 2>&1); status=$?
      read -r low join high < <(sed -n "s/.*$option: expected \(more than \)*\(.*\), found $far"'$/\2/p' <<< "$output" |
         sed 's/and at most/up-to/; s/to below/below/')
      [[ $status == 2 && $low && $high ]] || fail "$command $option $far: status $status, no range in: $output"
      awk -v a="$low" -v b="$high" 'BEGIN { exit !(b > a) }' || fail "$command $option: an empty range: $output"
    done
    for value in $([[ $join == up-to ]] || echo "$low") $([[ $join == below ]] || echo "$high"); do
      output=$("$dc3" $command nothere -o refused $option $value 2>&1)
      [[ $output != *"$option: expected"* ]] || fail "$command $option $value is in its range: $output"
    done
    ((reals++))
  done
done
((reals >= 12)) || fail "only $reals options with real numbers were found"
expect 2 "--hold-out: expected 0 to 0.5, found 0.50000001" "$dc3" train data -o x --hold-out 0.50000001

# JSON of any name.
json "${edit[@]}" -p sunny -o 'e"q.png' --json
json "${edit[@]}" -p sunny -o $'e\xff.png' --json
json "$dc3" condense data -o $'o\xff' --ipc 1 --json "${common[@]}"
json "$dc3" condense data -o o --ipc 1 --json --dry-run "${common[@]}"
json "$dc3" contact $'o\xff' -o grid.png --json
grep -q '"out": "grid.png"' document || fail "contact --json names no file"

# Not used by a command: refused.
for option in --dry-run "--combine grid" "--prompts x" --fresh --strict "--feature-size 8"; do
  expect 2 "Unknown option ${option%% *}" "${edit[@]}" -p sunny -o refused.png $option
done
expect 2 "Unknown option --ipc" "$dc3" bins data -o x.jsonl --ipc 3
expect 1 "dc3: -x: expected the folder of a run" "$dc3" status -- -x
expect 2 "Unknown option --feature-size" "$dc3" compensate data -o x --feature-size 8
expect 2 "Unknown option --seed" "$dc3" contact o -o x.png --seed 1
expect 2 "--arch: needs --teacher" "$dc3" select data -o x.jsonl --arch resnet18
expect 2 "takes no dataset" "$dc3" select data --from x.safetensors
expect 2 "--fit is for a dataset" "$dc3" select --from x.safetensors --fit pad
[[ ! -e refused.png && ! -e x && ! -e x.jsonl ]] || fail "a refused command writes"

# Values out of range are wrong use, and say so before anything is made.
for wrong in "--guidance -5" "--guidance nan" "--image-guidance 1000" "--steps 0" "--steps 1001" "--threads 0" \
  "--size 0" "--size 5000" \
  "--seed -1" "--seed 99999999999999999999999" "--seed 1x" "--dtype f64" "--combine all" "--format gif" \
    "--detail some" "--sampler none" \
  "--feature-size 0" "--feature-size 7" "--ipc 0" "--bins 0" "--objective none" "--fit tall"; do
  expect 2 "${wrong%% *}: expected" "$dc3" condense data -o x $wrong
done
[[ ! -e x ]] || fail "a refused command makes a folder"
expect 2 "--rows: expected 1 or more" "$dc3" contact o -o x.png --rows 0
expect 2 "Try: dc3 condense --help" "$dc3" condense
expect 1 "cannot write to the standard output" bash -c "'$dc3' --help > /dev/full"
expect 1 "cannot write to the standard output" bash -c "'$dc3' condense data -o full --ipc 1 ${common[*]} > /dev/full"
[[ -f full/train/metadata.jsonl ]] || fail "the work itself is done"

# The file's format: as the name ends, of a name without an ending as --format says. The image keeps its shape where its
# detail is kept.
type_of() { head -c 12 "$1" | LC_ALL=C tr -cd 'A-Za-z'; }
size_of() { head -c 24 "$1" | tail -c 8 | od -An -tu1 | awk '{print $3 * 256 + $4 "x" $7 * 256 + $8}'; }
expect 0 "" "${edit[@]}" -p sunny -o f --format jpeg
[[ $(type_of f) == *JFIF* || $(head -c 2 f | od -An -tx1) == " ff d8" ]] || fail "--format jpeg is not obeyed"
expect 0 "" "${edit[@]}" -p sunny -o F.WEBP
[[ $(type_of F.WEBP) == RIFF*WEBP ]] || fail "the name's ending is not obeyed"
"$make" wide.png 100 50 200 100 50
expect 0 "" "$dc3" edit wide.png -p sunny -o keep.png --threads 1
expect 0 "" "$dc3" edit wide.png -p sunny -o small.png --size 40 --threads 1
expect 0 "" "$dc3" edit wide.png -p sunny -o square.png --fit crop --threads 1
expect 0 "" "$dc3" edit wide.png -p sunny -o model.png --detail edit --threads 1
sizes="$(size_of keep.png) $(size_of small.png) $(size_of square.png) $(size_of model.png)"
[[ $sizes == "100x50 40x20 50x50 64x64" ]] ||
  fail "sizes of edits: $(size_of keep.png) $(size_of small.png) $(size_of square.png) $(size_of model.png)"

# The same dataset by other names; a dataset that moved.
expect 0 "4 images stored" "$dc3" condense data -o same --ipc 2 "${common[@]}"
(cd data && expect 0 "0 edits made" "$dc3" condense ./ -o ../same --ipc 2 "${common[@]}") || exit 1
expect 0 "0 edits made" "$dc3" condense "$PWD/data/" -o same --ipc 2 "${common[@]}"
(mkdir away && cd away && expect 0 "result" "$dc3" contact ../same -o grid.png) || exit 1
mv data moved
expect 1 "--data says where the dataset is now" "$dc3" contact same -o grid.png
expect 0 "result" "$dc3" contact same -o grid.png --data moved

# An interruption says what is kept: nothing, while features are made.
for ((i = 0; i < 3; i++)); do images moved/c$i 12; done
"$dc3" condense moved --teacher none -o stopped --ipc 2 --threads 1 --dtype f32 --feature-size 512 2> said & pid=$!
for ((i = 0; i < 600; i++)); do [[ -f stopped/dc3.json ]] && break; sleep 0.1; done
kill -INT $pid; wait $pid; status=$?
[[ $status == 130 ]] && grep -q "no image was finished and nothing is saved" said ||
  fail "interrupted: status $status, $(cat said)"

# Beside an installed program its models are found.
mkdir -p prefix/bin prefix/share/dc3 && cp "$dc3" prefix/bin/ && ln -s "$source/models" prefix/share/dc3/models
mv prefix/share/dc3/models prefix/share/dc3/kept && mkdir -p prefix/share/dc3/models/dc3-mini &&
  echo '{' > prefix/share/dc3/models/dc3-mini/model_index.json
expect 1 "prefix/" prefix/bin/dc3 edit wide.png -p sunny -o keep.png
echo "all checks passed"
