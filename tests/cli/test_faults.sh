#!/bin/bash
# A run that survives: killed, interrupted, without room or rights to write, it ends with one sentence, and the same
# command again gives byte for byte what an undisturbed run gives.
source "$2/tests/cli/support.sh"
export OMP_WAIT_POLICY=passive ASAN_OPTIONS="${ASAN_OPTIONS:-}:verify_asan_link_order=0"
for class in red blue; do images "data/$class" 5; done
echo "not an image" > data/red/text.png
tiny_editor tiny
settings=(--ipc 2 --teacher none "${common[@]}" --editor tiny)
# The folder's settings know the name of the data, not of OUT.
run() { "$dc3" condense data -o "$1" "${settings[@]}" "${@:2}" 2>&1; }
same() { # folder, what was done to it
  same_run good "$1" > differences || fail "$2: the dataset differs: $(cat differences)"
  [[ $("$dc3" status "$1") == *complete* ]] || fail "$2: status does not say complete"
}
continue_and_compare() { run "$1" -q > log || fail "$2: the continuation fails: $(cat log)"; same "$1" "$2";
  rm -rf "$1"; }
start=$(date +%s%N); run good > log || fail "the undisturbed run: $(cat log)"
took=$((($(date +%s%N) - start) / 1000000))
kills=15; { ldd "$dc3" | grep -q libasan || ((took > 10000)); } && kills=5
echo "an undisturbed run takes $took ms; 5 kills by time, $kills at writes"
run again > log && same again "a second run"

# Killed at moments spread over the whole run. What they leave is what one of the writes below leaves, too; here nothing
# is between the program and its files.
for ((i = 0; i < 5; i++)); do
  # The program itself, not a shell that runs it: it holds its lock until it is gone, which is what is waited for.
  "$dc3" condense data -o out "${settings[@]}" > /dev/null 2>&1 & process=$!
  sleep "$(awk "BEGIN { print $took * ($i + 0.5) / 5 / 1000 }")"
  kill -9 $process 2> /dev/null; wait $process 2> /dev/null
  continue_and_compare out "killed after $i/5 of the time"
done

mkdir out && : > out/dc3.json.12345.part; continue_and_compare out "killed in the first write of dc3.json"

# Killed at writes spread over the whole run; and where the disk is full from other ones on.
faulty() { LD_PRELOAD=$tools/libfaulty_io.so DC3_FAULT=$1 "$dc3" condense data -o out "${settings[@]}" -q \
  > log 2>&1; }
faulty "count:$work/calls" || fail "counting writes: $(cat log)"
calls=$(cat calls); rm -rf out
((calls > 60)) || fail "only $calls writes are counted"
echo "$calls calls that write"
failures=0
for ((i = 0; i < kills; i++)); do
  n=$((1 + (calls - 1) * i / (kills - 1)))
  faulty "kill:$n"; status=$?
  # How often the progress is written depends on the time, so that a run may end before the last of the counted writes.
  [[ $status == 137 || ($status == 0 && $i -ge $((kills - 2))) ]] ||
    fail "kill at write $n of $calls: status $status: $(cat log)"
  continue_and_compare out "killed at write $n of $calls"
done
for ((i = 0; i < kills; i++)); do
  n=$((1 + (calls - 1) * (2 * i + 1) / (2 * kills))) how=fail; ((i % 2)) && how=half
  faulty "$how:$n"; status=$?
  if [[ $status == 1 ]]; then
    failures=$((failures + 1))
    [[ $(grep -c '^dc3: ' log) == 1 ]] || fail "a full disk at write $n: expected one sentence: $(cat log)"
    grep -qE "No space left|disk is full|disk I/O error" log || fail "a full disk at write $n: $(cat log)"
  else [[ $status == 0 ]] || fail "a full disk at write $n: status $status: $(cat log)"; fi
  find out -name '*.part' 2> /dev/null | grep -q . && fail "a full disk at write $n leaves a part of a file"
  continue_and_compare out "a full disk at write $n of $calls"
done
((failures > kills / 2)) || fail "only $failures of $kills full disks end a run"

# Interrupted: within two seconds, the status of the signal, how to resume.
for signal in INT:130 TERM:143; do
  "$dc3" condense data -o out --ipc 2 --teacher none --steps 200 "${common[@]}" > log 2>&1 & process=$!
  for ((i = 0; i < 300; i++)); do [[ $("$dc3" status out 2> /dev/null) == *"compensation"* ]] && break; sleep 0.1; done
  expect 0 "running   process $process" "$dc3" status out
  expect 0 '"state": "running"' "$dc3" status out --json
  expect 0 "state         running: process $process" "$dc3" info out
  expect 1 "process $process on $(hostname) is working in this folder" "$dc3" condense data -o out --ipc 2 \
    --teacher none --steps 200 "${common[@]}" -q
  expect 1 "process $process on $(hostname) is working in this folder" "$dc3" report out
  expect 1 "is working in this folder" "$dc3" report out -o page.html
  [[ ! -e out/report.html && ! -e page.html ]] || fail "a page of a run in progress"
  kill -"${signal%:*}" $process; start=$(date +%s%N); wait $process; status=$?
  took=$((($(date +%s%N) - start) / 1000000))
  [[ $status == "${signal#*:}" ]] || fail "SIG${signal%:*}: status $status"
  ((took < 2000 || kills < 15)) || fail "SIG${signal%:*}: ended after $took ms"
  grep -q "To continue: run the same command again" log || fail "SIG${signal%:*}: how to continue: $(cat log)"
  expect 0 "to continue: the command that began it" "$dc3" status out
  expect 0 "state         interrupted" "$dc3" info out
  [[ ! -e out/.lock ]] || fail "the lock is left"
  rm -rf out
