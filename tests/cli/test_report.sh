#!/bin/bash
# dc3 report: one page that loads nothing, with names that try to be markup; in Chromium, where there is one, it opens
# without an error and a click shows an image.
source "$2/tests/cli/support.sh"
report=("$dc3" report --threads 2)

# Classes, images and a dataset's path that would be markup if they were printed as they are; one image that cannot be
# read.
data='nasty<'/'script><img src=x onerror=alert(2)>'
tag='<img src=x onerror=alert(1)>' quotes="\"&'"
images "$data/$tag" 4 && images "$data/$quotes" 3 && images "$data/plain" 3
mv "$data/plain/1.png" "$data/plain/"$'\x1b[31m\xff\xe2\x80\xae<em>.png'
head -c 60 "$data/$tag/1.png" > "$data/$tag/cut<i>.png"
mkdir "$data/empty<u>"

# A warm and a cold edit of each image. (test_calibrated.sh has the page of the default.)
edited=("$dc3" condense "$data" -o run --ipc 2 --teacher none --compensation random "${common[@]}")
expect 0 "6 images stored" "${edited[@]}"
page=run/report.html
[[ -s $page ]] || fail "condense writes no report"
(($(wc -c < $page) < 1000000)) || fail "the page has $(wc -c < $page) bytes"
rm $page
expect 0 "6 of 6 images shown, 6 beside their originals" "${report[@]}" run
expect 0 '"originals": 6' "${report[@]}" run --json -o other.html
grep -q '"bytes": [0-9]*$' <<< "$output" || fail "bytes are no whole number: $output"
cmp $page other.html || fail "the same run gives another page"
"$dc3" report run --threads 1 -q -o one.html > /dev/null && cmp $page one.html ||
  fail "the number of threads changes the page"

# What stands in it, escaped; what must not.
has() { grep -qF -- "$2" "$1" || fail "$1 has no $2"; }
lacks() { ! grep -qF -- "$2" "$1" || fail "$1 has $2"; }
# Everything but the scripts, in which nothing of the run stands but numbers.
markup() { sed '/^<script>/,/^<\/script>/d' "$1" > markup.html; }
markup $page
has $page '&lt;img src=x onerror=alert(1)&gt; <span class="count">2 images'
has $page '&quot;&amp;&#39; <span class="count">2 images'
has $page '&lt;/script&gt;&lt;img src=x onerror=alert(2)&gt;'
has $page 'cut&lt;i&gt;.png'
has $page '1 image was skipped'
has $page 'class &#39;empty&lt;u&gt;&#39; has no images'
for word in "$tag" '<em>' '<i>' '<u>' 'onerror=alert(2)>' $'\x1b' $'\xe2\x80\xae'; do lacks markup.html "$word"; done
[[ $(grep -c '<script' $page) == 2 && $(grep -c '</script>' $page) == 2 ]] || fail "scripts: $(grep -c '<script' $page)"
for word in 'Permission is hereby granted' 'Chart.js 3' 'prefers-color-scheme: dark' '@media print' 'Time and memory' \
  'compensation' 'Warm prompt' 'Images a class' 'Jensen'; do has $page "$word"; done
[[ $(grep -o 'class="stored"' markup.html | wc -l) == 6 &&
  $(grep -o 'class="original"' markup.html | wc -l) == 6 ]] || fail "pictures"
# Sources of images are data; nothing else has a source, a link or a style that loads.
has $page "default-src 'none'; img-src data:"
loads='(src|href|action|srcset|poster)="[^"]{0,5}|url\([^)]*|@import'
[[ -z $(grep -oiE "$loads" markup.html | grep -v '^src="data:') ]] ||
  fail "something is loaded"
lacks markup.html 'src="http'

# What changes colours less is said of what changes them, and nothing that is so already.
lacks $page 'try detail keep'
expect 0 "6 images stored" "$dc3" condense "$data" -o grey --method grayscale --ipc 2 --teacher none "${common[@]}"
has grey/report.html 'drawn at random: try the method dc3-select, which leaves colours as they are.'

