# What the tests of several ranks share.
# shellcheck shell=bash
source "$2/tests/cli/support.sh"
# ranks N COMMAND...: by so many processes, joined by sockets.
ranks() { DC3_LOCAL_RANKS=$1 "$tools/dc3_local" "${@:2}"; }
# gradual FOLDER COUNT: COUNT images of each of the classes red and blue, no two alike.
gradual() {
  local class i colour
  for class in red blue; do
    mkdir -p "$1/$class"
    for ((i = 1; i <= $2; i++)); do
      [[ $class == red ]] && colour=($((110 + 6 * i)) $((8 * i)) 60) || colour=(40 $((200 - 6 * i)) $((90 + 6 * i)))
      "$make" "$1/$class/$i.png" $((44 + i)) $((60 - i)) "${colour[@]}" || fail "make_image"
    done
  done
}
# pages FOLDER COUNT: COUNT images of each of the classes red and blue, of which a second one in their files is noted.
pages() {
  local class i n
  for class in red blue; do
    mkdir -p "$1/$class"
    for ((i = 1; i <= $2; i++)); do
      n=$((10 * i + ${#class}))
      printf 'P6 8 8 255\n%0192d' $n $n > "$1/$class/$i.ppm"
    done
  done
}
# said LOG: the warnings and notes in it.
said() { grep -E '^(warning|note|skipped): ' "$1" | sort; }
happens() { if [[ $1 == "says: "* ]]; then [[ $(< log) == *"${1#says: }"* ]]; else compgen -G "$1" > /dev/null; fi; }
# strike SIGNAL RANK TEXT PATTERN COMMAND...: by three ranks, one of which gets the signal once there is a file of the
# pattern, or of "says: TEXT" that in what is printed; the command must say so, and leave nobody.
strike() {
  local process others status i
  : > log
  DC3_SILENCE=2 DC3_LOCAL_RANKS=3 "$tools/dc3_local" "${@:5}" > log 2>&1 & process=$!
  for ((i = 0; i < 4000; i++)); do happens "$4" && break; sleep 0.01; done
  read -ra others <<< "$process $(pgrep -P $process | tr '\n' ' ')"
  kill -"$1" "${others[$2]}"
  wait $process; status=$?
  [[ $status == 1 && $(tail -1 log) == "dc3: rank $2 (process ${others[$2]} on "*") $3"* ]] ||
    fail "$1: status $status: $(< log)"
  for i in "${others[@]}"; do kill -0 "$i" 2> /dev/null && fail "$1: process $i is left"; done
}
# by_mpi: 0 where there is MPI, and then in `mpi` the beginning of a command; else says that it is not tried.
by_mpi() {
  if ! command -v mpirun > /dev/null || [[ ! -x ${dc3%/*}/dc3-mpi ]]; then
    echo "not tried: MPI, which is not there"
    return 1
  fi
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
  export ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 # MPI's own
  mpi=(mpirun --oversubscribe -n)
}
