#!/bin/bash
# Scores are kept: dc3 evaluate adds them to OUT/scores.json, dc3 report finds them, and tables of other data are
# refused.
source "$2/tests/cli/support.sh"
quick=(--epochs 2 --threads 1 -q)
for class in a b; do images "data/$class" 4; done
for class in a b; do images "other/$class" 5; done
expect 0 "4 images stored" "$dc3" condense data -o run --ipc 2 --method random "${common[@]}"
expect 0 "2 images stored" "$dc3" condense other -o else --ipc 1 --method random "${common[@]}"

# Each call adds a row, with what the score depends on and the accuracy of each class.
expect 0 "convnet3" "$dc3" evaluate run --val data --labels hard --size 16 --seeds 2 "${quick[@]}"
grep -qE '^convnet3 +[0-9.]+ \+- +[0-9.]+ +- +[0-9.]+ \+-' <<< "$output" || fail "a top-5 of two classes: $output"
expect 0 "convnet3" "$dc3" evaluate run --val data --labels hard --size 16 --lr 0.002 "${quick[@]}"
rows() { grep -c '"arch": "convnet3"' "$1"; }
[[ $(rows run/scores.json) == 4 ]] || fail "two rows, each with its settings: $(cat run/scores.json)"
for word in '"class_top1"' '"settings"' '"stored"' '"weight_decay"' '"data_path": "run"' '"date"' '"seed_each"'; do
  [[ $(grep -c "$word" run/scores.json) == 2 ]] || fail "no $word in each row: $(cat run/scores.json)"
done

grep -q '"weight_decay": 0.01' run/scores.json && ! grep -q '"weight_decay": -1' run/scores.json ||
  fail "the weight decay is not the one that was used"
[[ $(sed -n '/"departs_from_protocol"/,/]/p' run/scores.json | tr -d ' \n') == *'[],'*'["lr"],'* ]] ||
  fail "departures from the protocol: $(cat run/scores.json)"

# A recipe, and what is given in its place: said below the row, in JSON and in the report.
recipe=("$dc3" evaluate run --val data --labels hard --size 16 --threads 1 -q -o recipe.json)
expect 0 "recipe classic: AdamW, weight decay 0.01, half-cosine schedule; cross-entropy; CutMix; tested: the last" \
  "${recipe[@]}" --recipe classic --epochs 2
expect 0 "recipe strong: AdamW, weight decay 0.01, smooth schedule; cross-entropy; CutMix, RandAugment 1 of strength \
6; tested: the last epoch's weights, averaged (EMA, decay 0.99)" "${recipe[@]}" --epochs 2
expect 0 "cosine schedule; cross-entropy, labels smoothed by 0.1; no CutMix, crops from 0.5 of the area, RandAugment 1 \
of strength 9; tested: the last epoch's weights, averaged (EMA, decay 0.9)" \
  "${recipe[@]}" --recipe rded --schedule cosine --cutmix 0 --crop 0.5 --rand-ops 1 --ema 0.9 --smoothing 0.1 \
  --images-seen 9
[[ $(tail -60 recipe.json | tr -d ' \n') == *'"epochs":2,"steps":2,"batch":4'* ]] ||
  fail "9 of 4 images are 2 epochs, $(cat recipe.json)"
for word in '"recipe": "rded"' '"schedule": "cosine"' '"cutmix": 0' '"crop": 0.5' '"rand_ops": 1' '"ema": 0.9'; do
  grep -q "$word" recipe.json || fail "no $word: $(cat recipe.json)"
done
expect 2 "--loss: hard labels have the cross-entropy" "${recipe[@]}" --loss mse
expect 2 "--temperature: means nothing with hard labels" "${recipe[@]}" --temperature 5
expect 2 "--hard-share: means nothing with hard labels" "${recipe[@]}" --hard-share 0.1
expect 2 "--smoothing: needs hard labels, or the loss cosine or mse" "${recipe[@]}" --labels soft --smoothing 0.1
expect 2 "--hard-share: needs the loss cosine or mse" "${recipe[@]}" --labels soft --hard-share 0
expect 2 "--temperature: is of the loss kl" "${recipe[@]}" --labels soft --loss mse --temperature 5
expect 2 "each say how long students train" "${recipe[@]}" --epochs 2 --minutes 1
expect 2 "--rand-strength: needs --rand-ops of 1 to 4" "${recipe[@]}" --epochs 2 --rand-ops 0 --rand-strength 5
expect 2 "--augment none: whole images are seen as they are; leave out --crop" \
  "${recipe[@]}" --epochs 2 --augment none --crop 0.5
