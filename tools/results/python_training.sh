#!/bin/bash
# Whether PyTorch and dc3 train the same on stored labels: python_training.sh CIFAR WORK [PROGRAM..], where CIFAR has
# train/ and test/ with a folder per class. 100 random training images, VIEWS of each labelled by a ConvNet-3 of two
# epochs; ConvNet-3 students of EPOCHS, f32, by `dc3 evaluate --labels stored` (seeds 0, 1, ..) and by each PROGRAM,
# called as `PROGRAM RUN VAL EPOCHS SEED` (default: python/examples/train_on_stored_labels.py).
# WORK/python_training-VIEWS-EPOCHS.txt has a line for each: students, mean, deviation, top-1 of each in %. It continues
# where it stopped. In the environment: VIEWS and EPOCHS (30), STUDENTS (9), DC3, PYTHON (which has torch and the dc3
# wheel), JOBS (students at once, a thread each; 1).
set -eu
cifar=$(realpath "$1") work=$2 here=$(realpath "$(dirname "$0")/../..")
shift 2
(($# > 0)) || set -- "$here/python/examples/train_on_stored_labels.py"
mapfile -t programs < <(realpath "$@")
dc3=$(realpath "${DC3:-$here/build/dc3}")
views=${VIEWS:-30} epochs=${EPOCHS:-30} run=run-${VIEWS:-30}
export OMP_WAIT_POLICY=passive OMP_NUM_THREADS=1
mkdir -p "$work" && cd "$work" && mkdir -p students

[[ -f teacher.safetensors ]] ||
  "$dc3" train "$cifar/train" -o teacher.safetensors --arch convnet3 --epochs 2 --val "$cifar/test"
"$dc3" condense "$cifar/train" -o "$run" --method random --ipc 10 --teacher none
"$dc3" label "$run" --teacher teacher.safetensors --any-teacher --views "$views" --recipe classic
# student NAME SEED COMMAND..: its score, the only number that COMMAND ends with.
student() {
  local out=students/$1-$views-$epochs-$2; shift 2
  [[ ! -s $out ]] || return 0
  "$@" > "$out.part" && grep -o '[0-9.]* %' "$out.part" | tail -1 > "$out.score" && mv "$out.score" "$out"
  rm -f "$out.part"
}
by_dc3() {
  "$dc3" evaluate "$run" --val "$cifar/test" --labels stored --recipe classic --epochs "$epochs" --arch convnet3 \
    --seeds 1 --seed "$1" --threads 1 --dtype f32 --json -q |
    awk 'sub(/.*"top1": /, "") { printf "%.2f %%\n", 100 * $0; exit }'
}
for ((seed = 0; seed < ${STUDENTS:-9}; seed++)); do
  student dc3 $seed by_dc3 $seed &
  for program in "${programs[@]}"; do
    while (($(jobs -rp | wc -l) >= ${JOBS:-1})); do wait -n; done
    student "$(basename "$program" .py)" $seed "${PYTHON:-python3}" "$program" "$run" "$cifar/test" "$epochs" $seed &
  done
  while (($(jobs -rp | wc -l) >= ${JOBS:-1})); do wait -n; done
done
wait
for name in dc3 "${programs[@]}"; do
  name=$(basename "$name" .py)
  cat "students/$name-$views-$epochs"-* | awk -v name="$name" '{ s += $1; q += $1 * $1; all = all " " $1; n++ }
    END { m = s / n; d = n > 1 ? sqrt((q - n * m * m) / (n - 1)) : 0
          printf "%-28s %2d students  %.2f +- %.2f %s\n", name, n, m, d, all }'
done | tee "python_training-$views-$epochs.txt"
