#!/bin/bash
# Which teacher's soft labels a student learns from best (docs/recipes.md): teachers.sh DATA WORK [IPC], where DATA,
# such as CIFAR-10, has train/ with a folder per class. Nothing of its test set is used: the images whose names end in 7
# are held out, teachers and sets see the rest. WORK/teachers.txt has a row for each teacher and a column for each IPC
# and number of images seen. Each step continues where it stopped; teachers and students of one thread each run side by
# side.
#
# In the environment: TEACHERS (words ARCH-EPOCHS, default convnet3-1 -2 -4 -14; speednet-EPOCHS by the fast recipe; or
# words NAME=FILE), METHOD (of the sets, default random), STUDENT (default convnet3), SEEN (words, images that each
# student sees; default 200000), TEMPERATURE (default 20), SEEDS (default 1), JOBS (default: processors), FROM (last
# digits of the names of the images that sets are chosen from, default 0-689).
set -eu
data=$(realpath "$1") work=$2 only=${3:-}
dc3=$(realpath "${DC3:-$(dirname "$0")/../../build/dc3}")
[[ $only =~ ^(|1|10|50)$ ]] || { echo "expected IPC 1, 10 or 50, found $only" >&2; exit 1; }
teachers=${TEACHERS:-convnet3-1 convnet3-2 convnet3-4 convnet3-14} method=${METHOD:-random} student=${STUDENT:-convnet3}
seeds=${SEEDS:-1} jobs=${JOBS:-$(nproc)} budgets=${SEEN:-200000} temperature=${TEMPERATURE:-20}
export OMP_WAIT_POLICY=passive
source "$(dirname "$0")/held_out.sh"
mkdir -p "$work" && cd "$work"
split_train "$data"
from=$(fit_part "$data" "${FROM:-}")
mkdir -p teachers runs scores

slot() { while (($(jobs -rp | wc -l) >= jobs)); do wait -n || exit 1; done; }
all_done() { while (($(jobs -rp | wc -l))); do wait -n || exit 1; done; }
file_of() { case $1 in *=*) echo "${1#*=}" ;; *) echo "teachers/$1.safetensors" ;; esac; }
train() { # TEACHER
  local how=(--arch "${1%-*}") file
  file=$(file_of "$1")
  [[ ! -f $file ]] || return 0
  [[ $1 != speednet-* ]] || how=(--fast)
  "$dc3" train fit --val held "${how[@]}" --epochs "${1##*-}" --seed 1 --threads 1 -o "$file" --json \
    > "teachers/$1.json" 2>> "teachers/$1.log"
}
condense() { # IPC SEED
  [[ -f runs/$1-$2/dc3.json ]] && grep -q '"complete": *true' "runs/$1-$2/dc3.json" && return
  "$dc3" condense "$from" -o "runs/$1-$2" --method "$method" --ipc "$1" --teacher "$(file_of "${teachers##* }")" \
    --seed "$2" --no-report -q > /dev/null
}
score() { # TEACHER IPC SEEN SEED
  local out=scores/${1%%=*}-$2-$3-$4-$student.json
  [[ ! -f $out ]] || return 0
  "$dc3" evaluate "runs/$2-$4" --val held --teacher "$(file_of "$1")" --arch "$student" --labels soft --seed "$4" \
    --temperature "$temperature" --threads 1 --images-seen "$3" -q --json -o "$out.row.json" > "$out.part"
  rm "$out.row.json" && mv "$out.part" "$out"
}
table() {
  local teacher ipc seen file
  {
    printf '%-16s' teacher
    for ipc in ${only:-1 10 50}; do for seen in $budgets; do printf ' %18s' "IPC $ipc, $seen"; done; done
    printf '\n'
    for teacher in $teachers; do
      printf '%-16s' "${teacher%%=*}"
      for ipc in ${only:-1 10 50}; do
        for seen in $budgets; do
          for file in scores/"${teacher%%=*}-$ipc-$seen"-[0-9]-"$student".json; do
            [[ ! -f $file ]] || grep -om1 '"top1": *[0-9.]*' "$file" | grep -o '[0-9.]*$'
          done | mean_and_deviation
        done
      done
      printf '\n'
    done
  } > teachers.txt.part
  mv teachers.txt.part teachers.txt
}

for teacher in $teachers; do slot; train "$teacher" & done
all_done
for ((seed = 0; seed < seeds; seed++)); do
  for seen in $budgets; do
    for ipc in ${only:-1 10 50}; do
      condense "$ipc" "$seed"
      for teacher in $teachers; do
        slot
        score "$teacher" "$ipc" "$seen" "$seed" &
        table
      done
    done
  done
done
all_done
table
cat teachers.txt
