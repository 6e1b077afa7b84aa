#include "ranks/message.h"

#include <string.h>
#include "base/memory.h"

dc3_message *dc3_message_make(dc3_message_kind kind, int64_t stage, int64_t number, size_t body)
{
    dc3_message *m = dc3_alloc(sizeof *m + body);
    if (!m) return NULL;
    memset(m, 0, sizeof *m);
    m->kind = kind, m->stage = stage, m->number = number;
    return m;
}

dc3_message *dc3_message_outcome(dc3_message_kind kind, int64_t stage, int64_t number, dc3_status status,
                                 size_t *body)
{
    *body = status == DC3_OK ? 0 : sizeof(dc3_failure);
    dc3_message *m = dc3_message_make(kind, stage, number, *body);
    if (m) m->status = status;
    if (m && status != DC3_OK) dc3_failure_note(dc3_message_body(m));
    return m;
}

void dc3_message_failure(dc3_message *message, size_t body, const char *who, dc3_failure *failure)
{
    *failure = (dc3_failure){.text = "failed and does not say why"};
    if (body >= sizeof *failure) memcpy(failure, dc3_message_body(message), sizeof *failure);
    failure->text[sizeof failure->text - 1] = failure->setting[sizeof failure->setting - 1] = 0;
    dc3_failure_give(failure, message->status);
    dc3_fail_in(message->status, "%s", who);
    dc3_failure_note(failure);
}
