#!/bin/bash
# Input that is made to harm (docs/limits.md): each is reported, skipped and counted, and nothing outside of the run is
# touched.
source "$(dirname "$0")/support.sh"

# bytes N SHIFT...: the bytes of N at these bits
bytes() { local n=$1 shift; for shift in "${@:2}"; do printf "\\x$(printf %02x $((n >> shift & 255)))"; done; }
be() { bytes "$1" 24 16 8 0; }
chunk() { # TYPE FILE: a PNG's chunk; gzip computes its checksum
  be "$(stat -c %s "$2")"; printf %s "$1"; cat "$2"
  local crc; crc=$({ printf %s "$1"; cat "$2"; } | gzip -1 -n | tail -c 8 | head -c 4 | od -An -tu4 --endian=little)
  be $((crc))
}
zeros() { # N: zlib's form of N zero bytes, whose Adler-32 is known
  printf '\x78\x9c'; head -c "$1" /dev/zero | gzip -6 -n | tail -c +11 | head -c -8; be $((($1 % 65521 << 16) + 1))
}
png() { # WIDTH HEIGHT BITS COLOUR BYTES [INTERLACED]: of so many bytes of pixels
  printf '\x89PNG\r\n\x1a\n'
  { be "$1"; be "$2"; printf "\\x$(printf %02x "$3")\\x$(printf %02x "$4")\\0\\0\\x0${6:-0}"; } > ihdr; chunk IHDR ihdr
  zeros "$5" > idat; chunk IDAT idat; : > iend; chunk IEND iend
}
le() { bytes "$1" 0 8 16 24; }
tiff() { # WIDTH HEIGHT: white, by CCITT's code for faxes, in which a row like the one above it is a bit
  local bytes=$((($2 + 7) / 8)) entry
  printf 'II*\0'; le 8; printf '\x09\0'
  for entry in "256 $1" "257 $2" "258 1" "259 4" "262 0" "273 122" "277 1" "278 $2" "279 $((bytes + 3))"; do
    le $((${entry% *} | 4 << 16)); le 1; le "${entry#* }"
  done
  le 0; head -c $bytes /dev/zero | tr '\0' '\377'; printf '\0\x10\x01'
}
megabytes() { sed -n 's/.*"peak_megabytes": *\([0-9]*\).*/\1/p' <<< "$1"; }
plain() { # FILE: UTF-8 without control characters but line ends
  iconv -f utf-8 -t utf-8 "$1" > /dev/null || fail "$1 is not UTF-8"
  ! LC_ALL=C grep -q $'[\x01-\x09\x0b-\x1f\x7f]' "$1" || fail "$1 holds control characters: $(od -c "$1" | head)"
}

# Bombs: whole images of 50,000 x 50,000 (a PNG, whose code ends near 1000:1, in 300 kB, a TIFF in 6), the same that
# are truncated and interlaced, 16-bit samples that take more than an image may, a GIF's canvas, and two of an ordinary
# size, which show that what is made here are images. Told from the header, before memory is taken.
images data/a 3; images data/b 3
png 40 30 1 0 180 > data/a/4.png; tiff 40 30 > data/a/5.tif
clean=$("$dc3" select data -o clean.jsonl --ipc 2 --json "${common[@]:0:4}" 2> /dev/null) || fail "select of images"
[[ $(grep -c . clean.jsonl) == 4 && ! -e clean.jsonl.skipped.txt ]] || fail "the small images cannot be read"
png 50000 50000 1 0 $((50000 * 6251)) > data/a/bomb.png
(($(stat -c %s data/a/bomb.png) < 400000)) || fail "the bomb is no bomb"
tiff 50000 50000 > data/a/bomb.tif; png 50000 50000 1 0 6251 > data/a/cut.png;
  png 50000 50000 8 2 30000 1 > data/a/laced.png
for file in bomb.tif cut.png laced.png; do (($(stat -c %s data/a/$file) < 30000)) ||
  fail "$file has more than 30 kB"; done
png 12000 12000 16 6 96001 > data/a/deep.png
{ printf 'GIF89a\xff\xff\xff\xff\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\xff\xff\xff\xff\0\x02\x02\x44\x01\0;';
  } > data/b/canvas.gif
dirty=$("$dc3" select data -o dirty.jsonl --ipc 2 --json "${common[@]:0:4}" 2> told) ||
  fail "select with bombs: $(cat told)"
(($(megabytes "$dirty") < $(megabytes "$clean") + 100)) ||
  fail "memory: $(megabytes "$clean") MB without bombs, $(megabytes "$dirty") with them"
