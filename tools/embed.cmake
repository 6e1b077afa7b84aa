# cmake -DOUT=FILE.c -DNAMES="a;b" -DFILES="a.js;b.css" -P embed.cmake: FILE.c with const unsigned char NAME[] and const
# size_t NAME_size of each file.
set(text "#include \"report/assets.h\"\n")
foreach(name file IN ZIP_LISTS NAMES FILES)
  file(READ ${file} bytes HEX)
  file(SIZE ${file} size)
  string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(APPEND text "const unsigned char ${name}[] = {\n${bytes}0};\nconst size_t ${name}_size = ${size};\n")
endforeach()
file(WRITE ${OUT} "${text}")
