#!/bin/bash
# File systems whose locks are not those of a local disk: none of open file descriptions, none at all, and locks that
# keep nobody out. tests/support/faulty_io.c plays them.
source "$2/tests/cli/support.sh"
export OMP_WAIT_POLICY=passive ASAN_OPTIONS="${ASAN_OPTIONS:-}:verify_asan_link_order=0"
for class in red blue; do images "data/$class" 5; done
settings=(--ipc 2 --method random "${common[@]}")
on() { # FILE SYSTEM COMMAND...
  LD_PRELOAD=$tools/libfaulty_io.so DC3_FAULT=lock:$1 "${@:2}"
}
run() { "$dc3" condense data -o "$1" "${settings[@]}" "${@:2}"; }
run good -q > log 2>&1 || fail "the undisturbed run: $(cat log)"

# flock's in place of those: who comes second is told, and status sees who is at work.
long=("$dc3" condense data -o flocked --ipc 2 --teacher-arch convnet3 --teacher-epochs 5000 "${common[@]}")
LD_PRELOAD=$tools/libfaulty_io.so DC3_FAULT=lock:ofd "${long[@]}" > log 2>&1 & process=$!
for ((i = 0; i < 300; i++)); do
  [[ $(on ofd "$dc3" status flocked 2> /dev/null) == *"running"* ]] && break; sleep 0.1
done
expect 0 "running   process $process" on ofd "$dc3" status flocked
expect 1 "process $process on" on ofd "${long[@]}"
kill -KILL $process; wait $process 2> /dev/null
[[ $(on ofd "$dc3" status flocked) != *running* ]] || fail "one that was killed is at work"
grep -q warning log && fail "a warning of locks that are there: $(cat log)"
on ofd run ofd -q > log 2>&1 && same_run good ofd || fail "without locks of open file descriptions: $(cat log)"
grep -q warning log && fail "a warning of locks that are there: $(cat log)"

# None at all: the same run, and one line that says so; also where one was killed, which it names.
none="warning: the file system has no locks (Function not implemented): nothing keeps a second dc3 out of this folder"
on none run none > log 2>&1 && same_run good none || fail "without locks: $(cat log)"
[[ $(grep -c "has no locks" log) == 1 ]] || fail "expected one warning: $(cat log)"
grep -qF "$none" log || fail "expected '$none': $(cat log)"
grep -q "names process" log && fail "a process that is not there: $(cat log)"
[[ ! -e none/.lock ]] || fail "the file of the lock is left"
expect 0 "complete" on none "$dc3" status none
echo "process 1234 on elsewhere" > none/.lock
expect 0 ".lock names process 1234 on elsewhere: see to it that it has ended" on none run none
expect 0 "" on none run tarred --store tar
expect 0 "$none" on none "$dc3" take none --ipc 1 -o smaller
evaluation=(--val data --labels hard --epochs 1 --threads 1 --size 16 --arch convnet3 --seeds 1 --dtype f32)
expect 0 "$none" on none "$dc3" compare data --methods random,jitter --ipc 1 -o table "${evaluation[@]}" \
  --teacher none
[[ $(grep -c "has no locks" <<< "$output") == 1 ]] || fail "expected one warning: $output"

# Locks that keep nobody out: of scores that are added at once none is lost. The first is held up before it writes, so
# that the second is done meanwhile; then both again, the first between its last look and its writing.
score() { # FAULT LR
  LD_PRELOAD=$tools/libfaulty_io.so DC3_FAULT=$1 exec "$dc3" evaluate good --val data --labels hard --size 16 \
    --epochs 1 --threads 1 --dtype f32 --lr "$2" -o scores.json -q
}
scores() { grep -c '"date":' scores.json 2> /dev/null; }
stopped() { [[ $(cut -d' ' -f3 "/proc/$1/stat") == T ]]; }
await() { # WHAT COMMAND...
  local i
  for ((i = 0; i < 3000; i++)); do "${@:2}" && return; sleep 0.01; done
  fail "$1"
}
(score stop:fsync=scores.json 0.001) > first 2>&1 & first=$!
await "the first does not come to its writing" stopped $first
(score lock:loose 0.002) > second 2>&1 || fail "the second: $(cat second)"
kill -CONT $first; wait $first || fail "the first: $(cat first)"
[[ $(scores) == 2 ]] || fail "of two scores one is lost: $(grep '"lr": ' scores.json)"
(score 'stop:rename=scores.json$' 0.003) > first 2>&1 & first=$!
await "the first does not come to its renaming" stopped $first
(score lock:loose 0.004) > second 2>&1 & second=$!
three() { [[ $(scores) == 3 ]]; }
await "the second does not write" three
kill -STOP $second
kill -CONT $first; wait $first || fail "the first: $(cat first)"
kill -CONT $second; wait $second || fail "the second: $(cat second)"
[[ $(scores) == 4 ]] || fail "of four scores one is lost: $(grep '"lr": ' scores.json)"
compgen -G '*.part' > /dev/null && fail "something is left: $(ls -A)"
echo "locks: flock's are taken where there are no others, none are a warning, and loose ones lose no scores"