for file in bomb.png bomb.tif cut.png laced.png; do
  grep -q "a/$file: 50000 x 50000 pixels are more than the limit" dirty.jsonl.skipped.txt ||
    fail "$file is not reported: $(cat dirty.jsonl.skipped.txt)"
done
grep -q "bomb.png: 50000 x 50000 pixels are more than the limit" told || fail "the bomb is not reported: $(cat told)"
grep -q "deep.png: 12000 x 12000 pixels take 1.2 GB" told || fail "16-bit samples are not reported: $(cat told)"
[[ $(wc -l < dirty.jsonl.skipped.txt) == 6 ]] || fail "six are to be listed: $(cat dirty.jsonl.skipped.txt)"
expect 1 "(--strict)" "$dc3" select data -o strict.jsonl --ipc 2 --strict "${common[@]:0:4}"
expect 1 "are more than the limit" "$dc3" edit data/a/bomb.png --prompt warm -o edited.png
rm data/a/bomb.* data/a/{cut,laced,deep}.png data/a/5.tif data/b/canvas.gif

# Deep folders, links in circles, to themselves and to nothing; links that fan out to more folders than there are.
deep=data/a; for i in {1..40}; do deep+=/d; done; mkdir -p "$deep"; cp data/b/1.png "$deep"
ln -s .. data/a/up; ln -s self data/a/self; ln -s nothing data/a/lost.png; mkfifo data/a/pipe.png
random=(--method random --teacher none "${common[@]}")
expect 0 "4 images stored" "$dc3" condense data -o linked --ipc 2 "${random[@]}"
for text in "more than 32 folders deep" "a/up: a link back to a folder above" \
  "self: Too many levels of symbolic links" "lost.png: a link to nothing"; do
  [[ $output == *"$text"*"skipped"* ]] || fail "expected '$text' in: $output"
done
rm -rf data/a/d data/a/up data/a/self data/a/lost.png data/a/pipe.png
# (18 links in a path: Linux may count those of a path twice, and takes 40.)
for i in {0..17}; do mkdir -p fan/$i; ln -s ../$((i + 1)) fan/$i/x; ln -s ../$((i + 1)) fan/$i/y; done
mkdir fan/18 wide && ln -s ../fan/0 wide/a && cp data/a/1.png fan/18
expect 1 "expected at most 262144 folders; do links fan out?" "$dc3" select wide -o wide.jsonl --ipc 1 \
  "${common[@]:0:4}"
