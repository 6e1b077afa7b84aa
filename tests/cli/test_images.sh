#!/bin/bash
# Odd images: what is not followed or assumed of them is said, counted and by kind; a long one is no burden.
source "$(dirname "$0")/support.sh"
odd=$source/tests/golden/odd_images
mkdir -p data/a data/b
cp "$odd"/{f16-rgb,f32-rgba,u16-12-bits,grey-profile-rgb}.tif data/a/
cp "$odd"/{rgb-profile-grey.jpg,clear.gif,colour.ppm,still.avif} data/b/
unit="values of no stated range, taken as 0 for black to 1 for white"
profile="the colour profile is damaged or of another kind than the pixels, and is ignored"
run=(--method random --ipc 4 --size 32 --no-report)

expect 0 "8 images stored, 0 edits made, 0 images skipped" "$dc3" condense data -o out "${run[@]}"
for note in "2 images (the first is a/f16-rgb.tif): $unit" "2 images (the first is a/grey-profile-rgb.tif): $profile" \
  "1 image (a/u16-12-bits.tif): values of no stated range, taken as 0 for black to 4095 for white" \
  "1 image (b/clear.gif): there are several frames, pages or images, of which the first is read"; do
  grep -qF "note: $note" <<< "$output" || fail "condense says '$note': $output"
done
[[ $(grep -c '^note: ' <<< "$output") == 4 ]] || fail "condense says four notes: $output"

# They are no reason for --strict to end the run; and every other reader says them.
expect 0 "0 images skipped" "$dc3" condense data -o strict --strict "${run[@]}"
expect 0 "2 images (the first is a/f16-rgb.tif): $unit" "$dc3" measure data
expect 0 "2 images (the first is a/f16-rgb.tif): $unit" "$dc3" info data
expect 0 "2 images (the first is a/f16-rgb.tif): $unit" "$dc3" train data -o teacher.safetensors --arch convnet3 \
  --size 32 --epochs 1 --batch 8
expect 0 "note: $odd/f32.tif: $unit" "$dc3" edit "$odd/f32.tif" -p warm -o edited.png

# Files that are no images say what they are.
mkdir -p others/a; cp "$odd/f32.tif" others/a/
for file in windows.bmp pointer.jpg page.jpg bits12.jpg compression.tif; do cp "$odd/$file" "others/a/$file.png"; done
expect 0 "5 images skipped" "$dc3" condense others -o told --method random --ipc 6 --size 32 --no-report
for text in "a BMP image, which is not read" "a Git LFS pointer" "a web page" "a JPEG of 12 bits a sample" \
  "a TIFF of compression 33007"; do
  grep -qF "$text" told/skipped.txt || fail "skipped.txt says '$text': $(< told/skipped.txt)"
done

# 32 bytes of WebP are 2,300 x 2,300 pixels, which a run reads several times: what was freed is not kept.
mkdir -p large/a; base64 -d <<< UklGRhgAAABXRUJQVlA4TAwAAAAv+8g+AihyySoTAQA= > large/a/1.webp
expect 0 "1 image stored" "$dc3" condense large -o small --method random --ipc 1 --size 256 --no-report --threads 1
peak=$(sed -n 's/.*peak memory \([0-9]*\) MB.*/\1/p' <<< "$output")
grep -q __asan_init "$dc3" || ((peak > 30 && peak < 190)) || fail "32 bytes of WebP take $peak MB: $output"
