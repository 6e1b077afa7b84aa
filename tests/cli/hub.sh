# Sourced behind common.sh: the hub of tests/support/hub.py, a cache of its own, and models.
# shellcheck shell=bash
command -v python3 > /dev/null || { echo "skipped: no python3 to play the hub"; exit 77; }
for variable in HF_TOKEN HF_TOKEN_PATH HUGGING_FACE_HUB_TOKEN HF_HUB_DISABLE_IMPLICIT_TOKEN HF_HUB_CACHE \
  HUGGINGFACE_HUB_CACHE HF_HUB_OFFLINE TRANSFORMERS_OFFLINE HF_HUB_DOWNLOAD_TIMEOUT http_proxy https_proxy all_proxy \
  HTTP_PROXY HTTPS_PROXY ALL_PROXY CURL_CA_BUNDLE SSL_CERT_FILE; do unset $variable; done
export HF_HOME=$work/hf no_proxy='*'
cache=$HF_HOME/hub
servers=()
trap '(( ${#servers[@]} )) && kill "${servers[@]}"; rm -rf "$work"' EXIT
# serve [CERTIFICATE]: starts a hub of the folder "models", its requests in "hub.log"; `port` is the hub's, `large`
# that of the other host, which has the large files.
serve() {
  python3 "$source/tests/support/hub.py" models hub.log "$@" > ports & servers+=($!)
  local i
  for ((i = 0; i < 500; i++)); do [[ -s ports ]] && break; sleep 0.02; done
  read -r port large < ports || fail "the hub does not start"
  export HF_ENDPOINT=http${1:+s}://127.0.0.1:$port
}
# tiny NAME...: models t/NAME of one large file, weights.safetensors, and a small one.
tiny() {
  local name
  for name; do
    mkdir -p models/t/$name
    seq "${#name}" 20000 > models/t/$name/weights.safetensors
    echo "{\"name\": \"$name\"}" > models/t/$name/config.json
    mv models/t/$name/weights.safetensors models/t/$name/model.safetensors
  done
}
# place NAME FILE: where the cache has a file of t/NAME on the branch main.
place() { echo "$cache/models--t--$1/snapshots/$(< "$cache/models--t--$1/refs/main")/$2"; }
# pulls NAME [OPTION...]: fetches t/NAME, whose large file must then be what the hub has.
pulls() {
  expect 0 "result: $cache/models--t--$1/snapshots/" "$dc3" pull "hf:t/$1" "${@:2}"
  cmp "models/t/$1/model.safetensors" "$(place "$1" model.safetensors)" || fail "$1: other bytes"
}
