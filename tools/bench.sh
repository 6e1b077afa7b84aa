#!/bin/bash
# Runs every benchmark that was built; with PYTHON set to one that has torch and diffusers, their programs beside ours.
cd "$(dirname "$0")/.." || exit 1
echo "$(date -I) $(sed -n 's/^model name\t*: //p' /proc/cpuinfo | head -1), $(nproc) cores"
for type in f32 bf16; do build/bench/bench_unet $type && build/bench/bench_vae $type || exit 1; done
build/bench/bench_attention && build/bench/bench_select && build/bench/bench_bins && build/bench/bench_optimizer &&
  build/bench/bench_augment && build/bench/bench_features || exit 1
if [[ -n ${PYTHON:-} ]]; then
  "$PYTHON" bench/diffusers_unet.py
  "$PYTHON" bench/diffusers_vae.py
  "$PYTHON" bench/select_numpy.py build/dc3 build/bench/bench_select
  "$PYTHON" bench/sklearn_bins.py build/bench/bench_bins
fi
for step in "sd15 256" "sd15 512" "dit 256"; do
  read -ra words <<< "$step"
  build/bench/bench_finetune "${words[@]}" || exit 1
  if [[ -n ${PYTHON:-} ]]; then "$PYTHON" bench/diffusers_finetune.py "${words[@]}"; fi
done