# A map of each class: all that is chosen is among its points.
has $page 'Map of the class'
[[ $(grep -o '"of":[0-9]*' run/map.json | tr '\n' ' ') == '"of":3 "of":4 "of":3 ' ]] ||
  fail "map.json: $(cat run/map.json)"
[[ $(sed 's/"points":\[\(\[[^]]*\],*\)*\]//g' run/map.json | grep -o '\[[-0-9.e]*,[-0-9.e]*,[0-9]\]' | wc -l) == 6 ]] \
  || fail "chosen: $(cat run/map.json)"

# Scores: beside the run, or named; not what is none.
lacks $page 'id="scores"'
"$dc3" evaluate run --val "$data" --labels hard --epochs 4 --seeds 2 --size 16 --threads 2 --json -q > scores.json ||
  fail "evaluate"
expect 0 "result" "${report[@]}" run --scores scores.json
has $page 'id="scores"' && has $page '4 epochs, batches of' && has $page $'\xc2\xa0±\xc2\xa0'
cp scores.json run/ && expect 0 "result" "${report[@]}" run -o other.html && cmp $page other.html ||
  fail "scores beside the run"
echo '[]' > none.json
expect 1 "expected the scores that dc3 evaluate --json prints" "${report[@]}" run --scores none.json
cp none.json run/scores.json
expect 0 "result" "${report[@]}" run && has $page 'The scores cannot be shown' && lacks $page 'id="scores"'
rm run/scores.json

# Rows of a comparison name their methods; names are text here too.
what='"arch": "<s>x", "method": "herding", "ipc": 10, "labels": "soft", "seeds": 1'
echo "[{$what, \"top1\": 0.25, \"top5\": 0.5, \"best_top1\": 0.26}]" > compared.json
expect 1 "expected a row of this run's set (dc3 at 2 images per class), found those of others: herding at 10" \
  "${report[@]}" run --scores compared.json -o other.html
echo "[{$what, \"top1\": 0.25, \"top5\": 0.5, \"best_top1\": 0.26}," \
  '{"arch": "a", "method": "dc3", "ipc": 2, "labels": "hard", "seeds": 1, "top1": 0.3}]' > compared.json
expect 0 "result" "${report[@]}" run --scores compared.json -o other.html
has other.html '&lt;s&gt;x' && has other.html '<td>herding</td><td>10</td><td>soft</td><td>25.00</td>' &&
  lacks other.html '<s>x'

# Numbers of scores may be anything.
what='"arch": "a", "labels": "hard", "seeds": 1, "top1": 0.5, "teacher": "t"'
echo "[{$what, \"epochs\": 1e308, \"batch\": 1e308, \"size\": 1e308, \"temperature\": 1e308}]" > endless.json
expect 0 "result" "${report[@]}" run --scores endless.json -o other.html
has other.html '1e+308 epochs, batches of 1e+308, 1e+308 px, teacher t at temperature 1e+308'
# By how much a score may be off follows from its test images and its students: sqrt(0.3125 * 0.6875 / 40).
what='"arch": "a", "labels": "hard", "test_images": 40, "top1": 0.3125'
echo "[{$what, \"seeds\": 1}]" > doubt.json
expect 0 "result" "${report[@]}" run --scores doubt.json -o other.html
has other.html 'on 40 test images an accuracy may be off by 7.3 points (standard deviation), and how far students'
echo "[{$what, \"seeds\": 2, \"top1_deviation\": 0.124}]" > doubt.json
expect 0 "result" "${report[@]}" run --scores doubt.json -o other.html
has other.html 'off by 7.3 points (standard deviation), and students differ by 12.4 points.'
set=lr,weight_decay,temperature,batch,factor,augment end='"teacher_top1": -1e306, "any_teacher": true, "diverged": 1'
set="\"settings\": {\"lr\": -1e300, \"departs_from_protocol\": [\"${set//,/\",\"}\"]}"
sed "s/}]/, $end, $set}]/" endless.json > long.json
expect 0 "result" "${report[@]}" run --scores long.json -o other.html
has other.html '; the training diverged'

