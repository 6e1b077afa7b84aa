#!/bin/bash
# Seconds by stage and memory of `condense` as a dataset grows: imagenet_scale.sh PHOTOS WORK [IMAGES...]
#
# Makes JPEGs of 500x375 pixels in 1,000 classes from crops of the photos below PHOTOS (scale_photos.py; 42 KB each),
# a ResNet-18 of 1,000 classes (one epoch at 64 pixels on the smallest set: its weights cost the same whatever they
# are), condenses the first IMAGES of them at 224 pixels (default 12500 25000 50000 100000), and writes WORK/table.txt.
# Each step continues where it stopped, so sizes can be added later.
# From the environment: IPC (10), TEACHER (a file), PYTHON (python3; with Pillow), DC3, OPTIONS (more of condense's).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
photos=$(cd "$1" && pwd) dc3=$(realpath "${DC3:-$here/../../build/dc3}") python=${PYTHON:-python3}
teacher=$(realpath -m "${TEACHER:-$2/teacher.safetensors}")
mkdir -p "$2" && cd "$2"
shift 2
[[ $# -gt 0 ]] || set -- 12500 25000 50000 100000
mapfile -t sizes < <(printf '%s\n' "$@" | sort -n)

# The folder data-N of the first N images: those of the largest are made, of others linked.
data() {
  [[ ! -f data-$1.made ]] || return 0
  "$python" "$here/scale_photos.py" "$photos" "data-$1" "$1" "data-${sizes[-1]}"
  touch "data-$1.made"
}

data "${sizes[-1]}"
for n in "${sizes[@]}"; do
  [[ ! -f run-$n.json ]] || continue
  data "$n"
  [[ -f $teacher ]] || "$dc3" train "data-$n" --arch resnet18 --size 64 --epochs 1 --seed 1 -o "$teacher" 2>> log.txt
  "$dc3" condense "data-$n" -o "out-$n" --ipc "${IPC:-10}" --teacher "$teacher" --any-teacher --teacher-size 224 \
    --size 224 --seed 1 --compensation random --json ${OPTIONS:-} > run.part 2>> log.txt
  mv run.part "run-$n.json"
done
"$python" "$here/scale_table.py" "${sizes[@]}" | tee table.txt
