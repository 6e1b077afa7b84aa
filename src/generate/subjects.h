/* What is generated: a folder for each class or text, with its prompts or the model's class. */
#ifndef DC3_GENERATE_SUBJECTS_H
#define DC3_GENERATE_SUBJECTS_H

#include "dc3/generate.h"
#include "generate/generator.h"

typedef struct dc3_subject {
    char *name;     /* of the class; of a single text that text */
    char *folder;   /* below train/ */
    int64_t label;  /* the model's class; -1: it takes texts */
    char **prompts; /* [count], which images take in turns; none of a model of classes */
    int count;
} dc3_subject;

typedef struct dc3_subjects {
    dc3_subject *at; /* [count], in the order of their folders, so that the i-th is class i of the dataset */
    int count;
    int64_t cut;            /* prompts of more tokens than the model sees */
    int tokens;             /* that it sees, begin and end among them */
    const char *longest;    /* the first of them, one of the prompts; */
    int64_t longest_tokens; /* its tokens */
    int64_t shared;         /* prompts of a subject that one before it has too, */
    int first[2];           /* the two of the first of them, which is */
    const char *both;
} dc3_subjects;

/* From the options' prompt, prompts or classes, of which exactly one is there. DC3_ERR_OPTION where they do
 * not suit the model or a class is none of its. Close in any case. */
dc3_status dc3_subjects_open(const dc3_generate_options *options, const dc3_generator *generator,
                             dc3_subjects *subjects);
void dc3_subjects_close(dc3_subjects *subjects);
/* The prompt of image `number`; NULL: none, but a class. */
const char *dc3_subject_prompt(const dc3_subject *subject, int64_t number);

#endif
