#!/bin/bash
# --compensation of the method dc3: calibrated is the default; what is chosen lies no further from the class than the
# selection; the same bytes for any number of threads (with AVX-512), after an interruption and for an image that was
# lost; copies never weigh, whatever state.db knows; edits that are there are not made again; none stores what
# dc3-select does; what has no effect is refused.
source "$2/tests/cli/support.sh"
teach=$tools/make_teacher
for class in red blue; do
  mkdir -p data/$class
  for i in 1 2 3 4 5 6 7 8; do
    [[ $class == red ]] && colour=($((150 + 12 * i)) $((15 * i)) 60) || colour=(40 $((140 - 12 * i)) $((90 + 18 * i)))
    "$make" data/$class/$i.png $((44 + i)) $((60 - 2 * i)) "${colour[@]}" || fail "make_image"
  done
done
tiny_editor tiny
"$teach" two.safetensors 2 || fail "make_teacher"
calibrated=("$dc3" condense data --compensation calibrated --editor tiny --dtype f32 --size 16 --bins 3)
# Below AVX-512 the last bits of what a network says may depend on the number of threads.
[[ $("$dc3" info --machine --json) == *AVX-512* ]] && several=3 || several=1
same_set() { diff -r "$1/train" "$2/train" && diff -r "$1/calibration" "$2/calibration"; }

# The estimate counts the edits of all candidates, 6 of each image, and what is looked at.
expect 0 "36 edits of 1 step" "${calibrated[@]}" -o dry --ipc 3 --teacher none --dry-run
[[ $output == *"per view to choose edits, of 186 candidates and of 16 images of their classes"* ]] ||
  fail "the estimate does without the choice: $output"
[[ ! -e dry ]] || fail "--dry-run makes a folder"

# Without a teacher, and with one, whose gradients count and who drops edits.
for teacher in none two.safetensors; do
  expect 0 "6 images stored, 36 edits made" "${calibrated[@]}" -o $teacher-1 --ipc 3 --teacher $teacher --any-teacher \
    --threads 1
  expect 0 "6 images stored" "${calibrated[@]}" -o $teacher-3 --ipc 3 --teacher $teacher --any-teacher \
    --threads $several --no-report
  same_set $teacher-1 $teacher-3 > differences || fail "$teacher: threads change the set: $(< differences)"
  [[ $(ls $teacher-1/calibration) == $'class-0000.json\nclass-0001.json' ]] ||
    fail "what is left of the edits: $(ls $teacher-1/calibration)"
  for class in $teacher-1/calibration/*; do
    # Of each set the terms density, moments, gradients.
    tr -d ' \n' < "$class" | sed 's/.*"distance":{\([^}]*\)}.*/\1/; s/"[a-z]*":\[\([^]]*\)\],\{0,1\}/\1\n/g' |
      awk -F, -v taught="$([[ $teacher == none ]] || echo 1)" '{ sum[NR] = $1 + $2 + $3; gradients[NR] = $3 }
        END { exit !(NR == 3 && sum[3] <= sum[1] + 1e-9 && (taught ? gradients[1] > 0 : gradients[1] == 0)) }' ||
      fail "$class: distances: $(< "$class")"
  done
  grep -q '"prompts":\["' $teacher-1/train/metadata.jsonl ||
    fail "nothing is edited: $(< $teacher-1/train/metadata.jsonl)"
done
cmp -s {none,two.safetensors}-1/calibration/class-0000.json && fail "the teacher does nothing"
grep -q '"compensation": "calibrated"' none-1/dc3.json || fail "dc3.json: $(< none-1/dc3.json)"
# An image of no edit is as the selection stores it; edits are kept for the page of others.
expect 0 "6 images stored, 0 edits made" "$dc3" condense data -o as-is --compensation none --ipc 3 --bins 3 \
  --teacher none --editor tiny --dtype f32 --size 16 --threads 1
while read -r line; do
  file=$(sed 's/.*"file_name":"\([^"]*\)".*/\1/' <<< "$line")
  cmp -s "none-1/train/$file" "as-is/train/$file" && same=yes || same=no
  [[ $line == *'"prompts":[]'* ]] && plain=yes || plain=no
  [[ $same == "$plain" ]] || fail "$line: as the original: $same"
  [[ $plain == yes || -f none-1/edits/$file ]] || fail "$file: no edits are saved"
