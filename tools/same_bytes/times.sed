# For sed -E, on what dc3 prints and on its text files: takes out what depends on how fast the machine was just now,
# and nothing else. What differs for another reason belongs into `exceptions`, with that reason.

# Progress, "features: 48 of 180, 3 s left": which lines appear depends on the time; the last one ("180 of 180")
# always does.
s/^(.*): ([0-9]+) of \2, [0-9.]+ (s|min|h) left$/\1: \2 of \2/
/^.*: [0-9]+ of [0-9]+, [0-9.]+ (s|min|h) left$/d
/^.*: [0-9]+ so far$/d

# JSON, in any of our spacings: "seconds": 1.5, "seconds_condense":0.43, "images_per_second", "estimate_seconds",
# "peak_megabytes", and the members of {"seconds": {"features": 4.1, ..}}.
s/"([a-z_]*seconds?(_[a-z]+)?|peak_megabytes)"(: ?)"?[0-9.e+-]+"?/"\1"\3T/g
/"seconds": \{/,/\}/ s/("[a-z ]+": )[0-9.e+-]+/\1T/

# The page of a run: its table of times with a bar each, and the sentence below it (of which a part is left
# out where the time is under half a second).
/<section id="times">/,/<\/section>/ {
  s/width="[0-9.]+%"/width="T"/g
  s/<td>[0-9.]+ s<\/td>/<td>T<\/td>/g
  s/ The features came from the cache; they took [0-9]+ s when they were made\.//
}

# The table of `dc3 compare`: the column of seconds, the fourth number behind the method and before "images kB".
# (Before it: top-1, its deviation where there are seeds, top-5, best.)
s/^( *[0-9]+  [a-z0-9_]+ +(soft|hard) +[a-z0-9-]+ +[0-9.]+ (\+- +[0-9.]+)? +[0-9.]+ +[0-9.]+) +[0-9.]+ /\1 T /

# The table of `dc3 evaluate`: its last column, "time (s)", behind the number of seeds.
s/^([a-z][a-z0-9_]+ +[0-9]+\.[0-9]{2} [-+0-9. ]*[0-9]\.[0-9]{2}  +[0-9]+) +[0-9]+$/\1 T/

# `dc3 status --json`: when the run was last at work, and how long it still takes, which is only there once some time
# has passed.
s/"updated": [0-9]+/"updated": T/
/^ *"seconds_left": /d

# Durations, rates and memory in sentences and in columns: "about 3 min", "388 ms a picture", "(4 s)", "20 GFLOP/s",
# "peak memory 152 MB".
s/ *\b[0-9]+(\.[0-9]+)? (ms|s|min|h)\b/ T/g
s/\b[0-9]+(\.[0-9]+)? (GFLOP\/s|images\/s)/R \2/g
s/(peak memory|at most) [0-9]+ MB/\1 M MB/g
