#!/bin/bash
# manuals.sh PROGRAM SHARE: the manual pages and completions of PROGRAM, in the folders that they have below a prefix's
# share.
set -euo pipefail
dc3=$1 share=$2
mkdir -p "$share"/man/man1 "$share"/bash-completion/completions "$share"/zsh/site-functions
"$dc3" --man dc3 > "$share/man/man1/dc3.1"
for name in $("$dc3" --commands); do "$dc3" --man "$name" > "$share/man/man1/dc3-$name.1"; done
"$dc3" --completion bash > "$share/bash-completion/completions/dc3"
"$dc3" --completion zsh > "$share/zsh/site-functions/_dc3"
