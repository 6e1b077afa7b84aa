# The steps of same_bytes.sh, by groups. Each works in the folder that the steps before it left; ../data holds what
# both programs read.
# shellcheck shell=bash disable=SC2154
groups=(setup help misuse condense resume methods select edit train evaluate compare measure report cifar)
two="--threads 2"                        # the bytes depend on the number of threads
f32="$two --dtype f32" bf16="$two --dtype bf16"
small="$f32 --size 32 --ipc 1"           # one image a class
taught="--teacher teacher.safetensors"

# Three classes of eight stamps, and of three for what takes long; files that are no images; an editor that every
# sampler can run. A teacher and a run.
steps_setup() {
  local class
  link "$stamps" "$work/data/stamps" 3 8
  link "$stamps" "$work/data/few" 3 3
  class=$(find "$work/data/stamps" -mindepth 1 -maxdepth 1 | LC_ALL=C sort | head -n 1)
  echo "no image" > "$class/text.png"
  head -c 100 "$(find "$class" -type l | LC_ALL=C sort | head -n 1)" > "$class/cut.png"
  cp -r "$here/../models/dc3-mini" "$work/data/editor"
  sed -i 's/\("rescale_betas_zero_snr": \)true/\1false/' "$work/data/editor/scheduler/scheduler_config.json"
  printf 'warm: a red desert\nwarm: candle light\ncold: a blue night\ncold: fog\n' > "$work/data/prompts.txt"
  # Embeddings, logits, labels and bins of 60 rows of three classes, for `select --from`.
  perl -e 'srand 1; my ($n, $d, $c, $at, @head, $data) = (60, 5, 3, 0);
    my $x = pack "f<*", map { rand() - 0.5 } 1 .. $n * $d; my $z = pack "f<*", map { 4 * rand() } 1 .. $n * $c;
    my $y = pack "q<*", map { $_ % $c } 0 .. $n - 1; my $b = pack "q<*", map { int($_ / 3) % 4 } 0 .. $n - 1;
    for (["embeddings", "F32", "$n,$d", $x], ["logits", "F32", "$n,$c", $z], ["labels", "I64", $n, $y],
         ["bins", "I64", $n, $b]) {
      my ($name, $type, $shape, $values) = @$_; my $end = $at + length $values;
      push @head, qq("$name":{"dtype":"$type","shape":[$shape],"data_offsets":[$at,$end]});
      $at = $end; $data .= $values;
    }
    my $head = "{" . join(",", @head) . "}"; $head .= " " x (-length($head) % 8);
    print pack("Q<", length $head), $head, $data' > "$work/data/rows.safetensors"
  step setup-teacher train ../data/stamps -o teacher.safetensors --arch convnet3 --size 32 --epochs 2 --batch 16 $f32
  step setup-run condense ../data/stamps -o run --ipc 3 $taught --size 48 $f32
}

steps_help() {
  local command
  refused help
  for command in --help --version help; do step "help$command" "$command"; done
  for command in condense bins select compensate edit contact label train evaluate compare measure status info \
    report; do
    step "help-$command" "$command" --help
  done
  for command in pull finetune sample condens; do refused "help-$command" "$command" --help; done
}