# The row that answers: one with random images beside it under the same conditions, never that of a training that
# diverged or that learnt nothing; where they are under others, it says why they do not count.
row() { # LABELS EPOCHS TOP1 DATE MORE
  printf '{"arch": "convnet3", "labels": "%s", "epochs": %s, "seeds": 3, "size": 16, "top1": %s, "date": "%s"%s}' "$@"
}
random=', "method": "random", "ipc": 2' own=', "images": 6'
lost="$own"', "diverged": 1, "settings": {"departs_from_protocol": ["lr"], "lr": 100.0}'
guesses="$own"', "test_images": 90, "class_top1": {"plain": 0.0, "x": 1.0, "y": 0.0}'
echo "[$(row hard 30 0.61 a "$own"), $(row soft 300 0.72 b "$own"), $(row hard 900 0.83 c "$lost"),
  $(row soft 900 0.94 d "$guesses")]" > run/scores.json
box() { sed -n '/Is the set good/,/<h2/p' "$1" | sed '1!{/<h2/q}'; }
expect 0 "result" "${report[@]}" run -o other.html
box other.html | grep -q '<td>72.00' || fail "the most thorough row does not answer: $(box other.html)"
has other.html 'The first box takes convnet3, soft labels, 300 epochs, 3 seeds.'
has other.html 'learning rate 100 (not the protocol&#39;s); the training diverged'
echo "[$(row hard 30 0.52 a "$random")," \
  '{"arch": "a", "method": "dc3", "ipc": 2, "labels": "hard", "seeds": 1, "top1": 0.3}]' > beside.json
expect 0 "result" "${report[@]}" run --scores beside.json -o other.html
box other.html | tr -d '\n' | grep -q '<td>61.00 %</td><td>52.00 %</td><td>–' ||
  fail "the row with a partner does not answer: $(box other.html)"
has other.html '<td>dc3 (this set)</td><td>2</td><td>soft</td><td>72.00</td>'
sed -i 's/"epochs": 30,/"epochs": 40,/' beside.json
expect 0 "result" "${report[@]}" run --scores beside.json -o other.html
has other.html 'the score of random images is of other conditions: labels hard, here soft; epochs 40, here 300.'
echo "[$(row hard 900 0.83 c "$lost")]" > run/scores.json
expect 0 "result" "${report[@]}" run -o other.html
has other.html 'Not known yet: the training of the students diverged, learning rate 100 (not the protocol'
rm run/scores.json

# What lies in the run's folder may be anything too: a map that is none is left out, of a long list the first are shown.
cp -r run long && for ((i = 0; i < 1500; i++)); do echo "x/$i.png: cut"; done >> long/skipped.txt
sed -i 's/"points":/"paints":/g' long/map.json
expect 0 "result" "${report[@]}" long
has long/report.html '1501 images were skipped' && has long/report.html '<p>And 501 more.</p>' &&
  has long/report.html 'x/998.png' && lacks long/report.html 'x/999.png'
lacks long/report.html 'Map of the class'

# The distances are those of dc3 measure, where images have the stored size.
for class in a b; do
  mkdir -p "square/$class"
  for i in 1 2 3 4 5; do "$make" "square/$class/$i.png" 16 16 $((30 * i)) $((200 - 20 * i)) $((50 + 25 * i)) ||
    fail "make_image"; done
done
expect 0 "4 images stored" "$dc3" condense square -o squares --ipc 2 --method random "${common[@]}"
"$dc3" measure square squares --json -q > measures.json || fail "measure"
cells=$(sed -n 's/^ *"js_distance": \([0-9.]*\),\{0,1\}$/\1/p' measures.json | head -3 |
  while read -r d; do printf '<td>%.3f</td>' "$d"; done)
