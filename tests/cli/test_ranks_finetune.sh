#!/bin/bash
# dc3 finetune by several ranks: the files are those of one process for every number of them, also where another number
# continues; a lost rank is named.
source "$2/tests/cli/ranks.sh"
mini=$source/models/dc3-mini
images data/red_fox 4; images data/n01440764 5
echo '{"_class_name": "DiTTransformer2DModel", "num_attention_heads": 2, "attention_head_dim": 12, "in_channels": 4,
 "out_channels": 8, "num_layers": 2, "sample_size": 8, "patch_size": 2, "num_embeds_ada_norm": 2}' > dit.json
tune=(finetune data --from-scratch --config dit.json --model "$mini" --threads 1 --dtype f32 --batch 2 --lr 0.001)
quick=("${tune[@]}" --accumulate 4 --steps 6 --sample-every 3 --keep-every 4)
alike() { # FOLDER OTHER WHAT
  local file
  for file in $(cd "$1" && find . -name '*.safetensors' -o -name '*.png'); do
    cmp "$1/$file" "$2/$file" || fail "$3: $file"
  done
  diff <(grep -v seconds "$1/finetune.json") <(grep -v seconds "$2/finetune.json") || fail "$3: finetune.json"
}
expect 0 "result: one" "$dc3" "${quick[@]}" -o one
for n in 2 3 4; do
  expect 0 "result: by-$n" ranks $n "${quick[@]}" -o by-$n
  alike one by-$n "$n ranks"
done
[[ -s one/steps/4/transformer/diffusion_pytorch_model.safetensors || -n $(find one/steps -name '*.safetensors') ]] ||
  fail "no step is kept"
expect 0 "is complete: nothing is left to be trained" ranks 3 "${quick[@]}" -o by-3
# The mean of four batches is that of one of all of their images, but for rounding: the losses agree to four digits.
losses() { sed -n 's/.*loss \([0-9.]*\).*/\1/p' <<< "$1" | cut -c1-5 | tail -1; }
expect 0 "result: large" "$dc3" "${tune[@]}" --batch 8 --accumulate 1 --steps 6 --sample-every -1 -o large
large=$(losses "$output")
expect 0 "result: parts" "$dc3" "${tune[@]}" --accumulate 4 --steps 6 --sample-every -1 -o parts
[[ -n $large && $(losses "$output") == "$large" ]] || fail "parts have the loss $(losses "$output"), all at once $large"

expect 2 "--accumulate: expected a batch of each step for each of the 3 ranks or more" \
  ranks 3 "${tune[@]}" --steps 2 -o x
[[ $(grep -c "^dc3: " <<< "$output") == 1 ]] || fail "told by each rank: $output"
expect 0 "estimate" ranks 2 "${quick[@]}" --dry-run

# Lost ranks and an interruption.
long=("${tune[@]}" --accumulate 3 --steps 300 --sample-every 40)
"$dc3" "${long[@]}" -o long > log 2>&1 || fail "$(< log)"
continues() { # WHAT N
  [[ -d struck && ! -e struck/finetune.json ]] || fail "$1: nothing to continue"
  expect 0 "result: struck" ranks "$2" "${long[@]}" -o struck
  alike long struck "$1, and $2 ranks"
  rm -r struck
}
kept="what was done is kept"
strike KILL 1 "has ended; $kept: give the same command" "struck/samples/step-000040.png" "${long[@]}" -o struck
continues "a rank was killed" 2
strike STOP 2 "has not been heard of for 2 seconds; $kept" "struck/samples/step-000200.png" "${long[@]}" -o struck
continues "a rank was stopped" 3
DC3_LOCAL_RANKS=3 interrupt "struck/samples/step-000040.png" "" "$tools/dc3_local" "${long[@]}" -o struck
continues "interrupted" 1

by_mpi || exit 0
expect 0 "result: by-mpi" "${mpi[@]}" 3 "$dc3"-mpi "${quick[@]}" -o by-mpi
alike one by-mpi "MPI"
