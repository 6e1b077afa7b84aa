#!/bin/bash
# dc3 pull where something goes wrong: connections, servers, files, disks, interruptions, other processes.
source "$(dirname "$0")/common.sh"
source "$(dirname "$0")/hub.sh"
tiny cut whole early past busy down wrong long other up root back huge vast slow slow2 slow-whole loose stall plain \
  kept never mirror shut
serve

# Connections that end after each tenth, servers without parts, or without lengths, refused parts: the whole comes.
pulls cut
[[ $(grep -c '"cdn".*t/cut.*bytes=' hub.log) == 9 ]] || fail "parts of what was cut: $(grep t/cut hub.log)"
pulls whole
pulls early
mkdir -p $cache/models--t--past/blobs
head -c 5000 models/t/past/model.safetensors > \
  $cache/models--t--past/blobs/"$(sha256sum < models/t/past/model.safetensors | cut -d' ' -f1)".incomplete
pulls past
expect 0 "result" env HF_HUB_DOWNLOAD_TIMEOUT=1 timeout 300 "$dc3" pull hf:t/stall
pulls stall
pulls mirror
expect 1 "answers with error 416" timeout 300 "$dc3" pull hf:t/never
expect 1 "hf:t/shut: http://127.0.0.2:$large, where $HF_ENDPOINT leads, answers with error 403" "$dc3" pull hf:t/shut
pulls busy
[[ $output == *"error 429; trying again in 2 s"* ]] || fail "RateLimit: $output"
expect 1 "it answers with error 503; tried 5 times" "$dc3" pull hf:t/down
[[ $(grep -c '"hub".*t/down' hub.log) == 5 ]] || fail "tries: $(grep t/down hub.log)"
expect 1 "hf:tired/none: no such model" "$dc3" pull hf:tired/none
[[ $(grep -c 'author=tired' hub.log) == 1 ]] || fail "a hint is waited for: $(grep tired hub.log)"
expect 1 "is there a network?" env HF_ENDPOINT=http://127.0.0.1:9 "$dc3" pull hf:t/plain
expect 2 "HF_ENDPOINT: expected https://HOST" env HF_ENDPOINT=ftp://x "$dc3" pull hf:t/plain

# Files that are not what the hub lists, and lists that lead elsewhere: nothing is kept, nothing is named.
for name in wrong:"expected the hash" long:"it sends more" other:"try again later" up:"'../up.json'" \
  root:"'/root.json'" back:"which is no path within the repository" \
  vast:"of more than 2^50 bytes" huge:"and the disk has room for"; do
  expect 1 "${name#*:}" "$dc3" pull hf:t/${name%%:*}
  expect 1 "not in the cache" "$dc3" info hf:t/${name%%:*}
done
for name in $cache/models--t--{up,huge,vast} up.json $HF_HOME/up.json; do
  [[ ! -e $name ]] || fail "$name was made"; done
! compgen -G "$cache/models--t--wrong/blobs/*.incomplete" > /dev/null || fail "wrong bytes are kept"

# The beginning of a file that is damaged: it comes whole once more.
digest=$(sha256sum < models/t/kept/model.safetensors | cut -d' ' -f1)
mkdir -p $cache/models--t--kept/blobs && head -c 50000 /dev/zero > $cache/models--t--kept/blobs/$digest.incomplete
pulls kept

# Interrupted: a call goes on where that stopped. Of two at once one waits.
interrupt "$cache/models--t--slow/blobs/*.incomplete" "fetching: " "$dc3" pull hf:t/slow
expect 1 "not in the cache" "$dc3" info hf:t/slow
expect 0 "files that are not whole yet" "$dc3" pull --list
pulls slow
grep '"cdn".*t/slow/' hub.log | tail -1 | grep -q '"range": "bytes=[1-9]' ||
  fail "it began anew: $(grep t/slow/ hub.log)"
"$dc3" pull hf:t/slow2 > first 2>&1 & first=$!
for ((i = 0; i < 500; i++)); do compgen -G "$cache/models--t--slow2/blobs/*.incomplete" > /dev/null && break
  sleep 0.01; done
pulls slow2
wait $first || fail "the first of two: $(< first)"
[[ $(grep -c '"cdn".*t/slow2' hub.log) == 1 ]] || fail "both fetched: $(grep t/slow2 hub.log)"

