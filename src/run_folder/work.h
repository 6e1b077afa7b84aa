/* What a command that works on a run's folder, or makes a file, notes beside it while it works, so that dc3
 * status can say how far it is: PLACE/.work.PID.part of a folder, .NAME.work.PID.part beside a file NAME. The
 * note is locked by its process: what a killed one leaves is told from what lives, and goes with the next.
 * Where a note cannot be written there is none, and nobody is kept away. */
#ifndef DC3_RUN_FOLDER_WORK_H
#define DC3_RUN_FOLDER_WORK_H

#include "base/status.h"
#include "dc3/listener.h"
#include "dc3/progress.h"

typedef struct dc3_work_note {
    dc3_listener heard; /* the caller's */
    dc3_work work;
    char *path; /* NULL: there is none */
    int fd;
    int64_t began, first; /* of the stage, seconds and count */
    double written;       /* seconds of the clock */
} dc3_work_note;

/* From here on what *listener hears is noted too, about once a second; `note` stays where it is until
 * the listener is heard no more. place: NULL: nothing is noted. */
void dc3_work_begin(dc3_work_note *note, const char *place, const char *command, dc3_listener *listener);
/* The same where no other process, and no other call of this one, may work on the place meanwhile: else
 * DC3_ERR_BUSY, which names it, and there is no note. */
dc3_status dc3_work_begin_alone(dc3_work_note *note, const char *place, const char *command,
                                dc3_listener *listener);
/* DC3_ERR_BUSY, which names the first of those that have a note about the place, if there are any. */
dc3_status dc3_work_check(const char *place);
/* Removes the note; what is heard later is passed on. Accepts one that is zero. */
void dc3_work_end(dc3_work_note *note);

#endif
