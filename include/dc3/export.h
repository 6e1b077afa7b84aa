/* What the shared library shows: everything that is marked with DC3_API, and nothing else. */
#ifndef DC3_EXPORT_H
#define DC3_EXPORT_H

#if defined(__GNUC__)
#define DC3_API __attribute__((visibility("default")))
#else
#define DC3_API
#endif

#endif
