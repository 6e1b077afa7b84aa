/* is_json FILE: whether all of the file is one JSON document without a member twice, for the tests of the
 * command line. */
#include <jansson.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    json_error_t error;
    if (argc != 2) return 2;
    json_t *document = json_load_file(argv[1], JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (!document) fprintf(stderr, "%s: line %d: %s\n", argv[1], error.line, error.text);
    json_decref(document);
    return document ? 0 : 1;
}