[[ $(grep -o '<td>' <<< "$cells" | wc -l) == 3 ]] || fail "distances: $cells"
has squares/report.html "$cells"

# The edits that an image was combined from are kept for the page; where they are not, it says so. A damaged one is
# left out.
[[ $(find run/edits -type f | wc -l) == 6 && $(grep -o '<img class="edit"' $page | wc -l) == 12 ]] ||
  fail "edits: $(find run/edits)"
lacks $page 'did not save them'
cp -r run bare && rm -r bare/edits && expect 0 "6 of 6 images" "${report[@]}" bare
lacks bare/report.html 'class="edit"' && has bare/report.html 'did not save them'
cp -r run cutoff && one=$(find cutoff/edits -type f | sort | head -1) && head -c 60 "$one" > half && mv half "$one"
expect 0 "6 of 6 images" "${report[@]}" cutoff
[[ $(grep -o '<img class="edit"' cutoff/report.html | wc -l) == 10 ]] || fail "a damaged file of edits"
expect 0 "images stored" "$dc3" condense "$data" -o four --ipc 1 --teacher none --combine fourfold "${common[@]}"
[[ $(grep -o '<img class="edit"' four/report.html | wc -l) == 12 ]] || fail "four edits of three images"
expect 0 "images stored" "$dc3" condense "$data" -o four --ipc 1 --teacher none --no-report --fresh "${common[@]}"
[[ ! -e four/edits && ! -e four/report.html ]] || fail "--fresh --no-report leaves $(ls four)"
cp -r run lost && rm -r lost/train
expect 0 "images stored" "$dc3" condense "$data" -o lost --ipc 1 --teacher none --no-report --fresh "${common[@]}"
[[ ! -e lost/edits ]] || fail "--fresh leaves edits where train was removed by hand: $(find lost/edits)"

# Other runs beside it, by name: a row and a curve in each chart; names stay text.
other='random <b>&'
expect 0 "images stored" "$dc3" condense "$data" -o "$other" --ipc 1 --method random --no-report "${common[@]}"
expect 0 "6 of 6 images" "${report[@]}" run --against "$other" --against four -o beside.html
has beside.html 'random (random &lt;b&gt;&amp;)' && has beside.html 'dc3 (four)' && lacks beside.html 'random <b>&'
[[ $(grep -o '"others":\[\["random' beside.html | wc -l) == 4 ]] || fail "curves of other runs"
# Where a run of as many random images is beside it, its colours stand under its own name, not as drawn originals.
expect 0 "images stored" "$dc3" condense "$data" -o as-many --ipc 2 --method random --no-report "${common[@]}"
expect 0 "6 of 6 images" "${report[@]}" run --against as-many -o beside2.html
has beside2.html '<th scope="col">Set by method random</th><th scope="col">Random originals</th>'
colours() { tr -d '\n' < $1 | grep -oP "Distance of the colours[^<]*</th><td>[^<]*</td><td>\K[^<]*"; }
[[ $(colours beside2.html) == 0.* && $(colours beside.html) == – ]] || fail "colours of the random set"
expect 1 "--against: nowhere: expected a folder that dc3 condense made, found nothing there" "${report[@]}" run \
  --against nowhere -o none.html
expect 2 "--against: expected at most 6 runs, found more" "${report[@]}" run \
  --against={four,four,four,four,four,four,four} -o none.html
[[ ! -e none.html ]] || fail "a refused report writes"

# Times are of all calls of a run; a run without them has none on its page.
lacks $page 'Summed over'
expect 0 "0 edits made" "${edited[@]}"
has $page 'Summed over 2 calls'
rm run/state.db && expect 0 "result" "${report[@]}" run && lacks $page 'Time and memory'

