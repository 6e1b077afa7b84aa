#!/bin/bash
# The words that a model knows: the help, info, edit and condense say them, and what is done about others.
source "$(dirname "$0")/support.sh"
mini=$source/models/dc3-mini
# The help names the concepts of the model's own list.
expect 0 "\"concepts\"" "$dc3" info "$mini" --json
names=$(sed -n '/"concepts": {/,/^  }/s/^    "\([^"]*\)": .*/\1/p' <<< "$output" | paste -sd, | sed 's/,/, /g')
[[ $names == sunny,*"natural colors" ]] || fail "concepts of the model: $names"
expect 0 "knows         $names; " "$dc3" info "$mini"
expect 0 "dc3-mini knows $names (" "$dc3" edit --help
expect 0 "dc3-mini knows $names (" "$dc3" condense --help

images data/a 3 && images data/b 3
picture=data/a/1.png
edit() { "$dc3" edit "$picture" -o "$1.png" --threads 1 --prompt "$2" --editor "${3:-$mini}"; }
expect 0 "does not know 'moonlight' (nearest: 'sunlight'), and so changes next to nothing; it knows sunny" \
  edit x moonlight
expect 0 "result: y.png" edit y "sunset"; [[ $output != *note* ]] || fail "sunset: $output"
expect 0 "does not know 'moonlight' (nearest: 'sunlight') of 'golden moonlight'" edit z "golden moonlight"

# The editor that comes with the program is dc3-mini, unless the folder has something of that name.
expect 0 "result: own.png" edit own sunset; expect 0 "result: named.png" edit named sunset dc3-mini
cmp own.png named.png || fail "dc3-mini is another model"
expect 0 "editor" "$dc3" info dc3-mini
mkdir dc3-mini; expect 1 "dc3-mini" edit v sunset dc3-mini; rmdir dc3-mini

# A model without a list knows everything.
cp -r "$mini" full && sed -i '/"concepts"/,/^    }/d; s/\("residual_image_latents": true\),/\1/' full/model_index.json
expect 0 "knows         any text" "$dc3" info full
expect 0 "result: w.png" edit w moonlight full; [[ $output != *note* ]] || fail "full: $output"
sed -i 's/\("residual_image_latents": true\)/\1, "concepts": ["sunny"]/' full/model_index.json
expect 1 "'concepts' should be an object of names and lists of words" edit v moonlight full

# Prompts of a file: none known, some known.
condense() { "$dc3" condense data -o "$1" --ipc 1 --teacher none --prompts "$2" --editor "$mini" "${common[@]}"; }
printf 'warm: moonlight\ncold: asdfqwer\n' > none.txt
expect 2 "--prompts: dc3-mini knows none of the prompts in none.txt, and so would change next to nothing" \
  condense out none.txt
expect 2 "knows none of the prompts in none.txt" "$dc3" compensate data -o out --prompts none.txt --editor "$mini"
[[ ! -e out ]] || fail "out was made"
printf 'warm: goldn huor\ncold: rany sees\n' > none.txt
expect 2 "to nothing: not 'goldn' (nearest: 'golden'), 'huor' (nearest: 'golden hour'), 'rany' (nearest: 'rainy'); it" \
  condense out none.txt
printf 'warm: sunset\nwarm: moonlight\ncold: snow\n' > some.txt
expect 0 "note: dc3-mini does not know 'moonlight'" condense out some.txt