done

# Inputs that are not as they were.
run out > log; touch data/red/1.png
run out -q > log || fail "a file whose time alone is new: $(cat log)"
cp -r data kept
cp data/red/2.png data/red/1.png; cp data/red/2.png data/red/new.png; rm data/blue/3.png
# A refusal changes nothing: neither what is known of the work nor its settings.
refused() { # text, options...
  before=$(cksum out/*.*)
  expect 1 "$1" run out "${@:2}"
  [[ $(cksum out/*.*) == "$before" ]] || fail "refused for '$1', and yet the run folder changes"
}
refused "1 changed: 'red/1.png', 1 gone: 'blue/3.png', 1 new: 'red/new.png'); put them back, or use --fresh" --strict
rm -rf data; cp -r kept data
rm "data/$(field out/train/metadata.jsonl source | head -1)"
refused "was selected but is not where it was in the dataset: files were removed or added; put them back, or use \
--fresh"
rm -rf data; cp -r kept data
refused "data/red/text.png: not an image in a format that is read" --strict
cp out/selection.json chosen && sed 's/"items": \[/&[999, "red\/9.png"], /' chosen > out/selection.json
refused "was selected but is not where it was"
cp chosen out/selection.json
[[ $(run out) != *warning* ]] || fail "times that differ where contents do not are no difference"
same out "inputs that are back"
cp data/red/2.png data/red/zz.png
expect 0 "warning: data: the images are not those with which the run began (1 new: 'red/zz.png')" run out
[[ $("$dc3" status out --json) == *'"inputs": 12,'*'"read": 10,'*'"skipped": 1,'*'"stored": 4,'*'"features": '* ]] ||
  fail "what was done is forgotten with another image: $("$dc3" status out --json)"
[[ $(run out) != *warning* ]] || fail "a difference is reported twice"
diff -r good/train out/train || fail "another image changes the dataset"
rm data/red/zz.png; rm -rf data; cp -r kept data; run out > log; grep -q "1 gone: 'red/zz.png'" log ||
  fail "a file that went: $(cat log)"

# What a run left is damaged or lost.
image=$(find out/train -name '*.png' | sort | head -1); head -c 100 "$image" > cut; cp cut "$image"
expect 0 "made again" run out; same out "an image that was truncated"
head -c 3000 /dev/urandom > out/state.db
expect 0 "is damaged or not finished and is made again" run out; same out "a damaged database"
rm out/state.db; expect 0 "4 images stored" run out; same out "a lost database"
chmod 755 out; expect 0 "complete" "$dc3" status out
expect 1 "expected the folder of a run" "$dc3" status data
expect 1 "found no folder" "$dc3" status nowhere
mkfifo queue && mkdir piped && cp out/dc3.json piped && mv queue piped/.lock
expect 0 "complete" timeout 20 "$dc3" status piped
expect 2 "expected one folder of a run or a comparison" "$dc3" status
"$dc3" train data --arch convnet3 --epochs 1 --size 16 --threads 1 -o t.safetensors -q > /dev/null &&
  expect 0 "" "$dc3" label out --teacher t.safetensors --views 3 -q
expect 0 "3 views of each image" "$dc3" status out

# Too little address space (the sanitizers need more than any limit).
if ! ldd "$dc3" | grep -q libasan; then
  expect 1 "the limit of address space (ulimit -v) is 614 MB" bash -c "ulimit -v 600000; '$dc3' --version"
  expect 0 "4 images stored" bash -c \
    "ulimit -v 4000000; '$dc3' condense data -o limited ${settings[*]} -q"
fi

# A small disk of its own, where a mount is allowed.
small() { unshare -rm bash -c 'mkdir -p disk && mount -t tmpfs -o size=1m none disk && "$@"' small "$@"; }
if small true 2> /dev/null; then
  full() { # leaves so many kB free, condenses, frees the rest, continues
    head -c $((1020 - $1))k /dev/zero > disk/filler
    "$dc3" condense data -o disk/out "${settings[@]}" -q > log 2>&1; status=$?
    rm disk/filler
    [[ $status == 1 ]] && grep -qE "No space left|disk is full|disk I/O error" log || {
      echo "with $1 kB: status $status: $(cat log)"; return 1; }
    run disk/out -q > log && same_run good disk/out && return
    echo "with $1 kB: the continuation: $(cat log)"; return 1
  }
  readonly_folder() {
    mkdir disk/out; mount -o remount,ro disk
    "$dc3" condense data -o disk/out "${settings[@]}" -q > log 2>&1; status=$?
    [[ $status == 2 ]] && grep -q "cannot be written to: Read-only file system" log && return
    echo "read-only: status $status: $(cat log)"; return 1
  }
  readable() {
    run disk/out -q > log; mount -o remount,ro disk
    [[ $("$dc3" status disk/out) == *complete* ]]
  }
  export -f full readonly_folder readable run same_run; export dc3 settings_text="${settings[*]}"
  for room in 4 12 40 60 90; do small bash -c 'read -ra settings <<< "$settings_text"; full '$room ||
    fail "a full disk"; done
  small bash -c 'read -ra settings <<< "$settings_text"; readonly_folder' || fail "a read-only folder"
  small bash -c 'read -ra settings <<< "$settings_text"; readable' || fail "the status of a run on a read-only disk"
else
  echo "not tested: small and read-only disks (no mount is allowed here)"
fi
echo "all checks passed"
