#!/bin/bash
# Images with loss: their bytes, what is said of them, and that they go on where they stopped.
source "$(dirname "$0")/support.sh"
images data/a 8; images data/b 8
random=(--method random --ipc 4 --threads 1 --size 32 --no-report)
# bytes FOLDER: of all images below it.
bytes() { find "$1" -type f ! -name metadata.jsonl -printf '%s\n' | awk '{n += $1} END {print n}'; }

expect 0 "8 images stored" "$dc3" condense data -o png "${random[@]}"
for coding in webp:30 jpeg:80 jpeg:80:420; do
  expect 0 "8 images stored" "$dc3" condense data -o "$coding" --format "$coding" "${random[@]}"
  [[ $output == *"bytes of images: "* ]] || fail "$coding: $output"
  grep -q "\"format\": \"$coding\"" "$coding/dc3.json" || fail "$coding is not among the settings"
  expect 0 "format $coding" "$dc3" info "$coding"
  expect 0 "8 images stored" "$dc3" condense data -o threads --fresh --format "$coding" "${random[@]}" --threads 3
  diff -r "$coding/train" threads/train || fail "$coding: threads change the bytes"
done
(( $(bytes webp:30/train) * 2 < $(bytes png/train) )) || fail "WebP with loss: $(bytes webp:30/train)"
(( $(bytes jpeg:80:420/train) < $(bytes jpeg:80/train) )) || fail "4:2:0 has more bytes than 4:4:4"
[[ $(find webp:30/train -name '*.webp' | wc -l) == 8 && $(find jpeg:80/train -name '*.jpg' | wc -l) == 8 ]] ||
  fail "names: $(find webp:30 jpeg:80)"
# The choice of images does not depend on how they are stored.
diff <(field png/train/metadata.jsonl source) <(field webp:30/train/metadata.jsonl source) || fail "other images"

# AVIF where it is written; else one sentence.
if "$dc3" condense data -o avif --format avif:50 "${random[@]}" > log 2>&1; then
  [[ $(find avif/train -name '*.avif' | wc -l) == 8 ]] || fail "AVIF: $(find avif)"
  expect 0 "formats       8 avif" "$dc3" info avif
else
  grep -q "writes no AVIF" log || fail "AVIF: $(< log)"
fi

# An estimate before the work, which is near what comes.
expect 0 "estimate: 8 images as webp:30 of about" "$dc3" condense data --format webp:30 "${random[@]}" --dry-run
expect 0 "estimate_bytes" "$dc3" condense data --format webp:30 "${random[@]}" --dry-run --json -q
near=$(sed 's/.*"estimate_bytes": \([0-9]*\).*/\1/' <<< "$output") all=$(bytes webp:30/train)
(( near * 10 > all * 8 && near * 10 < all * 12 )) || fail "estimate of $near bytes, $all came"
expect 0 "\"image_bytes\": $all" "$dc3" condense data -o webp:30 --format webp:30 "${random[@]}" --json -q

# A run goes on in its own format only, and makes again what is gone.
expect 1 "other settings (format" "$dc3" condense data -o webp:30 --format webp:31 "${random[@]}"
cp -r webp:30 gone
rm "$(find gone/train -name '*.webp' | sort | head -1)"
expect 0 "8 images stored" "$dc3" condense data -o gone --format webp:30 "${random[@]}"
diff -r webp:30/train gone/train || fail "an image that is made again has other bytes"

for wrong in "webp:0|expected png, webp, jpeg, webp:30" "png:50|png has no quality" "avif|avif needs a quality" \
  "webp:30:420|expected png" "jpeg:80:411|expected png" "jpeg2000|expected one of png, webp, jpeg, avif"; do
  expect 2 "--format: ${wrong#*|}" "$dc3" condense data -o x --format "${wrong%|*}" "${random[@]}"
done
[[ ! -e x ]] || fail "a refused command makes a folder"

# Single images.
tiny_editor ip2p
edit=("$dc3" edit data/a/1.png --editor ip2p --threads 1 --dtype f32 -p sunny)
expect 0 "" "${edit[@]}" -o fine.webp
expect 0 "" "${edit[@]}" -o coarse.webp --format webp:10
(( $(stat -c %s coarse.webp) < $(stat -c %s fine.webp) )) || fail "the quality of an edit is not obeyed"
[[ ! -d avif/train ]] ||
  expect 2 "edited images are PNG, WebP, JPEG or TIFF; found avif" "${edit[@]}" -o x --format avif:50
echo "all checks passed"