# In a browser: the console says nothing, curves are drawn, and a click (which #picture-2 makes) shows the pair; names
# stay text.
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
opens() { # FILE#PLACE: DOM in dom.html, the console in console.txt
  "$browser" --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir="$work/profile" \
    --enable-logging=stderr --v=0 --virtual-time-budget=5000 \
    --dump-dom "file://$work/$1" > dom.html 2> browser.txt || fail "chromium: $(tail -3 browser.txt)"
  grep CONSOLE browser.txt > console.txt
}
if [[ -n $browser ]]; then
  opens "$page"
  [[ ! -s console.txt ]] || fail "the console says $(cat console.txt)"
  grep -q 'data-ready="yes"' dom.html || fail "the script did not come to its end"
  ! grep -q '<dialog[^>]* open' dom.html || fail "the viewer is open before a click"
  [[ $(grep -o '<canvas[^>]*display: block' dom.html | wc -l) == 4 ]] ||
    fail "curves: $(grep -o '<canvas[^>]*>' dom.html)"
  opens beside.html
  [[ ! -s console.txt ]] || fail "with other runs the console says $(cat console.txt)"
  opens "$page#picture-2"
  [[ ! -s console.txt ]] || fail "after a click the console says $(cat console.txt)"
  grep -q '<dialog[^>]* open' dom.html || fail "a click opens nothing"
  [[ $(sed -n '/<dialog/,/<\/dialog>/p' dom.html | grep -o '<img' | wc -l) == 6 ]] ||
    fail "the viewer has no row of four and no slider"
  for caption in original 'warm: ' 'cold: ' stored; do
    sed -n '/<dialog/,/<\/dialog>/p' dom.html | grep -qF "<figcaption>$caption" || fail "the viewer names no '$caption'"
  done
  opens "$page#map-1"
  [[ ! -s console.txt ]] || fail "with a map the console says $(cat console.txt)"
  [[ $(grep -o '<canvas[^>]*display: block' dom.html | wc -l) == 5 ]] ||
    fail "the map is not drawn: $(grep -o '<canvas[^>]*>' dom.html)"
  # The same checks see what is wrong: a script that was changed does not run, and says so.
  sed 's/dataset.ready/dataset.ready2/' $page > changed.html
  opens changed.html
  grep -q "Content Security Policy" console.txt || fail "a changed script runs: $(cat console.txt)"
  ! grep -q 'data-ready' dom.html || fail "a changed script runs"
else
  echo "skipped: no Chromium here, the page was not opened"
fi

# The first box; images of 16 pixels are shown six times as large. How well the choice covers the classes is kept.
for word in 'Is the set good?' 'Not known yet: no student was trained' 'Stored images that equal another' \
  'to the nearest that was chosen, by VAE of dc3-mini, images of ' 'as many random originals'; do
  has $page "$word"
done
[[ $(grep -o '<img class="stored" width="96" height="96"' $page | wc -l) == 6 ]] || fail "not a whole factor of 16"
[[ $(grep -c '"random_distance"' run/quality.json) == 1 ]] || fail "quality.json: $(cat run/quality.json)"

# Of many classes a sample is shown, and all stand in the table. Two stored images are the same.
for ((i = 10; i < 70; i++)); do mkdir -p "many/c$i"
  "$make" "many/c$i/$i.png" 16 16 $((3 * i)) $((200 - 2 * i)) $((i % 7 * 30)) || fail "make_image"; done
cp many/c10/10.png many/c11/11.png
expect 0 "60 images stored" "$dc3" condense many -o many-run --ipc 1 --method random "${common[@]}"
[[ $output == *"report "* ]] || fail "the report is no stage: $output"
has many-run/report.html 'Of 60 classes 48 are shown' && has many-run/report.html '; drawn at random' &&
  has many-run/report.html 'Search 60 classes' && has many-run/report.html '>1 of 60 that were compared<'