# Two at once under locks that keep nobody out: of one that is held up before it renames the file, and of one during
# which another begins anew, each has the right bytes at its end.
blobs() { echo "$cache/models--t--$1/blobs/$(sha256sum < "models/t/$1/model.safetensors" | cut -d' ' -f1)"; }
loose() {
  DC3_FAULT=$1 LD_PRELOAD=$tools/libfaulty_io.so ASAN_OPTIONS="${ASAN_OPTIONS:-}:verify_asan_link_order=0" \
    exec "$dc3" pull "${@:2}"
}
await() { # WHAT COMMAND...
  local i
  for ((i = 0; i < 1000; i++)); do "${@:2}" && return; sleep 0.01; done
  fail "$1"
}
stopped() { [[ $(cut -d' ' -f3 "/proc/$1/stat") == T ]]; }
(loose "stop:rename=$(blobs loose)$" hf:t/loose) > first 2>&1 & first=$!
await "the first does not come to its renaming" stopped $first
(loose lock:loose hf:t/loose) > second 2>&1 || fail "the second: $(< second)"
kill -CONT $first; wait $first || fail "the first: $(< first)"
cmp models/t/loose/model.safetensors "$(place loose model.safetensors)" || fail "other bytes"

part=$(blobs slow-whole).incomplete half=$(($(stat -c %s models/t/slow-whole/model.safetensors) / 2))
size() { stat -c %s "$part" 2> /dev/null || echo 0; }
has_half() { (($(size) > half)); }
has_less() { (($(size) < half && $(size) > 0)); }
(loose lock:loose hf:t/slow-whole) > first 2>&1 & first=$!
await "the first does not come to the half" has_half
kill -STOP $first
(loose lock:loose hf:t/slow-whole) > second 2>&1 & second=$!
await "the second does not begin anew" has_less
kill -KILL $second; wait $second 2> /dev/null
kill -CONT $first; wait $first || fail "the first: $(< first)"
cmp models/t/slow-whole/model.safetensors "$(place slow-whole model.safetensors)" || fail "other bytes"

# While a call holds the model's lock it is not removed.
exec 9> "$cache/.locks/models--t--kept/pull.lock"
flock -s 9 || fail "flock"
expect 1 "another process fetches it" "$dc3" pull --remove hf:t/kept
exec 9>&-
expect 0 "removed: hf:t/kept" "$dc3" pull --remove hf:t/kept

# A folder where nothing can be written; root writes anywhere.
if ((EUID)); then
  mkdir locked && chmod 500 locked
  expect 1 "locked" env HF_HUB_CACHE=$work/locked/hub "$dc3" pull hf:t/plain
fi
echo > blocked
expect 1 "blocked" env HF_HUB_CACHE=$work/blocked/hub "$dc3" pull hf:t/plain

# A proxy is asked; without it there is no such host.
expect 1 "no-such-host.invalid" env HF_ENDPOINT=http://no-such-host.invalid "$dc3" pull hf:t/plain
expect 0 "result" env HF_ENDPOINT=http://no-such-host.invalid http_proxy=$HF_ENDPOINT no_proxy=127.0.0.2 \
  "$dc3" pull hf:t/plain

expect 1 "407" env HF_ENDPOINT=https://no-such-host.invalid https_proxy=$HF_ENDPOINT no_proxy= \
  "$dc3" pull hf:t/plain
[[ $(grep -c CONNECT hub.log) == 1 ]] || fail "a proxy that refuses is asked again"
for proxy in odd://user:secret@127.0.0.1 'http://user:secret@127.0.0.1:x'; do
  expect 1 "https_proxy or http_proxy" env HF_ENDPOINT=http://no-such-host.invalid http_proxy=$proxy no_proxy= \
    "$dc3" pull hf:t/plain
  [[ $output != *secret* ]] || fail "the proxy's password is shown: $output"
done

# TLS: a certificate that nobody vouches for is refused; no redirect leaves https.
if command -v openssl > /dev/null; then
  openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out own.pem -days 2 -subj /CN=hub \
    -addext subjectAltName=IP:127.0.0.1 2> /dev/null || fail "openssl"
  cat key.pem own.pem > both.pem
  : > ports && serve both.pem
  expect 1 "certificate" env HF_TOKEN=good "$dc3" pull hf:t/cut:config.json
  ! grep -q Bearer hub.log || fail "the token was told to who is not the hub"
  rm -r $cache
  expect 0 "result" env SSL_CERT_FILE=own.pem "$dc3" pull hf:t/cut:config.json
  expect 1 "a redirect that leaves https" env SSL_CERT_FILE=own.pem "$dc3" pull hf:t/cut
fi
exit 0
