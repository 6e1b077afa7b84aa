#!/bin/bash
# What is nearly a command, an option, a value or a class is suggested.
source "$(dirname "$0")/support.sh"
images data/cats 2; images data/dogs 2
expect 2 "did you mean 'compare'?" "$dc3" cmopare
expect 2 "did you mean 'evaluate'?" "$dc3" eval
expect 2 "did you mean --feature-size?" "$dc3" condense data -o x --feature-sise=8
expect 2 "did you mean --ipc?" "$dc3" condense data -o x -ipc 3
expect 2 "did you mean 'herding'?" "$dc3" condense data -o x --method herdnig
expect 2 "did you mean 'dpmpp-2m'?" "$dc3" condense data -o x --sampler dpmpp2m
expect 2 "did you mean 'graph-cut'?" "$dc3" condense data -o x --objective graph_cut
expect 2 "did you mean 'resnet18'?" "$dc3" train data -o x --arch resnet-18
expect 2 "did you mean 'random'?" "$dc3" compare data --val data -o x --methods radnom
mkdir -p other && cp -r data/cats other/cat && cp -r data/dogs other/dogs
expect 1 "class 'cat' is not in data; the nearest is 'cats'" "$dc3" train data --val other -o x
expect 1 "class 'cat' is not in data; the nearest is 'cats'" "$dc3" evaluate data --val other --labels hard
expect 1 "class 'cat' is not in data; the nearest is 'cats'" "$dc3" train other --val data -o x
[[ ! -e x ]] || fail "a refused command writes"
echo "all checks passed"