[[ $(grep -o '<article' many-run/report.html | wc -l) == 48 &&
  $(sed -n '/id="classes"/,/<\/section>/p' many-run/report.html | grep -c '<th scope="row"') == 60 ]] || fail "classes"

# Other methods; what is not there is said.
"$tools/make_teacher" three.safetensors 3 || fail "make_teacher"
expect 0 "images stored" "$dc3" condense "$data" -o rded --ipc 1 --method rded --factor 2 --teacher three.safetensors \
  --any-teacher "${common[@]}"
has rded/report.html 'it seems to be one of other classes, and was taken with --any-teacher' &&
  grep -q '"any_teacher": true' rded/dc3.json || fail "nothing says that the teacher was doubted"
has rded/report.html 'data-aligned="0"' && has rded/report.html 'Square of'
expect 0 "images stored" "$dc3" condense "$data" -o random --ipc 1 --method random --no-report "${common[@]}"
[[ ! -e random/report.html ]] || fail "--no-report writes one"
mv "$data" moved
expect 0 "3 of 3 images shown, 0 beside their originals" "${report[@]}" random
has random/report.html 'The originals are missing' && lacks random/report.html 'class="original"'
expect 0 "3 beside their originals" "${report[@]}" random --data moved
expect 1 "nowhere" "${report[@]}" random --data nowhere
# Another dataset is refused, also one with the same names; an original that is gone or another is told, and not shown.
expect 0 "note: The originals are missing" "${report[@]}" random
expect 1 "square: expected the dataset of the run random, found another: 3 of 3 images" "${report[@]}" random \
  --data square
cp -r moved named && for file in "$PWD"/named/*/*.png; do "$make" "$file" 31 25 1 2 3 || fail "make_image"; done
expect 1 "3 of 3 images that the run was made of are others now" "${report[@]}" random --data named
expect 1 "3 of 3 images that the run was made of are others now" "$dc3" contact random -o sheet.png --data named
cp named/plain/*.png moved/plain/
expect 0 "note: moved has changed: 1 of 3 images that the run was made of is another now" "${report[@]}" random \
  --data moved
[[ $output == *"3 of 3 images shown, 2 beside their originals"* ]] || fail "a changed original is shown: $output"
has random/report.html 'is another image now than the one that the run was made of'
rm random/train/plain/*.png && "$make" random/train/mine.png 8 8 1 2 3 && mv random/train/mine.png random/train/*img*/
expect 0 "2 of 3 images shown" "${report[@]}" random --data moved
[[ $output == *"note: 1 of 3 images of the run is missing: plain/"* &&
  $output == *"note: 1 image is not of the run: "*mine.png* ]] || fail "what lies in train/ is not told: $output"
expect 0 "2 of 3 stored" "$dc3" status random
expect 0 "2 of 3 images" "$dc3" info random
has random/report.html '>missing<' && has random/report.html \
  '1 of the stored images that the curves are of cannot be read'

# A report that cannot be written is a warning of condense; --fresh takes the old one away.
expect 0 "images stored" "$dc3" condense moved -o again --ipc 1 --method random "${common[@]}"
rm again/report.html && mkdir again/report.html
expect 0 "warning: the report was not written" "$dc3" condense moved -o again --ipc 1 --method random "${common[@]}"
rmdir again/report.html && touch again/report.html
expect 0 "images stored" "$dc3" condense moved -o again --ipc 2 --method random --fresh --no-report "${common[@]}"
[[ ! -e again/report.html ]] || fail "--fresh leaves the report of another run"

# The page is written while the run's folder is held: nobody else works there before it is.
LD_PRELOAD=$tools/libfaulty_io.so DC3_FAULT=stop:rename=report.html \
  ASAN_OPTIONS="${ASAN_OPTIONS:-}:verify_asan_link_order=0:detect_leaks=0" \
  "$dc3" condense moved -o held --ipc 1 --method random "${common[@]}" > log 2>&1 & process=$!
