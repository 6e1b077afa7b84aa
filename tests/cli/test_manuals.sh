#!/bin/bash
# Manual pages and completions: made for every command, without roff's warnings, and with the words that the options
# really take.
source "$(dirname "$0")/support.sh"
"$source/tools/manuals.sh" "$dc3" share || fail "manuals.sh"
mapfile -t commands < <("$dc3" --commands)
((${#commands[@]} >= 10)) || fail "--commands lists ${commands[*]}"

command -v groff > /dev/null || echo "skipped: no groff here, which would warn of faults in the pages"
is_manual() { # PAGE: without warnings of roff
  [[ -s $1 ]] || fail "no $1"
  command -v groff > /dev/null || return
  local warnings
  warnings=$(groff -man -ww -z "$1" 2>&1)
  [[ -z $warnings ]] || fail "$1: $warnings"
}

# Every option of --help stands in the page and in both completions; every help has two examples.
for name in "${commands[@]}"; do
  page=share/man/man1/dc3-$name.1
  is_manual "$page"
  expect 0 "Usage:" "$dc3" help "$name"
  options=$("$dc3" "$name" --help | grep -o -- '^  \(-., \)\?--[a-z0-9-]*' | grep -o -- '--[a-z0-9-]*')
  [[ $options == *--help*--* ]] || fail "$name --help names no options: $options"
  for option in $options; do
    grep -qF -- "${option//-/\\-}" "$page" || fail "$page has no $option"
    sed -n "/^    $name)/,/;;/p" share/zsh/site-functions/_dc3 | grep -q -- "$option[=\[]" ||
      fail "zsh: $name has no $option"
  done
  (($("$dc3" "$name" --help | grep -c "^  dc3 $name ") >= 2)) || fail "$name --help has fewer than two examples"
done
is_manual share/man/man1/dc3.1
expect 2 "--completion bash|zsh" "$dc3" --completion fish
expect 2 "found '--man nothing'" "$dc3" --man nothing

# As bash calls it: complete WORD...; the last word is completed.
source share/bash-completion/completions/dc3
complete_words() {
  COMP_WORDS=(dc3 "$@") COMP_CWORD=$#
  _dc3 dc3 "${COMP_WORDS[-1]}" "${COMP_WORDS[-2]}"
}
completes() { # "expected words", word...
  local expected=$1; shift
  complete_words "$@"
  [[ "${COMPREPLY[*]}" == "$expected" ]] || fail "dc3 $*: expected '$expected', found '${COMPREPLY[*]}'"
}
images 'my data/a' 1; touch 'my teacher.safetensors'
completes "condense compensate contact compare" co
completes "${commands[*]} help --help --version" ""
completes "--ipc --image-guidance" condense data --i
completes "-n" condense data -n
completes "herding" condense --method h
completes "crop squash pad" condense --fit =
completes "herding" condense --method = h
completes "bf16" train -o x --dtype b
completes "resnet18_modified" train --arch resnet18_
completes "random,herding" compare --methods random,he
completes "soft hard" compare --labels ""
completes "soft stored hard" evaluate --labels ""
completes "my teacher.safetensors" label out --teacher my\ t
completes "my data" condense my\ d
completes "my data" condense data --editor my
completes "" condense data --ipc ""
completes "contact" help cont
[[ $(complete -p dc3) == *"-F _dc3"* ]] || fail "bash does not know the completion"

# What is offered is what the library takes: its own lists in the errors.
images data/a 1; images data/b 1
takes() { # option, command...
  local option=$1 said; shift
  said=$("$dc3" "$@" "$option" nonsense 2>&1 | sed -n 's/.*expected \(one of \)\?\(.*\)[;,] found .nonsense.*/\2/p' |
    sed 's/,\| or / /g; s/  */ /g')
  [[ $said ]] || fail "$1 $option nonsense: no list of what is expected"
  completes "$said" "$1" "$option" ""
}
for option in --method --fit --format --combine --compensation --detail --sampler --dtype --objective --maximizer; do
  takes $option condense data -o x; done
takes --gradient condense data -o x --teacher none
for option in --arch --optimizer --dtype; do takes $option train data -o x; done
for option in --labels --augment; do takes $option evaluate data --val data; done
echo "all checks passed"