expect 2 "--images-seen: expected at most 4000000, 1000000 times each of 4, found 9000000" \
  "${recipe[@]}" --images-seen 9e6
expect 2 "--recipe: expected one of classic, rded, dc3, strong" "${recipe[@]}" --recipe weak
# Minutes become epochs, once for all that continue.
expect 0 "convnet3" "$dc3" evaluate run --val data --labels hard --size 16 --minutes 0.005 --threads 1 -q --json \
  -o minutes.json
[[ $output == *'"minutes": 0.005'* && ! -e run/students ]] || fail "minutes: $output"

# The report finds them, and the classes' accuracy.
expect 0 "result" "$dc3" report run
grep -q 'id="scores"' run/report.html || fail "the report does not show the scores"
grep -q '<th scope="col">Top-1 (%)' run/report.html || fail "the report has no accuracy by class"

# A set that is only a folder gets nothing written into it, unless a file is named.
cp -r run/train plain && rm plain/metadata.jsonl && find plain | sort > before
output=$("$dc3" evaluate plain --val data --labels hard --size 16 --epochs 2 --threads 1 2>&1) || fail "plain: $output"
[[ $output == *"note: scores are printed, and kept with -o FILE only"* ]] || fail "no note: $output"
find plain | sort | cmp - before || fail "a folder that is not dc3's was written into"
expect 0 "convnet3" "$dc3" evaluate plain --val data --labels hard --size 16 -o kept.json "${quick[@]}"
find plain | sort | cmp - before || fail "-o elsewhere writes into the folder"
[[ $(rows kept.json) == 2 ]] || fail "-o: $(cat kept.json)"

# Students that differ in the seed alone train for as many epochs, also where nothing is kept in a folder.
output=$("$dc3" evaluate plain --val data --labels hard --size 16 --minutes 0.01 --seeds 3 --threads 1 2>&1) ||
  fail "minutes of a plain folder: $output"
