#!/bin/bash
# The library's texts name settings by their fields (dc3_setting), not by options of the command line.
# Prints each line of src that has an option within a string, and fails.
cd "$(dirname "$0")/.." || exit 1
! grep -rnE --include='*.[ch]' '"[^"]*--[a-z%][^"]*"|"-o[": ]' src
