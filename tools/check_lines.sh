#!/bin/bash
# Lines of at most 120 columns in all text that people write, README.md of at most 900 words before its links, and
# commit subjects of at most 72 characters. Prints each that is longer and fails.
cd "$(dirname "$0")/.." || exit 1
export LC_ALL=C.UTF-8
bad=0
files() { # files of ours, from git where there is a repository
  git ls-files 2> /dev/null || find . -name '.git*' -prune -o -name 'build*' -prune -o -type f -printf '%P\n'
}
kinds='(\.([ch]|md|sh|py|css|js|html|cmake)|CMakeLists\.txt|Makefile|\.ci/run)$'
data='^(tests/golden/.*\.(json|txt)|tests/fuzz/corpus/|bench/results/|models/)'
mapfile -t checked < <(files | grep -E "$kinds" | grep -vE "$data")
grep -nHE '^.{121,}' "${checked[@]}" && bad=1
words=$(sed '/^## Links/,$d' README.md | wc -w)
((words <= 900)) || { echo "README.md: $words words before its links, more than 900"; bad=1; }
# Subjects since this rule; of a shallow clone that of the newest commit.
since=64e5008
if git cat-file -e $since 2> /dev/null; then range=$since..HEAD; else range=-1; fi
git log --no-merges --format='%h %s' $range 2> /dev/null | grep -E '^[0-9a-f]+ .{73,}' && bad=1
exit $bad