for ((i = 0; i < 300; i++)); do [[ $(cat /proc/$process/stat) == *") T "* ]] && break; sleep 0.1; done
[[ -n $(find held -name 'report.html.*.part') && ! -e held/report.html ]] || fail "stopped elsewhere: $(find held)"
expect 0 "running   process $process" "$dc3" status held
expect 1 "process $process on $(hostname) is working in this folder" "${report[@]}" held
expect 1 "process $process on $(hostname) is working in this folder" "$dc3" condense moved -o held --ipc 1 \
  --method random "${common[@]}"
kill -CONT $process; wait $process || fail "condense: $(cat log)"
[[ -s held/report.html && ! -e held/.lock ]] || fail "no page, or the lock is left: $(ls -A held)"

# Whoever needs a complete run hears who makes it.
LD_PRELOAD=$tools/libfaulty_io.so DC3_FAULT=stop:rename=metadata.jsonl \
  ASAN_OPTIONS="${ASAN_OPTIONS:-}:verify_asan_link_order=0:detect_leaks=0" \
  "$dc3" condense moved -o begun --ipc 1 --method random "${common[@]}" > log 2>&1 & process=$!
for ((i = 0; i < 300; i++)); do [[ $(cat /proc/$process/stat) == *") T "* ]] && break; sleep 0.1; done
expect 1 "the run is not complete; process $process on $(hostname) works on it" "$dc3" contact begun -o sheet.png
kill -CONT $process; wait $process || fail "condense: $(cat log)"
ends=$("$dc3" status begun --json | sed -n 's/^ *"stage_\(done\|total\)": //p' | uniq | wc -l)
[[ $ends == 1 ]] || fail "a complete run is at another place than its end: $("$dc3" status begun --json)"

# Interrupted while the page is made, a run ends as interrupted; all images are there, and the page comes later.
sixty_of_each many && several many lots 400
cut=("$dc3" condense lots -o cut --ipc 100 --method random --teacher none "${common[@]}")
interrupt "cut/train/red/*" "report: " "${cut[@]}"
[[ $(< log) == *"200 images are saved"* && ! -e cut/report.html ]] || fail "what is left: $(ls cut): $(< log)"
expect 0 "report: 1100 of 1100" "${cut[@]}"
[[ -s cut/report.html && $output == *"result: cut"* ]] || fail "no page: $output"

# Numbers that no comparison finds are no numbers; one method alone is no "no difference".
mkdir huge && echo '{"program": "dc3", "complete": true, "settings": {}}' > huge/compare.json
row='"method": "random", "arch": "convnet3", "labels": "hard", "seeds": 3, "top1_deviation": 1e300'
echo "[{\"ipc\": 1, $row, \"top1\": 1e300}, {\"ipc\": 2, $row, \"top1\": 0.5}]" > huge/table.json
expect 0 "result" "${report[@]}" huge
grep -q "random: 50.00 %" huge/report.html && ! grep -q "no difference" huge/report.html || fail "the page of huge"

# Wrong use.
expect 2 "expected the folder of a run" "$dc3" report
expect 1 "nowhere" "$dc3" report nowhere
expect 2 "-o nowhere" "$dc3" report again -o nowhere/page.html
sed -i 's/"complete": true/"complete": false/' again/dc3.json
expect 1 "is not complete" "$dc3" report again
# One number, one rounding: the stored images are as colourful as dc3 measure finds them.
measured=$(printf %.2f "$("$dc3" measure run --json -q --threads 1 | sed -n 's/.*"colourfulness": \([0-9.]*\).*/\1/p' |
  head -1)")
expect 0 "result" "${report[@]}" run
sed 's/<[^>]*>/ /g' run/report.html | tr -s ' \n' '  ' > text
grep -q "Mean colourfulness at [0-9]* px.* stored [0-9]* $measured " text ||
  fail "measured $measured: $(grep -o 'Mean colourfulness.\{200\}' text)"
echo "all checks passed"
