#!/bin/bash
# million.sh [FOLDER [CLASSES [EACH]]]: what a dataset of a million files costs before the first image is decoded.
# Links some twenty small images into CLASSES folders of EACH files (default 1,000 of 1,000, in a temporary folder),
# condenses one random image of each class, and prints seconds and memory of the whole and of a second call, which
# finds everything done. Needs some GB for the file system's own tables.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd) dc3=${DC3:-$root/build/dc3}
work=${1:-$(mktemp -d)} classes=${2:-1000} each=${3:-1000}
mkdir -p "$work/sources" && cd "$work"
for i in $(seq 20); do
  "$(dirname "$dc3")/tests/make_image" "sources/$i.png" 8 8 $((i * 12)) $((255 - i * 12)) 90
done
if [[ ! -d data ]]; then
  python3 - "$classes" "$each" <<'P'
import os, sys
classes, each = map(int, sys.argv[1:])
for c in range(classes):
    os.makedirs(f"data.part/{c:04d}")
    for i in range(each):
        source = f"sources/{(c + i) % 20 + 1}.png"
        try:
            os.link(source, f"data.part/{c:04d}/{i:06d}.png")
        except OSError:  # too many links of one file
            os.symlink(os.path.abspath(source), f"data.part/{c:04d}/{i:06d}.png")
os.rename("data.part", "data")
P
fi
for part in first second; do
  echo "== $part call"
  start=$(date +%s.%N)
  "$dc3" condense data -o out --method random --ipc 1 --size 8 --json
  awk "BEGIN { printf \"%s call: %.1f s\\n\", \"$part\", $(date +%s.%N) - $start }"
done
ls -l out/state.db
"$dc3" status out
