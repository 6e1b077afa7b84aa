/* What the methods of condensation are called, and a line about each. How they work: methods/methods.c. */
#ifndef DC3_OPTIONS_METHOD_NAMES_H
#define DC3_OPTIONS_METHOD_NAMES_H

typedef enum dc3_method_id {
    DC3_METHOD_DC3,
    DC3_METHOD_DC3_SELECT,
    DC3_METHOD_JITTER,
    DC3_METHOD_GRAYSCALE,
    DC3_METHOD_BLUR,
    DC3_METHOD_RANDOM,
    DC3_METHOD_KMEANS,
    DC3_METHOD_HERDING,
    DC3_METHOD_K_CENTER,
    DC3_METHOD_GRAPH_CUT,
    DC3_METHOD_DQ,
    DC3_METHOD_RDED,
    DC3_METHODS
} dc3_method_id;

typedef struct dc3_method_words {
    const char *name, *summary;
} dc3_method_words;

/* [DC3_METHODS]; the first is the default. */
extern const dc3_method_words dc3_method_words_of[];

#endif
