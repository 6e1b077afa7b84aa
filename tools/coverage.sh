#!/bin/bash
# Runs the tests of build-coverage and prints how many lines and branches of each folder they run; COVERAGE_TESTS is a
# regular expression of labels (default: all tests). Details of a file: gcovr --html-details out.html build-coverage
cd "$(dirname "$0")/.." || exit 1
find build-coverage -name '*.gcda' -delete
OMP_WAIT_POLICY=passive ctest --test-dir build-coverage --output-on-failure -j "${JOBS:-$(nproc)}" \
  -L "${COVERAGE_TESTS:-.}" | tail -n 3 || exit 1
[[ ${PIPESTATUS[0]} == 0 ]] || exit 1
gcovr --root . --filter src/ --filter cli/ --csv build-coverage/files.csv build-coverage || exit 1
awk -F, 'NR > 1 {
    folder = $1; sub("/[^/]*$", "", folder)
    lines[folder] += $2; run[folder] += $3; branches[folder] += $5; taken[folder] += $6
    all += $2; allrun += $3; b += $5; bt += $6
  }
  function share(part, whole) { return whole ? 100 * part / whole : 0 }
  END {
    printf "%-20s %8s %7s %9s\n", "folder", "lines", "run", "branches"
    for (f in lines) printf "%-20s %8d %6.1f%% %8.1f%%\n", f, lines[f], share(run[f], lines[f]), share(taken[f],
      branches[f]) | "sort"
    close("sort")
    printf "%-20s %8d %6.1f%% %8.1f%%\n", "all", all, share(allrun, all), share(bt, b)
  }' build-coverage/files.csv