done < none-1/train/metadata.jsonl

# none is dc3-select.
expect 0 "6 images stored" "$dc3" condense data -o select --method dc3-select --ipc 3 --bins 3 --teacher none \
  --editor tiny --dtype f32 --size 16 --threads 1
diff -r -x metadata.jsonl as-is/train select/train || fail "none is not the selection"
grep -q '"compensation": "none"' as-is/dc3.json || fail "dc3.json does not say none"

# A lost image comes back as it was, and so do all from lost choices.
cp -r two.safetensors-1 lost; rm "$(find lost/train -name '*.png' | sort | tail -1)"
again=("${calibrated[@]}" --ipc 3 --teacher two.safetensors --any-teacher --threads 1)
expect 0 "continuing" "${again[@]}" -o lost
same_set lost two.safetensors-1 > differences || fail "a lost image: $(< differences)"
rm -r lost/calibration lost/train/*/
expect 0 "36 edits made" "${again[@]}" -o lost
same_set lost two.safetensors-1 > differences || fail "lost choices: $(< differences)"

# Copies never weigh, for any selection: red with its first image eight times more, and one that cannot be read, is
# calibrated to the same class; also once state.db is lost between the selection and calibration.
cp -r data copied
for i in 1 2 3 4 5 6 7 8; do cp copied/red/1.png copied/red/9-$i.png; done
echo none > copied/red/8-none.png
sampled=()
for selection in paper bps cao2 kmeans herding; do
  case $selection in paper) sampled=() ;; *) sampled=(--selection $selection) ;; esac
  sampled+=(--editor tiny --dtype f32 --size 16 --ipc 2 --teacher two.safetensors --any-teacher --threads 1 --no-report)
  expect 0 "4 images stored" "$dc3" condense data -o plain-$selection "${sampled[@]}"
  expect 0 "8 images are copies of others" "$dc3" condense copied -o copied-$selection "${sampled[@]}"
  same_set plain-$selection copied-$selection > differences || fail "$selection: copies weigh: $(< differences)"
  cp -r copied-$selection lost-state; rm -r lost-state/calibration lost-state/train/*/ lost-state/state.db*
  expect 0 "continuing" "$dc3" condense copied -o lost-state "${sampled[@]}"
  same_set copied-$selection lost-state > differences || fail "$selection, without state.db: $(< differences)"
  rm -r lost-state
