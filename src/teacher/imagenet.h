/* The classes of ImageNet by their WordNet ids. */
#ifndef DC3_TEACHER_IMAGENET_H
#define DC3_TEACHER_IMAGENET_H

#include <stdint.h>

enum { DC3_IMAGENET_CLASSES = 1000 };
/* 1 if `name` begins with a WordNet id of a noun: "n" and eight digits, no more of them. */
int dc3_is_wordnet_id(const char *name);
/* The output that a classifier of ImageNet has for the class "n01440764": 0 to 999, or -1. */
int dc3_imagenet_class(const char *name);

#endif
