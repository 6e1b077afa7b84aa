#!/bin/bash
# How long `dc3 condense` takes to stop while a large editor works: interrupt.sh DATA EDITOR [TRIES] [SIZE]. DATA: a
# folder with a folder per class; EDITOR: a diffusers directory, of full size for instance tools/golden/full_size.py's
# with tokenizer/, scheduler/ and model_index.json. Each try resumes the same run, waits for its edits, some
# random seconds more, and sends SIGINT or SIGTERM. By hand.
set -eu
dc3=${DC3:-$(dirname "$0")/../build/dc3}
data=$1 editor=$2 tries=${3:-10} size=${4:-512}
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
milliseconds() { echo $(($(date +%s%N) / 1000000)); }
for ((i = 0; i < tries; i++)); do
  if ((i % 2)); then signal=TERM wanted=143; else signal=INT wanted=130; fi
  "$dc3" condense "$data" -o "$work/out" --ipc 1 --teacher none --editor "$editor" --size "$size" 2> "$work/log" &
  pid=$!
  until "$dc3" status "$work/out" --json 2> /dev/null | grep -q '"stage": *"compensation'; do
    kill -0 $pid 2> /dev/null || { echo "the run ended before its edits:"; cat "$work/log"; exit 1; }
    sleep 0.2
  done
  pause=$((RANDOM % 20)).$((RANDOM % 10))
  sleep "$pause"
  kill -0 $pid 2> /dev/null || { echo "the run ended; give it more classes"; exit 1; }
  begin=$(milliseconds)
  kill -$signal $pid
  status=0; wait $pid || status=$?
  echo "SIG$signal after $pause s of edits: stopped in $(($(milliseconds) - begin)) ms," \
    "exit $status (expected $wanted): $(tail -n 1 "$work/log")"
  ((status == wanted)) || exit 1
done