done
# What an earlier version selected does not say which these are: it goes on where nothing is to be chosen, or where
# there are none of them, and else is refused.
for run in data:plain copied:copied; do
  grep -q '"passed_over"' ${run#*:}-herding/selection.json || fail "the selection does not say what it passed over"
  sed -i '/"passed_over": \[\]/d; /"passed_over": \[/,/^  \]/d' ${run#*:}-herding/selection.json
  rm "$(find ${run#*:}-herding/train -name '*.png' | sort | tail -1)"
  expect 0 "continuing" "$dc3" condense ${run%:*} -o ${run#*:}-herding "${sampled[@]}"
  rm -r ${run#*:}-herding/calibration
done
expect 0 "continuing" "$dc3" condense data -o plain-herding "${sampled[@]}"
expect 1 "copied-herding: holds a run that an earlier version began" "$dc3" condense copied -o copied-herding \
  "${sampled[@]}"
[[ ! -e copied-herding/calibration ]] || fail "a refused run is calibrated"
expect 0 "4 images stored" "$dc3" condense copied -o copied-herding "${sampled[@]}" --fresh
same_set plain-herding copied-herding > differences || fail "after --fresh: $(< differences)"

# Edits that are there are taken: with other ones in their place, one colour beside that of all others, the class of
# random compensation is of that colour. The first number behind "random" is the share of the darkest pixels.
darkest() { tr -d ' \n' < "$1/calibration/class-0000.json" | sed 's/.*"curves".*"random":\[\([^,]*\),.*/\1/'; }
cp -r none-1 kept
hashes=$(tr -d ' \n' < kept/calibration/class-0000.json | grep -o '\["[0-9a-f]\{16\}"' | tr -d '["')
rm kept/calibration/* kept/train/*/*.png
"$make" black.png 96 16 0 0 0 && mkdir black && mv black.png black/ || fail "make_image"
for hash in $hashes; do cp black/black.png kept/calibration/"$hash".png; done
expect 0 "continuing" "${calibrated[@]}" -o kept --ipc 3 --teacher none --threads 1
[[ $(darkest kept) != "$(darkest none-1)" ]] || fail "edits that are there are made again: $(darkest kept)"

# Interrupted where the first edits are there, or later: the same set.
expect 0 "16 images stored" "${calibrated[@]}" -o whole --ipc 8 --teacher none --threads 1
"${calibrated[@]}" -o part --ipc 8 --teacher none --threads 1 > log 2>&1 & process=$!
while kill -0 $process 2> /dev/null && ! compgen -G "part/calibration/*.png" > /dev/null; do sleep 0.01; done
kill -INT $process 2> /dev/null; wait $process; status=$?
[[ $status == 130 || $status == 0 ]] || fail "interrupted: status $status: $(< log)"
expect 0 "16 images stored" "${calibrated[@]}" -o part --ipc 8 --teacher none --threads 1
same_set part whole > differences || fail "a continued run: $(< differences)"
! compgen -G "part/calibration/*.png" > /dev/null || fail "edits are left: $(ls part/calibration)"

# Another compensation is another run; --fresh clears what calibration kept, and nothing else.
touch part/calibration/mine
random=("$dc3" condense data -o part --compensation random --ipc 8 --teacher none --editor tiny --dtype f32 --size 16
  --bins 3 --threads 1)
expect 1 'other settings (compensation was "calibrated" and is "random")' "${random[@]}"
expect 0 "16 images stored" "${random[@]}" --fresh
expect 1 'other settings (compensation was "random" and is "calibrated")' "${calibrated[@]}" -o part --ipc 8 \
  --teacher none --threads 1
[[ $(ls part/calibration) == mine ]] || fail "--fresh leaves: $(ls part/calibration)"

# Calibrated is the default. Fourfold takes random edits, and so does a run that was begun with them, also by an earlier
# version, whose dc3.json does not say it; what is given is kept.
usual=("$dc3" condense data --editor tiny --dtype f32 --size 16 --ipc 3 --bins 3 --teacher none --threads 1)
quietly() { expect 0 "$@"; [[ $output != *"random compensation"* ]] || fail "a note too many: $output"; }
says() { grep -q "\"compensation\": \"$2\"" "$1/dc3.json" || fail "$1: not $2: $(< "$1/dc3.json")"; }
quietly "6 images stored, 36 edits made" "${usual[@]}" -o usual
says usual calibrated
same_run none-1 usual > differences || fail "the default is not --compensation calibrated: $(< differences)"
# Its page shows each class, that it is calibrated, and the edits that are stored.
[[ $(grep -o '<section id="calibration">' usual/report.html | wc -l) == 1 ]] || fail "the page shows no calibration"
sed -n '/id="calibration"/,/<\/section>/p' usual/report.html > section
[[ $(grep -c '<tr><th scope="row">\(blue\|red\)<' section) == 2 ]] || fail "the page shows other classes: $(< section)"
# The data's densities are areas above the axis, at 900, from each panel's first step to its last.
areas=$(grep -o '<path class="data" d="M[0-9]* 900L[^"]*V900Z"' section | sed 's/.*d="M\([0-9]*\).*/\1/' | xargs)
[[ $areas == "20 2140 4260 20 2140 4260" ]] || fail "the data's densities: $(grep -o '<path class="data"[^>]*' section)"
grep -q '>Compensation</[a-z]*><[a-z]*>calibrated<' usual/report.html || fail "the page does not say calibrated"
[[ $(grep -o '<img class="edit"' usual/report.html | wc -l) == \
  $(grep -o '"kinds":\[[^]]*\]' usual/train/metadata.jsonl | grep -o 'warm\|cold' | wc -l) ]] ||
  fail "the page shows other edits than are stored"
expect 0 "note: --combine fourfold takes random compensation: two warm and two cold edits" "${usual[@]}" -o fourfold \
  --combine fourfold
[[ $output == *"6 images stored, 24 edits made"* ]] || fail "fourfold: $output"
says fourfold random
! grep -q '<section id="calibration">' fourfold/report.html || fail "fourfold's report shows a calibration"
quietly "6 images stored, 24 edits made" "${usual[@]}" -o four --compensation random --combine fourfold
same_run fourfold four > differences || fail "fourfold is not random: $(< differences)"
quietly "6 images stored, 12 edits made" "${usual[@]}" -o random --compensation random
says random random
for version in earlier this; do
  cp -r random begun
  [[ $version == this ]] || sed -i '/"compensation"/d' begun/dc3.json
  rm "$(find begun/train -name '*.png' | sort | head -1)"
  expect 0 "note: begun: begun with random compensation, so it goes on with it; in another folder it would be " \
    "${usual[@]}" -o begun
  [[ $(grep -c "random compensation" <<< "$output") == 1 && $output == *"2 edits made"* ]] || fail "$version: $output"
  same_run random begun > differences || fail "a run of $version version goes on otherwise: $(< differences)"
  expect 1 'other settings (compensation was "random" and is "calibrated")' "${usual[@]}" -o begun \
    --compensation calibrated
  quietly "36 edits made" "${usual[@]}" -o begun --fresh
  same_run usual begun > differences || fail "started over it is not the default: $(< differences)"
  rm -r begun
done
expect 1 'compensation was "none" and is "calibrated"' "${usual[@]}" -o as-is

# What has no effect is refused, by the name of its option.
none=("$dc3" condense data -o x --compensation none --ipc 1 --teacher none --editor tiny)
for option in "--combine grid" "--detail edit" "--prompts data" "--steps 2" "--sampler ddim" "--guidance 2" \
  "--image-guidance 2"; do
  # shellcheck disable=SC2086 # an option and its value
  expect 2 "${option%% *}: has no effect with --compensation none" "${none[@]}" $option
done
expect 2 "--compensation: calibrated chooses among single edits and pairs; --combine fourfold takes four" \
  "${calibrated[@]}" -o x --ipc 1 --teacher none --combine fourfold
for kind in random calibrated none; do
  expect 2 "--compensation: of the method dc3 only" "$dc3" condense data -o x --method jitter --compensation $kind \
    --teacher none --editor tiny
done
expect 2 "--compensation: expected one of random, calibrated, none" "$dc3" condense data -o x --compensation some
expect 2 "Unknown option" "$dc3" compensate data -o x --compensation calibrated
[[ ! -e x ]] || fail "a refused command writes"

# Of a comparison it is the compensation of dc3 alone; its scores are not mixed with others.
compare=("$dc3" compare data --val data --ipc 1 --seeds 1 --epochs 1 --labels hard --teacher none --editor tiny
  --dtype f32 --size 16 --threads 1)
expect 2 "--compensation: of the method dc3 only" "${compare[@]}" -o x --methods random,jitter --compensation none
expect 0 "dc3" "${compare[@]}" -o table --methods dc3,jitter --compensation none --combine grid
grep -q '"compensation": *"none"' table/compare.json || fail "compare.json: $(< table/compare.json)"
expect 1 "scores of another 'compensation'" "${compare[@]}" -o table --methods dc3,jitter --combine grid
expect 0 "dc3" "${compare[@]}" -o other --methods dc3 --compensation calibrated
grep -rq '"compensation": *"calibrated"' other --include=dc3.json || fail "compare does not calibrate"

# So is its default, whether dc3 is among the first methods or comes later. What was begun with random edits, of which
# compare.json says nothing as in earlier versions, goes on with them.
quietly random "${compare[@]}" -o later --methods random
for out in other later; do
  quietly "dc3" "${compare[@]}" -o $out --methods random,dc3
  grep -q '"compensation": *"calibrated"' $out/compare.json || fail "$out: $(< $out/compare.json)"
  says $out/ipc1/dc3/seed0 calibrated
done
expect 1 "scores of another 'compensation'" "${compare[@]}" -o later --methods dc3 --compensation random
expect 0 "note: --combine fourfold takes random compensation" "${compare[@]}" -o tiles --methods dc3 --combine fourfold
says tiles/ipc1/dc3/seed0 random
quietly "dc3" "${compare[@]}" -o chance --methods dc3 --compensation random
! grep -q compensation chance/compare.json || fail "random is said: $(< chance/compare.json)"
expect 0 "note: chance: begun with random compensation, so it goes on with it" "${compare[@]}" -o chance --seeds 2 \
  --methods dc3
[[ $(grep -c "random compensation" <<< "$output") == 1 ]] || fail "it is said more than once: $output"
for seed in 0 1; do says chance/ipc1/dc3/seed$seed random; done
expect 1 "scores of another 'compensation'" "${compare[@]}" -o chance --methods dc3 --compensation calibrated
echo "all checks passed"
