/* Status values and the text of the last error. */
#ifndef DC3_STATUS_H
#define DC3_STATUS_H

#include "dc3/export.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What everything that can fail returns. The text (dc3_error_text) says which file, tensor or option,
 * what was expected and what was found. */
typedef enum dc3_status {
    DC3_OK = 0,
    DC3_ERR_ARGUMENT,    /* what the caller gave is missing, out of range, or does not fit the rest */
    DC3_ERR_IO,          /* a file cannot be opened, read or written */
    DC3_ERR_FORMAT,      /* a file's contents are damaged or not what was expected */
    DC3_ERR_MEMORY,      /* out of memory */
    DC3_ERR_UNSUPPORTED, /* valid, but this build or processor cannot do it */
    DC3_ERR_CANCELLED,   /* the call's flag was set (dc3/cancel.h) */
    DC3_ERR_INTERNAL,    /* a fault of dc3 itself or of a library under it */
    DC3_ERR_OPTION,      /* a setting lacks a value, or has one that it does not take (dc3_error_setting) */
    DC3_ERR_BUSY         /* another process works on the same folder */
} dc3_status;

/* One sentence about the last failure on this thread; "" if there was none. Valid until the next
 * failure on the same thread; owned by the library. */
DC3_API const char *dc3_error_text(void);

/* The setting that the last failure on this thread is about, where that was DC3_ERR_OPTION: the name of a
 * field of the call's options, or of a parameter, such as "ipc"; else "". Valid as the text is. */
DC3_API const char *dc3_error_setting(void);

/* All texts of the library (errors, messages, pages) name settings by their fields: "ipc: expected 1 or
 * more", "use fresh to start over". A program whose users know them by other names, such as the options of a
 * command line, gives a function that has those: of a field's name to one that stays valid ("top_k" to
 * "--top-k"). NULL: the fields again. For the whole process; to be called before any other thread calls the
 * library. */
DC3_API void dc3_name_settings(const char *(*name_of)(const char *field));

/* The library's version, such as "0.1.0". */
DC3_API const char *dc3_version(void);

#ifdef __cplusplus
}
#endif
#endif