mapfile -t epochs < <(sed -n 's/.*top-1 .* after \([0-9]*\) epochs.*/\1/p' <<< "$output")
[[ ${#epochs[@]} == 3 && ${epochs[0]} == "${epochs[1]}" && ${epochs[0]} == "${epochs[2]}" ]] ||
  fail "three seeds of as many minutes: $output"

# An empty file is a list without rows; one that is write-protected is left.
: > empty.json
expect 0 "convnet3" "$dc3" evaluate run --val data --labels hard --size 16 -o empty.json "${quick[@]}"
[[ $(rows empty.json) == 2 ]] || fail "an empty file: $(cat empty.json)"
# What is told again, since it could not be printed, is kept once.
for to in /dev/full twice.txt; do
  "$dc3" evaluate run --val data --labels hard --size 16 -o twice.json "${quick[@]}" > $to 2> twice.log
done
[[ -s twice.txt && $(rows twice.json) == 2 ]] || fail "kept twice: $(cat twice.json twice.log)"
chmod a-w empty.json
[[ -w empty.json ]] || expect 2 "empty.json is there already and is write-protected" "$dc3" evaluate run --val data \
  --labels hard --size 16 -o empty.json "${quick[@]}"

# What is no list of scores is not replaced, which is said before the training; a folder that is not there too.
echo "my notes" > notes.json
expect 1 "notes.json: expected a list of scores" "$dc3" evaluate run --val data --labels hard --size 16 -o notes.json \
  "${quick[@]}"
[[ $(cat notes.json) == "my notes" ]] || fail "a file of another kind was replaced"
expect 2 "-o nowhere/scores.json" "$dc3" evaluate run --val data --labels hard --size 16 -o nowhere/scores.json \
  "${quick[@]}"

# Scores of other data are refused where they are asked for, and left out where they are found.
expect 1 "expected scores of this run's images, found those of other data" "$dc3" report else --scores run/scores.json
cp run/scores.json else/
expect 0 "result" "$dc3" report else
grep -q 'id="scores"' else/report.html && fail "scores of other data are shown"
grep -q '2 of 2 scores in .* are of other data' else/report.html || fail "nothing is said about them"
# A copy of the run is the same data.
cp -r run copy && expect 0 "result" "$dc3" report copy && grep -q 'id="scores"' copy/report.html ||
  fail "a copied run loses its scores"

# While it works dc3 status and dc3 info say so, and how far all of its students are; afterwards nothing is left.
"$dc3" evaluate run --val data --labels hard --size 16 --seeds 2 --epochs 100000 --threads 1 -q > long 2>&1 & process=$!
for ((i = 0; i < 600; i++)); do [[ $("$dc3" status run) == *" of 200000"* ]] && break; sleep 0.1; done
[[ $("$dc3" status run) =~ "  complete"$'\n'.*"evaluate  process $process on ".*": students "[0-9]+" of 200000" ]] ||
  fail "status of an evaluation: $("$dc3" status run)"
expect 0 '"state": "complete"' "$dc3" status run --json
[[ $output == *'"command": "evaluate",'*'"stage": "students",'*'"stage_total": 200000,'* ]] || fail "status: $output"
expect 0 "at work       evaluate, process $process on" "$dc3" info run
kill -KILL $process; wait $process 2> /dev/null
[[ $("$dc3" status run --json) == *'"working": []'* ]] || fail "one that was killed is at work"
"$dc3" evaluate run --val data --labels hard --size 16 --seeds 2 --epochs 100000 --threads 1 -q > long 2>&1 & process=$!
for ((i = 0; i < 600; i++)); do [[ $("$dc3" status run) == *" of 200000"* ]] && break; sleep 0.1; done
kill -INT $process; wait $process
compgen -G "run/.work.*" && fail "a note is left"
rm -rf run/students

# A training that diverged says so, and answers nothing; the row of the protocol does.
expect 0 "warning: convnet3, seed 0: the training diverged: loss " "$dc3" evaluate run --val data --labels hard \
  --size 16 --lr 100 --epochs 8 --threads 1 -o lost.json
[[ $output == *"note: a smaller --lr may keep it from diverging"* ]] || fail "no hint: $output"
[[ $(grep -c '"diverged": 1' lost.json) == 1 ]] || fail "not marked: $(cat lost.json)"
expect 0 "result" "$dc3" report copy --scores lost.json
grep -q 'learning rate 100 (not the protocol&#39;s); the training diverged' copy/report.html &&
  grep -q 'The first box takes convnet3, hard labels, 2 epochs, 2 seeds' copy/report.html || fail "a freak answers"

# Images that are replaced while students are trained on them: the score is printed, and kept in no other set. dc3
# itself replaces none then.
expect 0 "images stored" "$dc3" condense data -o changing --ipc 1 --method random "${common[@]}"
"$dc3" evaluate changing --val data --labels hard --size 16 --epochs 800 --threads 1 > out 2> log & process=$!
for ((i = 0; i < 300; i++)); do [[ -n $(compgen -G 'changing/students/*.checkpoint') ]] && break; sleep 0.02; done
kill -STOP $process
find changing -type f ! -name '.*' -exec md5sum {} + | sort > before
expect 1 "changing: process $process on $(hostname) is at work on it (evaluate); wait until it has ended" \
  "$dc3" condense data -o changing --ipc 2 --method random --fresh "${common[@]}"
find changing -type f ! -name '.*' -exec md5sum {} + | sort | cmp - before || fail "a refused --fresh changes the run"
expect 0 "images stored" "$dc3" condense data -o changed --ipc 2 --method random "${common[@]}"
rm -r changing/train changing/students && cp -r changed/. changing
kill -CONT $process; wait $process; status=$?
[[ $status == 1 && $(cat log) == *"changing/scores.json: the score is not kept: its images were replaced"* ]] ||
  fail "status $status: $(cat log)"
grep -q "^convnet3 " out && [[ ! -e changing/scores.json && ! -e changing/students ]] || fail "kept: $(ls changing)"

# Two commands that end at once lose nothing.
"$dc3" evaluate run --val data --labels hard --size 16 --lr 0.003 "${quick[@]}" > one 2>&1 & first=$!
"$dc3" evaluate run --val data --labels hard --size 16 --lr 0.004 "${quick[@]}" > two 2>&1 || fail "$(cat two)"
wait $first || fail "$(cat one)"
[[ $(rows run/scores.json) == 8 ]] || fail "a score was lost: $(rows run/scores.json)"

# Students are the same whatever the labels: as large as the run's teacher saw images.
mkdir large && for class in a b; do mkdir large/$class; for i in 1 2 3 4; do
  "$make" "large/$class/$i.png" 40 40 $((40 + 20 * i)) $((150 - 9 * i)) $((10 * i)) || fail "make_image"; done; done
"$tools/make_teacher" two.safetensors 2 || fail "make_teacher"
expect 0 "images stored" "$dc3" condense large -o taught --ipc 1 --teacher two.safetensors --any-teacher \
  --teacher-size 32 --size 40 --threads 1 --dtype f32
expect 0 "students see 32 px" "$dc3" evaluate taught --val large --labels hard --epochs 1 --threads 1
[[ $output == *"32 px, "* ]] || fail "hard labels: $output"
expect 0 "40 px, " "$dc3" evaluate taught --val large --labels hard --size 40 --epochs 1 --threads 1

# How long it will take, from some steps: nothing is written. What is left of a comparison, from what is done.
find run | sort > before
expect 0 "estimate: about" "$dc3" evaluate run --val data --labels hard --size 16 --seeds 3 --dry-run --threads 1
[[ $output == *"1000 "*"steps"* && $output == *"4 tests on 8 images"* ]] || fail "evaluate --dry-run: $output"
expect 0 '"estimate_seconds": ' "$dc3" evaluate run --val data --labels hard --dry-run --threads 1 --json -q
find run | sort | cmp - before || fail "a dry run writes"
expect 0 "estimate: about" "$dc3" measure data run --dry-run --threads 1
expect 0 "estimate: about" "$dc3" train data --val data --epochs 3 --size 16 --dry-run --threads 1 -o never.safetensors
[[ $output == *"8 images in 2 classes"*"16 images read in"*"3 epochs"* && -z $(compgen -G 'never*') ]] ||
  fail "train --dry-run: $output"
expect 0 '"estimate_seconds": ' "$dc3" measure data run --dry-run --threads 1 --json -q
compare=("$dc3" compare data --val data --teacher none --ipc 1,2 --methods random,jitter --epochs 4 --seeds 2 --size 16
  --threads 1)
expect 0 "8 students" "${compare[@]}" -o table --dry-run
[[ $output == *"estimate: about"* && ! -e table ]] || fail "compare --dry-run: $output"
expect 0 "table/table.txt" "${compare[@]}" -o table
[[ $output == *"4 of 8 scores, about "*" left for all of it"* ]] || fail "compare says nothing of the whole: $output"
[[ $(sed '/^ IPC /,$d' <<< "$output" | grep -vcE ', seed [01]: top-1 |^warning: ') == 0 ]] ||
  fail "more than a line a score: $output"
sed -i '$d' table/results.jsonl
expect 0 "7 of 8; about " "$dc3" status table
expect 0 '"seconds_left": ' "$dc3" status table --json

# A run of a comparison finds its table; that of other data is refused.
expect 0 "result" "$dc3" report table/ipc1/random/seed0
grep -q '<td>jitter</td><td>1</td><td>hard</td>' table/ipc1/random/seed0/report.html ||
  fail "no table of the comparison"
expect 1 "found those of other data" "$dc3" report else --scores table/table.json
# With a table the run's own rows stay; both say their conditions. A set of the same method that the comparison made is
# not this one; a table of other methods is refused.
expect 0 "result" "$dc3" report run --scores table/table.json
for cell in '<td>random (this set)</td><td>2</td><td>hard</td>' '<td>jitter</td><td>2</td><td>hard</td>' \
  '>4 epochs, batches of 4, 16 px' '>2 epochs, batches of 4, 16 px'; do
  grep -qF "$cell" run/report.html || fail "the page has no '$cell'"
done
grep -v '"method": "random"' table/table.json | sed 's/"ipc": 2/"ipc": 3/; s/"arch"/"method": "jitter", "arch"/' \
  > others.json
expect 1 "expected a row of this run's set (random at 2 images per class), found those of others: jitter at" \
  "$dc3" report run --scores others.json

# The folder of a comparison has a page of its own.
expect 0 "result: table/report.html" "$dc3" report table
for text in 'Which method is the best?' '1 per class, convnet3, hard labels' 'jitter, 2 per class' 'DD-Ranking'; do
  grep -qF "$text" table/report.html || fail "the page of a comparison has no '$text'"
done
[[ $(grep -o 'class="stored"' table/report.html | wc -l) == 8 ]] || fail "images of four sets of two classes"
rm table/table.json
expect 1 "found no table.json: it is not complete" "$dc3" report table
echo "all checks passed"