for i in {1..30}; do ln -s $i.gone data/a/$i.gone; done
expect 0 "10 more notes of this dataset are not shown" "$dc3" select data -o many.jsonl --ipc 1 "${common[@]:0:4}"
rm data/a/*.gone

# Names of members of a tar and of classes that would lead out of the folder, or that are options.
mkdir members; for i in 1 2; do cp data/a/$i.png members/$i.png; done
echo ../../../escaped > members/1.cls; echo -rf > members/2.cls
tar -C members -cPf up.tar --transform 's,^,../../,' 1.png 1.cls
tar -C members -rPf up.tar --transform 's,^2,-rf,' 2.png 2.cls
expect 0 "2 images stored" "$dc3" condense up.tar -o deep/er/run --ipc 1 "${random[@]}"
[[ -z $(find . -name '*escaped*' -not -path './deep/er/run/train/*') ]] || fail "a class's name leads out of the run"
[[ -z $(find deep/er/run/train -mindepth 3) && $(find deep/er/run/train -name '*.png' | wc -l) == 2 ]] ||
  fail "what is stored: $(find deep)"
[[ -z $(find deep/er/run/train -type f -name '-*') ]] || fail "a stored image is called like an option"

# Long names in tars, as pax and GNU tar write them: read up to 511 bytes, skipped with a note beyond; --strict refuses.
printf -v long '%0300d/' 0; printf -v longer '%0508d' 0
for format in pax gnu; do
  tar -C members --format=$format -cf $format.tar --transform "s,^2,$long${long}2," \
    --transform "s,^1,${long}1," 1.png 1.cls 2.png 2.cls
  expect 0 "1 in 1 class" "$dc3" info $format.tar
  [[ $output == *"$format.tar: the path '000"*"..' of an image has 607 bytes, more than 511, skipped"* ]] ||
    fail "a long name is not reported: $output"
  expect 1 "more than 511, skipped (--strict)" "$dc3" select $format.tar -o x.jsonl --ipc 1 --strict "${common[@]:0:4}"
  tar -C members --format=$format -cf edge.tar --transform "s,^[12],${longer:1}," 1.png 1.cls
  expect 0 "1 in 1 class" "$dc3" info edge.tar
  [[ $output != *"skipped"* ]] || fail "511 bytes are too long: $output"
done

images data/-rf 2; mv data/-rf/1.png data/-rf/--help.png
expect 0 "6 images stored" "$dc3" condense data -o dashes --ipc 2 "${random[@]}"
[[ -f data/-rf/--help.png && -d data/a && -d dashes/train/-rf ]] || fail "a class called -rf"
expect 0 "3 images stored" "$dc3" condense data -o dashes --ipc 1 --fresh "${random[@]}"

# A run's own files that name others: nothing else is read or removed.
cp data/b/1.png secret.png
sed -i '1s,"file_name":"[^"]*","file_name":"../../secret.png",' dashes/train/metadata.jsonl
expect 1 "expected names of files below it, found '../../secret.png'" "$dc3" contact dashes -o sheet.png
echo "../../secret.png" >> dashes/pictures.txt
expect 0 "3 images stored" "$dc3" condense data -o dashes --ipc 1 --fresh --seed 1 "${random[@]}"
[[ -f secret.png ]] || fail "--fresh removes what a list names outside of the run"

# Control characters, line ends, bytes that are no UTF-8: shown as \xNN, so that no terminal obeys them and each entry
# of a list is a line; JSON is UTF-8.
red=$'\e[31mred\a' odd=$'\xff\xfe\xc2\x9b\xe2\x80\xae'
images "names/$red" 2; images "names/$odd" 2; mkdir $'names/empty\e]0;title\a\r'
echo none > "names/$red/"$'two\nlines\e[2J.png'; ln -s nothing "names/$odd/"$'\e[1m\r.png'
"$dc3" condense names -o named --ipc 3 --json "${random[@]}" > json 2> told || fail "names: $(cat told)"
plain told; plain json; plain named/skipped.txt; plain named/dc3.json; plain named/selection.json;
  plain named/train/metadata.jsonl; plain named/pictures.txt
grep -q '\\x1b\]0;title\\x07\\x0d' told || fail "an empty class's name is not shown: $(cat told)"
[[ $(wc -l < named/skipped.txt) == 2 ]] && grep -qF 'two\x0alines\x1b[2J.png' named/skipped.txt &&
  grep -qF '\x1b[1m\x0d.png: a link to nothing' named/skipped.txt ||
  fail "skipped.txt: $(cat named/skipped.txt)"
[[ $(find named/train -name '*.png' | LC_ALL=C grep -c $'[\x01-\x1f\x7f]') == 0 ]] ||
  fail "control characters in what is stored"
"$dc3" measure named --per-class > table 2> told || fail "measure: $(cat told)"
plain table; plain told
expect 1 "expected" "$dc3" select $'\e[31mnowhere' -o x.jsonl --ipc 1
[[ $output != *$'\e'* ]] || fail "an error obeys a name: $output"

# A thin image of 44 bytes, 1 x 16,000 pixels, is decoded a few times in a run and not twenty: it takes less than twelve
# times the processor time of a run of a small one. The least of three, since others may be at work.
cpu_time() {
  local i time least=1000000 TIMEFORMAT=%U LC_ALL=C
  for i in 1 2 3; do
    time=$({ time "$dc3" condense $1 -o $1-$i --method random --ipc 1 --size 64 --threads 1 --no-report > /dev/null 2>&1
      } 2>&1); time=$((10#${time/./}))
    ((time < least)) && least=$time; done
  echo $least
}
mkdir -p thin/line small/one && "$make" small/one/x.png 64 64 40 90 200
line='\x2f\0\xc0\x9f\x0f\x07\x10\x11\xfd\x0f\0\x28\xd2\xff\xff\x14\xd1\xff\xd0\xff\xfe\xf7\x7f\xa0'
printf "RIFF\x24\0\0\0WEBPVP8L\x18\0\0\0$line" > thin/line/x.webp
[[ $(stat -c %s thin/line/x.webp) == 44 ]] || fail "not the bytes that were meant"
expect 0 "1 image stored" "$dc3" condense thin -o thinned --method random --ipc 1 --size 64 --threads 1 --no-report
small=$(cpu_time small) thin=$(cpu_time thin)
((thin < 12 * small)) || fail "a thin image takes $thin ms of a processor, a small one $small"
echo "all checks passed"
