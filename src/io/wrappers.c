#include "io/wrappers.h"

#include <string.h>

static const char *const words[] = {"state_dict_ema",
                                    "ema_state_dict",
                                    "model_ema",
                                    "ema_model",
                                    "module_ema",
                                    "ema",
                                    "_orig_mod",
                                    "module",
                                    "state_dict",
                                    "model",
                                    "model_state_dict",
                                    "model_state",
                                    "model_weights",
                                    "net",
                                    "network",
                                    "teacher",
                                    "teacher_model",
                                    "student",
                                    "student_model",
                                    "base_model",
                                    "weights",
                                    "params",
                                    "backbone",
                                    "encoder",
                                    "encoder_q",
                                    "base_encoder",
                                    "momentum_encoder",
                                    "encoder_k",
                                    "feature_extractor",
                                    "classifier",
                                    "_fsdp_wrapped_module",
                                    "_forward_module"};
enum { WORDS = sizeof words / sizeof *words };

int dc3_wrapper_rank(const char *word, size_t length)
{
    for (int i = 0; i < WORDS; i++)
        if (strlen(words[i]) == length && memcmp(words[i], word, length) == 0) return i;
    return -1;
}

const char *dc3_wrapper_at(int i)
{
    return i < WORDS ? words[i] : NULL;
}
