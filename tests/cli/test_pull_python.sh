#!/bin/bash
# The cache is one with that of Python's huggingface_hub: what either fetches the other finds. $PYTHON has it.
source "$(dirname "$0")/common.sh"
source "$(dirname "$0")/hub.sh"
[[ -n ${PYTHON:-} ]] && "$PYTHON" -c 'import huggingface_hub' 2> /dev/null || {
  echo "skipped: \$PYTHON has no huggingface_hub"; exit 77; }
export HF_HUB_DISABLE_XET=1 HF_HUB_DISABLE_TELEMETRY=1 HF_HUB_DISABLE_PROGRESS_BARS=1
tiny ours theirs held
mkdir -p models/t/ours/unet models/t/theirs/unet
seq 3000 > models/t/ours/unet/weights.safetensors && cp models/t/ours/unet/* models/t/theirs/unet/
serve
python() { "$PYTHON" -c "from huggingface_hub import *; $1" 2>&1; }

# Python finds ours without the network, and fetches no byte with it.
pulls ours
expect 0 "result" "$dc3" pull hf:t/ours:unet/weights.safetensors
expect 0 "$(place ours model.safetensors)" env HF_HUB_OFFLINE=1 "$PYTHON" -c \
  "from huggingface_hub import *; print(hf_hub_download('t/ours', 'model.safetensors'))"
cdn=$(grep -c '"cdn"' hub.log)
found=$(python "print(snapshot_download('t/ours'))") && [[ $found == *"$(dirname "$(place ours config.json)")"* ]] ||
  fail "Python: $found"
[[ $(grep -c '"cdn"' hub.log) == "$cdn" ]] || fail "Python fetches again what is there"
found=$(python "print(scan_cache_dir().warnings, [r.repo_id for r in scan_cache_dir().repos])")
[[ $found == "[] ['t/ours']" ]] || fail "Python's view of the cache: $found"

# We find theirs.
found=$(python "print(snapshot_download('t/theirs'))") || fail "Python: $found"
cdn=$(grep -c '"cdn"' hub.log)
expect 0 "$(place theirs unet/weights.safetensors)" env HF_HUB_OFFLINE=1 \
  "$dc3" pull hf:t/theirs:unet/weights.safetensors
expect 0 "to fetch: nothing" "$dc3" pull hf:t/theirs
[[ $(grep -c '"cdn"' hub.log) == "$cdn" ]] || fail "we fetch again what is there"
expect 0 "hf:t/theirs  main" "$dc3" pull --list

# While Python holds a file's lock we wait.
digest=$(sha256sum < models/t/held/model.safetensors | cut -d' ' -f1)
mkdir -p $cache/.locks/models--t--held
"$PYTHON" -c "import filelock, time
with filelock.FileLock('$cache/.locks/models--t--held/$digest.lock'):
    open('taken', 'w').close()
    time.sleep(1)" & holder=$!
for ((i = 0; i < 1000; i++)); do [[ -e taken ]] && break; sleep 0.01; done
expect 0 "model.safetensors: another process fetches it" "$dc3" pull hf:t/held
wait $holder
