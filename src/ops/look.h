/* A network that looks at many views, in pieces of a fixed number (base/pieces.h): a thread makes the views
 * of its piece, runs the network on them in a context of its own (ops/workers.h), and the calling thread
 * takes what came of them in the views' order. A network gives a view the same bytes whatever the others of
 * its piece are, so that neither the number of threads nor where a command begins again changes them. */
#ifndef DC3_OPS_LOOK_H
#define DC3_OPS_LOOK_H

#include "base/listener.h"
#include "ops/context.h"

/* What came of one view. */
typedef struct dc3_seen {
    dc3_status status;      /* of `show`; the rest is of a view of zeros where it is not DC3_OK */
    const char *reason;     /* why; "" */
    const void *note;       /* [note] bytes that `show` left */
    const float *values[2]; /* [widths[0]], [widths[1]] */
} dc3_seen;

typedef struct dc3_look {
    dc3_ctx *ctx;         /* of the network; it works for one piece after the other, or others beside it do */
    int64_t first, count; /* views from `first` on, up to `count` */
    int rows;             /* of a piece: the last one is filled up with zeros */
    int64_t pixels;       /* floats of a view */
    int64_t widths[2];    /* floats that the network says of one, in two parts; the second may be 0 */
    double bytes;         /* that running it takes in a context */
    double show_bytes;    /* that a thread needs to make a view, beside it; 0: few */
    size_t note;          /* bytes of what `show` tells `take` of a view besides, or 0 */
    void *user;
    /* View i to `view` [pixels]. Any thread; `worker`, below dc3_ctx_threads(ctx), is alone with its number.
     */
    dc3_status (*show)(void *user, int worker, int64_t i, float *view, void *note);
    /* The network on views [rows, pixels], which it may change: values[k] [rows, widths[k]]. */
    dc3_status (*run)(const void *network, dc3_ctx *ctx, int rows, float *views, float *const values[2]);
    const void *network;
    /* By the calling thread, for each view in order. */
    dc3_status (*take)(void *user, int64_t i, const dc3_seen *seen);
    dc3_ctx *const *contexts; /* [workers] of dc3_workers_open, which the caller keeps for several runs; NULL:
                                 they are opened for this one */
    int workers;              /* with contexts */
    const char *shared; /* the stage's name, where other ranks look, too (ranks/share.h); NULL: none do */
    int64_t told;       /* a number that they are told with it */
    int (*lacks)(const void *note); /* with shared: whether `show` left out what cannot be read, for which
                                       another rank fails, as dc3_shared.lacks; NULL: it fails then */
    const dc3_listener *listener; /* hears of `stage` after each piece, and of what another rank could not do;
                                     NULL: nobody does */
    const char *stage;            /* NULL: nobody hears of it */
} dc3_look;

/* How many look where no contexts are given. */
int dc3_look_workers(const dc3_look *look);
/* How many workers there are follows from `count`, so that it is the same wherever a command begins again.
 * Fails as `run` or `take` does, or with DC3_ERR_CANCELLED, DC3_ERR_MEMORY; a view that cannot be shown is
 * left to `take`. */
dc3_status dc3_look_run(const dc3_look *look);
/* The number that a stage told, whose `known` this is. */
int64_t dc3_look_told(const void *known);
/* Another rank's part in that, in its stage: `look` as rank 0 has it, but for `first` and `take`; known: what
 * the stage told. */
dc3_status dc3_look_serve(const dc3_look *look, const void *known, size_t bytes);

#endif
