#!/bin/bash
# How much faster two ranks are than one (docs/cluster.md): ranks_speed.sh DATA WORK, where DATA has a folder of images
# per class, on a quiet machine with two cores and Open MPI. `dc3-mpi condense`, one thread a rank, by one rank and by
# two in turn, which of them first changing from round to round; both must store the same bytes. WORK/ranks_speed.txt
# has the seconds of each round for the features (reading and encoding all images) and for the compensation (editing
# and storing), how many times as fast two ranks are, and the medians. It continues where it stopped.
#
# In the environment: ROUNDS (default 5), IPC (images to edit of each class, default 30), SIZE (pixels, default: the
# images'), OPTIONS (further words for dc3 condense, such as --editor FOLDER), MPIRUN (default "mpirun", with its
# options). A stage should take a minute or so by one rank, so that beginnings do not count, such as with 2,000 images
# of each class of CIFAR-10 (a folder of links to them): a round should take some three minutes (Zen 3).
set -eu
data=$(realpath "$1") work=$2
program=$(realpath "${DC3:-$(dirname "$0")/../../build/dc3}")-mpi
rounds=${ROUNDS:-5}
read -ra mpirun <<< "${MPIRUN:-mpirun}"
read -ra options <<< "${OPTIONS:-} ${SIZE:+--size $SIZE}"
export OMP_WAIT_POLICY=passive OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
mkdir -p "$work" && cd "$work"

condense() { # RANKS ROUND
  [[ ! -f $2-$1.json ]] || return 0
  rm -rf "run-$1" # of a call that was stopped: only a whole run is timed
  "${mpirun[@]}" -n "$1" "$program" condense "$data" -o "run-$1" --ipc "${IPC:-30}" --threads 1 --teacher none \
    --compensation random --no-report --json -q "${options[@]}" > "$2-$1.part"
  mv "$2-$1.part" "$2-$1.json"
}
for ((round = 1; round <= rounds; round++)); do
  for ranks in $((2 - round % 2)) $((1 + round % 2)); do condense $ranks $round; done
  [[ ! -d run-1 || ! -d run-2 ]] || diff -rq run-1/train run-2/train
done

seconds() { grep -o "\"$2[^\"]*\": *[0-9.]*" "$1" | grep -o '[0-9.]*$'; } # FILE STAGE
{
  printf '%-13s %-6s %9s %9s %7s\n' stage round '1 rank s' '2 ranks s' times
  for stage in features compensation; do
    for ((round = 1; round <= rounds; round++)); do
      echo "$round $(seconds "$round-1.json" $stage) $(seconds "$round-2.json" $stage)"
    done | awk -v stage=$stage '
      function median(x, n,  i, j, t) {
        for (i = 2; i <= n; i++) for (j = i; j > 1 && x[j - 1] > x[j]; j--) { t = x[j]; x[j] = x[j - 1]; x[j - 1] = t }
        return (x[int((n + 1) / 2)] + x[int(n / 2) + 1]) / 2
      }
      function row(round, one, two, times) { printf("%-13s %-6s %9.2f %9.2f %7.3f\n", stage, round, one, two, times) }
      { row($1, $2, $3, $2 / $3); one[NR] = $2; two[NR] = $3; times[NR] = $2 / $3 }
      END { row("median", median(one, NR), median(two, NR), median(times, NR)) }'
  done
} > ranks_speed.txt.part
mv ranks_speed.txt.part ranks_speed.txt
cat ranks_speed.txt
