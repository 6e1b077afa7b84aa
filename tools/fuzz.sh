#!/bin/bash
# Runs each fuzz target for SECONDS_EACH (default 20) from its corpus; findings stay in build-fuzz/findings.
cd "$(dirname "$0")/.." || exit 1
mkdir -p build-fuzz/findings
export LSAN_OPTIONS=suppressions=$PWD/tests/lsan.supp:print_suppressions=0
for target in build-fuzz/tests/fuzz/fuzz_*; do
  [[ -x $target && -f $target ]] || continue
  name=${target##*/fuzz_}
  work=build-fuzz/corpus-$name && mkdir -p "$work"
  seeds=(tests/fuzz/corpus/"$name")
  if [[ $name == config ]]; then
    mkdir -p build-fuzz/seeds-config
    n=0; for file in tests/golden/*/config.json tests/golden/*/*/*config.json models/*/*/*config.json; do
      [[ -f $file ]] && cp "$file" build-fuzz/seeds-config/$((n++)); done
    seeds+=(build-fuzz/seeds-config)
  fi
  [[ $name == pth ]] && seeds+=(tests/golden/pth tests/golden/pth/damaged)
  [[ $name == image ]] && seeds+=(tests/golden/images)
  echo "$name: ${SECONDS_EACH:-20} s"
  "$target" -max_total_time="${SECONDS_EACH:-20}" -max_len=16384 -timeout=10 -rss_limit_mb=2048 \
    -artifact_prefix=build-fuzz/findings/"$name"- \
    -print_final_stats=1 "$work" "${seeds[@]}" 2>&1 |
    grep -E "ERROR|SUMMARY|stat::number_of_executed|Test unit written|runtime error" || true
  [[ ${PIPESTATUS[0]} == 0 ]] || exit 1
done
