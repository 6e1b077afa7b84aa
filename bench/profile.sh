#!/bin/bash
# profile.sh DATA SIZE [DC3]: where each second of the commands goes. DATA has train/ and val/ (or test/), with a folder
# a class; SIZE is the side in pixels at which it is stored and seen. A line a command: seconds of wall clock, those of
# the processors over them, the most memory in MB, and of perf's samples the shares, in per cent, of what has at least
# one: networks (oneDNN, OpenBLAS, the rooms kernels, ops, nn), waits (of OpenMP's threads), the system's kernel,
# libraries, and rooms of dc3. DC3 is in a folder of a build, whose objects say which function is whose. Needs perf and
# GNU time.
set -eu
[[ $# -ge 2 ]] || { sed -n '2,7s/^# //p' "$0" >&2; exit 2; }
data=$(realpath "$1") size=$2 dc3=$(realpath "${3:-$(dirname "$0")/../build/dc3}")
build=$(dirname "$dc3") folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
test=$data/val
[[ -d $test ]] || test=$data/test

# Of each object file its room and its functions.
rooms() {
  local object room
  find "$build" -path '*/src/*' -name '*.c.o' | while read -r object; do
    room=${object##*/src/}
    nm "$object" | awk -v room="${room%%/*}" '$2 ~ /[tT]/ { print $3, room }'
  done | sort -u > "$folder/rooms"
}

shares() { # of the samples of the command that perf recorded
  perf report -i "$folder/perf" --sort dso,symbol -F overhead,dso,symbol --stdio -g none 2> /dev/null |
    awk -v rooms="$folder/rooms" '
      BEGIN { while ((getline < rooms) > 0) room[$1] = $2 }
      /^ *[0-9.]+%/ {
        share = $1 + 0; library = $2; symbol = $4; sub(/\.(isra|part|constprop|_omp_fn|cold).*/, "", symbol)
        if (symbol ~ /_omp_fn/) sub(/\._omp_fn.*/, "", symbol)
        what = library; sub(/\.so.*/, "", what)
        if (library ~ /^dc3$|^libdc3/) what = symbol in room ? room[symbol] : "dc3"
        if (what ~ /^(kernels|ops|nn|libdnnl|libopenblas.*|libblas|\[JIT\]|\[unknown\]|anon|perf-.*|jitted-.*)$/ ||
            library ~ /^\[JIT\]|^anon|^\/\/anon|^\[unknown\]/) what = "networks"
        if (library ~ /^libgomp/) what = "waits"
        if (library ~ /^\[kernel|^\[k/) what = "kernel"
        sum[what] += share
      }
      END { for (w in sum) if (sum[w] >= 0.95) printf("%6.1f %s\n", sum[w], w) }' | sort -rn |
    awk '{ printf("%s%s %.0f", NR > 1 ? ", " : "", $2, $1) }'
}

row() { # NAME WORDS...
  local name=$1
  shift
  rm -rf "$folder/out"*
  perf record -q -e cpu-clock -F 199 -o "$folder/perf" -- \
    /usr/bin/time -f '%e %U %S %M' -o "$folder/time" "$dc3" "$@" -q \
    > /dev/null 2> "$folder/err" || { cat "$folder/err" >&2; exit 1; }
  tail -1 "$folder/time" | awk -v name="$name" '{
    printf("%-22s %7.2f %5.2f %6.0f  ", name, $1, ($2 + $3) / $1, $4 / 1024) }'
  shares
  echo
}

rooms
quiet=(-q --no-report)
"$dc3" condense "$data/train" -o "$folder/ipc10" --method random --ipc 10 --size "$size" "${quiet[@]}" > /dev/null
"$dc3" train "$folder/ipc10/train" --arch resnet18 --epochs 1 --size "$size" -o "$folder/teacher.safetensors" -q \
  > /dev/null
teacher=(--teacher "$folder/teacher.safetensors" --any-teacher)
printf '%s at %s pixels, %s threads; %s\n' "$(basename "$data")" "$size" "$(nproc)" \
  "$(grep -m1 -o 'model name.*' /proc/cpuinfo | cut -d: -f2)"
printf '%-22s %7s %5s %6s  %s\n' command seconds cores MB 'shares of the samples, %'
row 'condense, random' condense "$data/train" -o "$folder/out" --method random --ipc 10 --size "$size"
row 'condense, rded' condense "$data/train" -o "$folder/out" --method rded --ipc 10 --size "$size" "${teacher[@]}" \
  --teacher-size "$size"
row 'condense, dc3' condense "$data/train" -o "$folder/out" --ipc 10 --size "$size" "${teacher[@]}" \
  --teacher-size "$size"
row 'condense, no teacher' condense "$data/train" -o "$folder/out" --ipc 10 --size "$size" --teacher none
row 'label, 10 views' label "$folder/ipc10" "${teacher[@]}" --views 10 -o "$folder/out.safetensors"
row 'measure' measure "$data/train" "$folder/ipc10" --reference "$test" "${teacher[@]}"
row 'measure --coverage' measure "$folder/ipc10" --coverage "${teacher[@]}"
row 'evaluate, hard' evaluate "$folder/ipc10" --val "$test" --labels hard --epochs 10 --batch 10 -o "$folder/out.json"
row 'evaluate, soft' evaluate "$folder/ipc10" --val "$test" "${teacher[@]}" --epochs 10 --batch 10 -o "$folder/out.json"
row 'evaluate, 2 seeds' evaluate "$folder/ipc10" --val "$test" "${teacher[@]}" --seeds 2 --epochs 10 --batch 10 \
  -o "$folder/out.json"
row 'train, resnet18' train "$folder/ipc10/train" --arch resnet18 --epochs 5 --size "$size" -o "$folder/out.safetensors"
