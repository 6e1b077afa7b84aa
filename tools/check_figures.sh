#!/bin/bash
# Whether the figures of README.md, docs/scores.md and docs/speed.md are those of bench/results/figures.csv, and those
# the ones of the logs beside it. Prints each disagreement and fails. A line of figures.csv is
#   figure,value,unit,source,line,quotes
# value: as the log has it; "a+-b" for a mean and its deviation. source: log in bench/results; "-": none was kept.
# line: part of a line of that log (runs of spaces are one) which holds the value. quotes: where pages show it, several
# separated by ";", each PAGE|SECTION|ROW|COLUMN of a table or PAGE|SECTION|words of the text that hold it; "#2" behind
# it: the second number there. Pages round; commas and semicolons are dropped from pages and logs ("1,680" is 1680).
# In the tables of the sections that are examined no number may stand that figures.csv does not have.
cd "$(dirname "$0")/.." || exit 2
results=bench/results figures=$results/figures.csv
pages=(README.md docs/scores.md docs/speed.md)
[[ $(head -n 1 $figures) == figure,value,unit,source,line,quotes ]] || { echo "$figures: another first line"; exit 1; }
logs=$(tail -n +2 $figures | cut -d, -f4 | sort -u | grep -vx -- -)
for log in $logs; do [[ -f $results/$log ]] || { echo "$figures: no $results/$log"; exit 1; }; done
# shellcheck disable=SC2016,SC2046
awk -v figures=$figures '
function trim(s) { gsub(/^[ \t]+|[ \t]+$/, "", s); return s }
function plain(s) { gsub(/[,;*`]/, "", s); gsub(/[ \t]+/, " ", s); return trim(s) }
function wrong(what) { print what; bad = 1 }
# The numbers of s, into the array n; how many.
function numbers(s, n,    count) {
  gsub(/\+-|top-1/, " ", s)
  count = 0
  while (match(s, /-?[0-9]+(\.[0-9]+)?/)) {
    n[++count] = substr(s, RSTART, RLENGTH)
    s = substr(s, RSTART + RLENGTH)
  }
  return count
}
function decimals(s) { return s ~ /\./ ? length(s) - index(s, ".") : 0 }
# Whether a page that shows `shown` rounds `value`.
function rounds(shown, value) {
  d = shown - value
  return (d < 0 ? -d : d) <= 0.5 * 10 ^ -decimals(shown) + 1e-9
}
function page_line(text,    cells, count, i, row) {
  if (text ~ /^#/) { section = plain(substr(text, match(text, /[^# ]/))); in_table = 0; last = ""; return }
  if (text !~ /^\|/) { in_table = 0; prose[FILENAME "|" section] = prose[FILENAME "|" section] " " plain(text); return }
  gsub(/^\||\|[ \t]*$/, "", text)
  count = split(text, cells, "|")
  for (i = 1; i <= count; i++) cells[i] = plain(cells[i])
  if (!in_table) { for (i = 1; i <= count; i++) title[i] = cells[i]; in_table = 1; last = ""; return }
  if (cells[1] ~ /^-+$/) return
  row = ""
  for (i = 1; i <= count; i++) if (index(labels, "|" title[i] "|")) {
    if (i == 1 && cells[1] == "") cells[1] = last
    if (i == 1) last = cells[1]
    row = row (row == "" ? "" : "/") cells[i]
  }
  if (row == "") row = "-"
  for (i = 1; i <= count; i++) if (!index(labels, "|" title[i] "|")) {
    at = FILENAME "|" section "|" row "|" title[i]
    if (at in cell) wrong(at ": stands twice")
    cell[at] = cells[i]
  }
}
function figure(text,    field, quotes, count, i, k, at, n, found, parts, both) {
  if (split(text, field, ",") != 6) { wrong(figures ": not six fields: " text); return }
  if (field[1] in seen) wrong(figures ": " field[1] " stands twice")
  seen[field[1]] = 1
  both = split(field[2], value, /\+-/)
  if (field[4] != "-") {
    if (!index(log_text[field[4]], field[5])) wrong(field[1] ": " field[4] " has no line with: " field[5])
    for (i = 1; i <= both; i++)
      if (!index(field[5], value[i])) wrong(field[1] ": " value[i] " is not in: " field[5])
  }
  count = split(field[6], quotes, ";")
  for (i = 1; i <= count; i++) {
    at = quotes[i]; k = 1
    if (match(at, /#[0-9]+$/)) { k = substr(at, RSTART + 1) + 0; at = substr(at, 1, RSTART - 1) }
    n_parts = split(at, parts, "|")
    if (n_parts == 4) {
      if (!(at in cell)) { wrong(field[1] ": no such place: " at); continue }
      shown = cell[at]
    } else {
      if (!index(prose[parts[1] "|" parts[2]], parts[3])) {
        wrong(field[1] ": " parts[1] " does not say under " parts[2] ": " parts[3])
        continue
      }
      shown = parts[3]
    }
    found = numbers(shown, n)
    for (j = 0; j < both; j++) {
      if (k + j > found) { wrong(field[1] ": too few numbers at " at ": " shown); continue }
      if (!rounds(n[k + j], value[j + 1]))
        wrong(field[1] ": " at " has " n[k + j] ", the log " value[j + 1])
      quoted[at "#" (k + j)] = 1
    }
    if (n_parts == 4 && shown ~ /[a-z%]/ && !index(shown, field[3]))
      wrong(field[1] ": " at " does not say " field[3] ": " shown)
  }
  if (!count) wrong(field[1] ": nobody quotes it")
}
BEGIN { # the columns that name a row
  labels = "|method|IPC|student|setting|task|type|dataset|dataset and network|stage|what|machine|machine type|network|"
}
FNR == 1 { section = ""; in_table = 0; name = FILENAME; sub(/.*\//, "", name) }
FILENAME == figures { if (FNR > 1) figure($0); next }
FILENAME ~ /\.md$/ { page_line($0); next }
{ log_text[name] = log_text[name] "\n" plain($0) }
END {
  for (at in cell) {
    split(at, parts, "|")
    if (parts[1] == "README.md" && parts[2] != "Scores" && parts[2] != "Speed") continue
    count = numbers(cell[at], n)
    for (k = 1; k <= count; k++) if (!((at "#" k) in quoted)) wrong(at ": " n[k] " is not in " figures)
  }
  exit bad
}' "${pages[@]}" $(printf "$results/%s " $logs) $figures