# What is refused, and with which words.
steps_misuse() {
  refused misuse-option condense ../data/stamps -o x --ipx 3
  refused misuse-number condense ../data/stamps -o x --ipc ten
  refused misuse-range condense ../data/stamps -o x --ipc 0
  refused misuse-word condense ../data/stamps -o x --fit tall
  refused misuse-method condense ../data/stamps -o x --method magic
  refused misuse-guidance condense ../data/stamps -o x --guidance -2
  refused misuse-nothing condense
  refused misuse-data condense nowhere -o x
  refused misuse-output condense ../data/stamps
  refused misuse-strict condense ../data/stamps -o x --strict $small --teacher none
  refused misuse-editor condense ../data/stamps -o x --editor ../data
  refused misuse-teacher condense ../data/stamps -o x --teacher ../data/rows.safetensors
  refused misuse-size select ../data/stamps -o x.jsonl $taught --teacher-size 64
  refused misuse-edit edit run/dc3.json --prompt sunny -o x.png
  refused misuse-prompt edit nowhere.png -o x.png
  refused misuse-from select --from teacher.safetensors
  refused misuse-label label ../data/stamps --teacher nowhere -o x.safetensors
  refused misuse-evaluate evaluate run --val nowhere $taught $f32
  refused misuse-compare compare ../data/stamps -o x
  refused misuse-measure measure nowhere
  refused misuse-train train ../data/stamps -o x.safetensors --arch vgg99
  refused misuse-info info nowhere
  refused misuse-report report ../data/stamps
}

# The pipeline in both types and each of its options, several in a step.
steps_condense() {
  local one="$two --teacher none --ipc 1 --size 32" editor="--editor ../data/editor"
  step condense-bf16 condense ../data/stamps -o b16 --ipc 2 --teacher none --size 64 $bf16
  step condense-bf16-teacher condense ../data/few -o b16t --ipc 2 $taught --size 40 $bf16 --json -q
  step condense-own-teacher condense run/train -o own --ipc 1 --size 32 $f32 # of images of 48 pixels: a ConvNet-3
  step condense-defaults condense ../data/few -o defaults --ipc 2 --teacher none $two
  step condense-grid condense ../data/few -o grid --combine grid --detail edit --fit squash --format webp $one \
    --dtype f32
  step condense-random condense ../data/few -o random --combine random $editor --sampler euler --steps 3 \
    --guidance 3 --fit pad --format jpeg $one --dtype f32
  step condense-fourfold condense ../data/few -o fourfold --combine fourfold $editor --sampler euler-ancestral \
    --steps 2 $one --dtype bf16 -q
  step condense-prompts condense ../data/few -o prompts --prompts ../data/prompts.txt --seed 7 $editor \
    --sampler dpmpp-2m --steps 3 --image-guidance 1.3 $one --dtype f32
  step condense-guidance condense ../data/few -o guidance --sampler ddim --steps 2 --guidance 0 --image-guidance 0 \
    --bins 1 --feature-size 48 --no-report $one --dtype f32
  step condense-more condense ../data/few -o more --ipc 6 --bins 2 --size 24 $f32 --teacher none -q
  step condense-cache condense ../data/stamps -o cached --cache cache $small --teacher none
  step condense-cached condense ../data/stamps -o cached2 --cache cache $small --teacher none --seed 3
  step condense-dry condense ../data/few -o dry --ipc 2 --teacher none $two --dry-run
  step condense-double condense ../data/stamps -o doubled --gradient double-softmax $taught --method dc3-select \
    --ipc 2 $f32 --size 32
  step compensate compensate ../data/few -o compensated --size 32 --combine fourfold --json $bf16
}

# A run that resumes, that has other settings, and that starts over.
steps_resume() {
  step resume-copy sh 'cp -r run again'
  step resume-complete condense ../data/stamps -o again --ipc 3 $taught --size 48 $f32
  step resume-lost sh 'rm "$(find again/train -name "*.png" | sort | head -n 1)" again/report.html'
  step resume condense ../data/stamps -o again --ipc 3 $taught --size 48 $f32
  step resume-same sh 'diff -r run/train again/train'
  step resume-state sh 'rm -f again/state.db* && rm "$(find again/train -name "*.png" | sort | tail -n 1)"'
  step resume-without condense ../data/stamps -o again --ipc 3 $taught --size 48 $f32
  refused resume-other condense ../data/stamps -o again --ipc 2 $taught --size 48 $f32
  step resume-fresh condense ../data/stamps -o again --method random --fresh $small -q
}

steps_methods() {
  local method
  for method in jitter grayscale blur random; do
    step "method-$method" condense ../data/few -o "m-$method" --method $method --ipc 2 --size 32 $f32 --teacher none -q
  done
  step method-dq condense ../data/stamps -o m-dq --method dq --ipc 2 --bins 3 --size 32 $f32 $taught
  step method-rded condense ../data/stamps -o m-rded --method rded --ipc 2 --size 32 $f32 $taught
  step method-rded-stitched condense ../data/few -o m-rded2 --method rded --factor 2 --combine fourfold --ipc 1 \
    --size 32 $f32 $taught --seed 5 -q
  for method in dc3-select kmeans herding k-center graph-cut dq; do
    step "select-$method" select ../data/stamps -o "$method.jsonl" --method $method --ipc 3 --cache methods $f32 -q
  done
}

steps_select() {
  local objective maximizer
  for objective in graph-cut facility-location log-determinant; do
    for maximizer in naive lazy stochastic approximate-lazy; do
      step "select-$objective-$maximizer" \
        select --from ../data/rows.safetensors --ipc 6 --bins 3 --objective $objective --maximizer $maximizer \
        --json $two
    done
  done
  step bins bins ../data/stamps -o bins.jsonl --bins 3 $f32
  step bins-bf16 bins ../data/few -o bins16.jsonl --bins 2 --feature-size 32 --seed 2 $bf16 --json -q
  step select-teacher select ../data/stamps -o taught.jsonl --ipc 4 $taught --bins 2 --objective facility-location $f32
  step select-double select ../data/stamps -o doubled.jsonl --ipc 4 $taught --gradient double-softmax $bf16 -q --json
  step select-rded select ../data/stamps -o rded.jsonl --method rded --ipc 2 $taught $f32 -q
}

steps_edit() {
  step edit-image sh 'cp "$(find ../data/stamps -type l | LC_ALL=C sort | head -n 1)" one.png'
  step edit edit one.png --prompt 'golden hour' -o golden.png $f32
  step edit-bf16 edit one.png --prompt underwater -o sea.png $bf16 --json
  step edit-detail edit one.png --prompt underwater --detail edit --steps 3 --sampler euler-ancestral \
    --editor ../data/editor --seed 4 -o sea2.png $f32 -q
  step edit-guidance edit one.png --prompt sunny --guidance 4 --image-guidance 1.5 --size 50 --fit pad -o sunny.png $f32
  step edit-whole edit one.png --prompt 'Adjust the color hue to be sepia and preserve all details and content' \
    -o sepia.jpg $f32
  step edit-word edit one.png --prompt sepia -o sepia.png $f32
}

# Teachers, and students of some networks.
steps_train() {
  step train-bf16 train ../data/stamps --val ../data/stamps -o b16.safetensors --size 32 --epochs 2 \
    --batch 16 $bf16 --json
  step train-adamw train ../data/stamps -o adamw.safetensors --size 32 --epochs 2 --batch 16 --optimizer adamw \
    --smoothing 0.1 --lr 0.002 --weight-decay 0.1 $f32
  step train-progressive train ../data/stamps --val ../data/few -o progressive.safetensors --arch resnet18_modified \
    --size 32 --epochs 3 --batch 20 --progressive --seed 3 $f32
  step train-init train ../data/stamps -o init.safetensors --init teacher.safetensors --size 32 --epochs 1 \
    --batch 16 $f32
  local arch
  for arch in convnet4 resnet18 mobilenet_v2 efficientnet_b0; do
    step "train-$arch" train ../data/few -o "$arch.safetensors" --arch $arch --size 32 --epochs 1 --batch 4 $f32 -q \
      --json
  done
}

steps_evaluate() {
  step label label run $taught --views 3 $two
  step label-top label run $taught --views 2 --top-k 2 --factor 2 --batch 5 --seed 9 --temperature 4 $two --json \
    -o top.safetensors
  step label-dry label run $taught --dry-run $two
  step evaluate-soft evaluate run --val ../data/stamps $taught --epochs 2 $f32
  step evaluate-bf16 evaluate run --val ../data/stamps $taught --epochs 2 --seeds 2 --augment none $bf16 --json -q
  step evaluate-stored evaluate run --val ../data/stamps --labels stored --epochs 2 $f32 --json
  step evaluate-hard evaluate run --val ../data/stamps --labels hard --arch convnet3,resnet18_modified --factor 2 \
    --size 32 --epochs 2 --batch 4 --lr 0.003 $f32
}

steps_compare() {
  local options="--val ../data/stamps $taught -o table --epochs 2 --size 32 --bins 2 $f32"
  step compare compare ../data/stamps $options --ipc 1 --methods random,jitter,dc3 --seeds 2
  step compare-status status table
  step compare-info info table --json
  step compare-more compare ../data/stamps $options --ipc 1,2 --methods random,rded,dc3 --seeds 1 --json -q
  step compare-robust compare ../data/stamps $options --ipc 1 --methods random,dc3-select --seeds 1 --labels soft \
    --augment-robust
  step compare-none compare ../data/few --val ../data/stamps --teacher none -o none --epochs 1 --ipc 1 \
    --methods random,kmeans --size 32 --seeds 1 $f32
}

steps_measure() {
  step measure-run condense ../data/stamps -o measured --ipc 2 --method random --size 32 $f32 -q
  step measure measure ../data/stamps run measured $two
  step measure-class measure run measured --per-class --data ../data/stamps $two
  step measure-all measure ../data/stamps run measured $taught --coverage --json $two
  step measure-vae measure ../data/stamps measured --reference run --coverage $two
}

steps_report() {
  step report-run condense ../data/stamps -o other --ipc 1 --method random --size 32 $f32 -q
  step report-scores sh "\"\$dc3\" evaluate run --val ../data/stamps --labels hard --epochs 1 --seeds 2 \
    --size 32 $f32 --json > run/scores.json"
  step report report run --against other $two
  step report-out report run -o page.html --data ../data/stamps --json $two
  step contact contact run -o grid.png
  step contact-rows contact run -o grid2.png --rows 2 --data ../data/stamps --json
  local place
  for place in run teacher.safetensors ../data/stamps run/train ../data/rows.safetensors ../data/editor; do
    step "info-$(basename "$place")" info "$place"
    step "info-json-$(basename "$place")" info "$place" --json
  done
  step info-check info ../data/stamps --check
  step status status run
  step status-json status run --json
}

steps_cifar() {
  link "$cifar/train" "$work/data/cifar/train" 10 "${CIFAR_EACH:-60}"
  link "$cifar/test" "$work/data/cifar/test" 10 20
  local data=../data/cifar/train test="--val ../data/cifar/test" taught="--teacher cifar.safetensors"
  step cifar-train train $data $test -o cifar.safetensors --epochs 2 $bf16
  step cifar-condense condense $data -o c-dc3 --ipc 3 $taught $bf16 --cache c-cache
  step cifar-f32 condense $data -o c-f32 --ipc 2 $taught $f32 --combine grid -q
  step cifar-select select $data -o c.jsonl --ipc 10 --bins 5 $taught $bf16 --cache c-cache
  step cifar-rded condense $data -o c-rded --method rded --ipc 3 $taught $bf16 -q
  step cifar-label label c-dc3 $taught --views 2 $two
  step cifar-evaluate evaluate c-dc3 $test $taught --epochs 2 $bf16
  step cifar-stored evaluate c-dc3 $test --labels stored --epochs 2 $bf16 --json
  step cifar-hard evaluate c-rded $test --labels hard --epochs 2 $f32 --augment none
  step cifar-compare compare $data $test $taught -o c-table --ipc 1 --methods random,dc3-select --epochs 2 \
    --seeds 1 $bf16
  step cifar-measure measure $data c-dc3 c-rded $taught $two
}
