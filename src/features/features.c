/* Features of a dataset, as the method needs: the embedding of a backbone, or the mean of the VAE's
 * posterior, of every image, or of the square that stands for it; with a teacher, its embedding and logits.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "features/feature_cache.h"
#include "features/run.h"
#include "base/listener.h"
#include "base/pieces.h"
#include "features/copies.h"
#include "features/crops.h"
#include "features/features.h"
#include "features/feature_rows.h"
#include "features/given.h"
#include "features/images.h"
#include "features/duplicates.h"
#include "features/near_copies.h"
#include "features/run_teacher.h"
#include "base/rng.h"
#include "features/skipped.h"
#include "ops/workers.h"
#include "ranks/share.h"

/* Images of a piece of work (base/pieces.h), which the teacher sees as one batch: always as many, the last
 * filled up, so that an image's features depend on it alone. */
enum { PIECE = DC3_TEACHER_BATCH };

/* What comes of a piece. */
typedef struct piece {
    int failed[PIECE];
    int notes[PIECE]; /* dc3_dataset_heard */
    dc3_image_hashes hashes[PIECE];
    char reason[PIECE][256];
    float values[]; /* latents [PIECE, feature_length], embeddings and logits [PIECE, ..] */
} piece;

/* What a worker works in. */
typedef struct worker {
    float *rgb;    /* [rows, feature_size, feature_size, 3] */
    float *seen;   /* [PIECE, teacher.size, teacher.size, 3] */
    float *unused; /* [PIECE, ..] logits of the backbone */
} worker;

typedef struct stage {
    dc3_run *run;
    int64_t n;
    int rows;  /* images that the VAE or the backbone encodes at once, */
    int asked; /* and that the teacher sees at once: PIECE */
    int count;
    worker *workers;              /* [count] */
    dc3_ctx **encoders, **askers; /* [count], contexts of the VAE or backbone, and of the teacher */
    int64_t first, stride;        /* piece p begins at image first + p * stride */
} stage;

int dc3_images_at_once(int size)
{
    enum { PIXELS = 1 << 14 };
    int rows = PIECE;
    while (rows > 1 && rows * size * size > PIXELS) rows /= 2;
    return rows;
}

static float *latents_of(piece *p)
{
    return p->values;
}

static float *embeddings_of(const dc3_run *run, piece *p)
{
    return p->values + (run->encodes ? PIECE * run->feature_length : 0);
}

static float *logits_of(const dc3_run *run, piece *p)
{
    return embeddings_of(run, p) + PIECE * run->teacher.info->embedding;
}

/* Values of an image's features, and of what the teacher says of it. */
static int64_t columns_of(const dc3_run *run)
{
    const dc3_teacher *t = &run->teacher;
    return (run->encodes ? run->feature_length : 0) +
           (dc3_run_asks(run) ? t->info->embedding + t->info->classes : 0);
}

static dc3_ctx *encoder_of(const dc3_run *run)
{
    return run->backbone.net ? run->backbone.ctx : dc3_editor_ctx(run->editor);
}

/* Features of `rows` images. */
static dc3_status encode(const stage *s, int at, float *to)
{
    const dc3_run *run = s->run;
    const worker *w = &s->workers[at];
    if (run->backbone.net)
        return dc3_teacher_run_in(&run->backbone, s->encoders[at], s->rows, w->rgb, to, w->unused);
    return dc3_editor_encode_in(run->editor, s->encoders[at], s->rows, run->feature_size, w->rgb, to);
}

/* Reads image i of a piece, for the VAE as `rgb` and for the teacher as `seen`; one that is not there or
 * cannot be read is nothing. */
static void load(const dc3_run *run, int64_t item, int is_there, int i, float *rgb, float *seen, piece *p)
{
    const int sizes[] = {run->feature_size, run->teacher.size};
    float *const to[] = {rgb, seen};
    p->failed[i] =
        is_there && dc3_run_read_candidate(run, item, sizes, (float *[]){rgb, seen}, &p->hashes[i]) != DC3_OK;
    if (p->failed[i]) snprintf(p->reason[i], sizeof p->reason[i], "%s", dc3_error_text());
    p->notes[i] = is_there ? dc3_dataset_heard(run->dataset, item) : 0;
    for (int k = 0; k < 2 && (!is_there || p->failed[i]); k++)
        if (to[k]) memset(to[k], 0, (size_t)sizes[k] * (size_t)sizes[k] * 3 * sizeof **to);
}

/* Images of piece `number`. */
static int count_of(const stage *s, int64_t number)
{
    int64_t left = s->n - (s->first + number * s->stride);
    return left < PIECE ? (int)left : PIECE;
}

/* Reads `count` images from `first` on and runs the networks on them; the worker's own thread does it all. */
static dc3_status compute(const stage *s, int at, int64_t first, int count, piece *p)
{
    const dc3_run *run = s->run;
    const worker *w = &s->workers[at];
    int64_t each = (int64_t)run->feature_size * run->feature_size * 3;
    int64_t each_seen = (int64_t)run->teacher.size * run->teacher.size * 3;
    for (int i = 0; i < s->asked; i++) {
        int row = i % s->rows;
        load(run, first + i, i < count, i, w->rgb ? w->rgb + row * each : NULL,
             w->seen ? w->seen + i * each_seen : NULL, p);
        if (!w->rgb || row < s->rows - 1 || i - row >= count) continue;
        DC3_TRY(encode(s, at, latents_of(p) + (i - row) * run->feature_length));
    }
    return w->seen ? dc3_teacher_run_in(&run->teacher, s->askers[at], s->asked, w->seen,
                                        embeddings_of(run, p), logits_of(run, p))
                   : DC3_OK;
}

static dc3_status work(void *user, int at, int64_t number, void *result)
{
    const stage *s = user;
    return compute(s, at, s->first + number * s->stride, count_of(s, number), result);
}

/* Rows of the piece's images, but for those that cannot be read and for copies. */
static dc3_status take(void *user, int64_t number, void *result)
{
    const stage *s = user;
    dc3_run *run = s->run;
    piece *p = result;
    int count = count_of(s, number), asks = dc3_run_asks(run);
    int64_t items[PIECE] = {0}, first = s->first + number * s->stride;
    uint64_t files[PIECE] = {0};
    for (int i = 0; i < count; i++) items[i] = first + i, files[i] = p->hashes[i].file;
    DC3_TRY(dc3_run_note_read(run, count, items, files, p->failed));
    for (int i = 0; i < count; i++) {
        int is_copy = 0;
        dc3_dataset_hear(run->dataset, first + i, p->notes[i]);
        if (p->failed[i]) DC3_TRY(dc3_run_skip(run, first + i, p->reason[i]));
        if (!p->failed[i]) DC3_TRY(dc3_copies_meet(run, first + i, &p->hashes[i].view, &is_copy));
        if (p->failed[i] || is_copy) continue;
        const dc3_classifier_info *t = run->teacher.info;
        const float *embedding = asks ? embeddings_of(run, p) + i * t->embedding : NULL,
                    *logits = asks ? logits_of(run, p) + i * t->classes : NULL;
        if (run->given)
            DC3_TRY(dc3_given_add(run, first + i, embedding, logits));
        else
            DC3_TRY(dc3_feature_rows_add(run, first + i,
                                         run->encodes ? latents_of(p) + i * run->feature_length : NULL,
                                         embedding, logits));
    }
    dc3_run_progress(run, dc3_features_stage, first + count, s->n);
    return DC3_OK;
}

/* Whether some of the piece's images cannot be read. */
static int lacks(void *user, const void *result)
{
    const piece *p = result;
    int any = 0;
    (void)user;
    for (int i = 0; i < PIECE; i++) any |= p->failed[i];
    return any;
}

static float *floats(int64_t rows, int64_t columns)
{
    return malloc((size_t)rows * (size_t)columns * sizeof(float));
}

static void close_stage(stage *s)
{
    for (int i = 0; s->workers && i < s->count; i++)
        free(s->workers[i].rgb), free(s->workers[i].seen), free(s->workers[i].unused);
    free(s->workers);
    if (s->run->encodes) dc3_workers_close(encoder_of(s->run), s->count, &s->encoders);
    if (dc3_run_asks(s->run)) dc3_workers_close(s->run->teacher.ctx, s->count, &s->askers);
}

/* How many workers there are, for as many pieces; with less than two the networks' own threads share a piece.
 */
static int workers_of(const stage *s, int64_t pieces)
{
    const dc3_run *run = s->run;
    const dc3_teacher *t = &run->teacher;
    double bytes = 4.0 * PIECE * (double)columns_of(run);
    if (run->encodes)
        bytes += (run->backbone.net ? dc3_teacher_bytes(&run->backbone, s->rows)
                                    : dc3_editor_encode_bytes(run->editor, s->rows, run->feature_size)) +
                 12.0 * s->rows * run->feature_size * run->feature_size;
    if (dc3_run_asks(run)) bytes += dc3_teacher_bytes(t, PIECE) + 12.0 * PIECE * t->size * t->size;
    return dc3_workers(run->encodes ? encoder_of(run) : t->ctx, pieces, bytes);
}

/* Always close. */
static dc3_status open_stage(dc3_run *run, stage *s)
{
    const dc3_teacher *t = &run->teacher, *b = &run->backbone;
    int asks = dc3_run_asks(run);
    int64_t size = run->feature_size;
    *s = (stage){.run = run, .n = dc3_dataset_size(run->dataset), .asked = PIECE, .stride = PIECE};
    s->rows = run->encodes && !b->net ? dc3_images_at_once(run->feature_size) : PIECE;
    s->count = workers_of(s, (s->n + PIECE - 1) / PIECE);
    s->workers = calloc((size_t)s->count, sizeof *s->workers);
    int ready = s->workers != NULL;
    for (int i = 0; ready && i < s->count; i++) {
        worker *w = &s->workers[i];
        if (run->encodes) ready = (w->rgb = floats(s->rows, size * size * 3)) != NULL;
        if (b->net) ready = ready && (w->unused = floats(PIECE, b->info->classes)) != NULL;
        if (asks) ready = ready && (w->seen = floats(PIECE, (int64_t)t->size * t->size * 3)) != NULL;
    }
    if (!ready) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (run->encodes) DC3_TRY(dc3_workers_open(encoder_of(run), s->count, &s->encoders));
    return asks ? dc3_workers_open(t->ctx, s->count, &s->askers) : DC3_OK;
}

static size_t piece_size(const dc3_run *run)
{
    return sizeof(piece) + (size_t)(PIECE * columns_of(run)) * sizeof(float);
}

/* Seconds of one image, by all workers, in some pieces that are spread over the dataset. */
static dc3_status measure_pieces(stage *s, int64_t count, double *seconds)
{
    double start = dc3_seconds_now();
    s->stride = count > 1 ? (s->n - PIECE) / (count - 1) : PIECE;
    dc3_pieces pieces = {
        .count = count, .workers = s->count, .result_size = piece_size(s->run), .user = s, .work = work};
    dc3_status status = dc3_pieces_run(&pieces);
    int64_t images = s->n < PIECE ? s->n : count * PIECE;
    *seconds = (dc3_seconds_now() - start) / (double)images;
    return status;
}

dc3_status dc3_run_measure_features(dc3_run *run, double *seconds)
{
    enum { MOST = 8 };
    const double enough = 0.35, slow = 0.1;
    stage s;
    piece *p = calloc(1, piece_size(run));
    if (!p) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_status status = open_stage(run, &s);
    /* As many images as hardly take longer than one, the first time with the packing of weights; of a large
     * network that must do. */
    int size =
        dc3_run_asks(run) && run->teacher.size > run->feature_size ? run->teacher.size : run->feature_size;
    int usual = s.rows, few = dc3_images_at_once(size);
    s.rows = s.rows < few ? s.rows : few, s.asked = few;
    for (int i = 0; i < 2 && status == DC3_OK; i++) {
        double start = dc3_seconds_now();
        status = compute(&s, 0, 0, s.n < few ? (int)s.n : few, p);
        *seconds = (dc3_seconds_now() - start) / few / s.count;
    }
    s.rows = usual, s.asked = PIECE;
    /* Pieces, the first time to fill caches, then as many as there is time for. */
    int64_t most = (s.n + PIECE - 1) / PIECE, count = most < s.count ? most : s.count;
    int is_small = *seconds * s.count < slow;
    if (is_small && status == DC3_OK) status = measure_pieces(&s, count, seconds);
    if (is_small && status == DC3_OK) {
        int64_t more = (int64_t)(enough / (*seconds * PIECE)) / s.count * s.count;
        if (more > MOST * s.count) more = MOST * s.count;
        if (more > most) more = most;
        if (more >= count) status = measure_pieces(&s, more, seconds);
    }
    close_stage(&s);
    free(p);
    return status;
}

/* What other ranks must know; behind it the squares [dataset], if there are any. */
typedef struct known {
    dc3_run_decided decided;
    int crops;
} known;
const char dc3_features_stage[] = "features";

static dc3_status share_out(const dc3_run *run, dc3_share **share)
{
    known k = {dc3_run_decide(run), run->boxes != NULL};
    size_t boxes = k.crops ? (size_t)dc3_dataset_size(run->dataset) * sizeof *run->boxes : 0;
    char *all = malloc(sizeof k + boxes);
    if (!all) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    memcpy(all, &k, sizeof k);
    if (boxes) memcpy(all + sizeof k, run->boxes, boxes);
    dc3_status status = dc3_share_open(dc3_features_stage, all, sizeof k + boxes, share);
    free(all);
    return status;
}

/* What rank 0 has by now: its teacher, and which squares stand for the images. */
static dc3_status learn(dc3_run *run, const char *text, size_t bytes)
{
    known k;
    memcpy(&k, text, sizeof k);
    DC3_TRY(dc3_run_take_decided(run, &k.decided));
    if (!k.crops) return DC3_OK;
    free(run->boxes);
    run->boxes = malloc(bytes - sizeof k);
    if (!run->boxes) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    memcpy(run->boxes, text + sizeof k, bytes - sizeof k);
    return DC3_OK;
}

static dc3_status serve(void *user, int at, int64_t number, const void *task, void *result)
{
    const piece *p = result;
    (void)task;
    DC3_TRY(work(user, at, number, result));
    for (int i = 0; i < count_of(user, number); i++)
        if (p->failed[i]) return dc3_fail(DC3_ERR_IO, "%s", p->reason[i]);
    return DC3_OK;
}

dc3_status dc3_run_serve_features(void *user, const void *known_there, size_t bytes)
{
    dc3_run *run = user;
    stage s;
    DC3_TRY(learn(run, known_there, bytes));
    dc3_status status = open_stage(run, &s);
    dc3_serving serving = {.workers = s.count, .result_size = piece_size(run), .user = &s, .work = serve};
    if (status == DC3_OK) status = dc3_share_serve(&serving);
    close_stage(&s);
    return status;
}

static dc3_status compute_all(dc3_run *run)
{
    stage s;
    dc3_share *share = NULL;
    dc3_status status = open_stage(run, &s);
    if (status == DC3_OK) status = dc3_feature_rows_open(run, s.n);
    if (status == DC3_OK) status = share_out(run, &share);
    dc3_pieces pieces = {.count = (s.n + PIECE - 1) / PIECE,
                         .workers = s.count,
                         .result_size = piece_size(run),
                         .user = &s,
                         .work = work,
                         .take = take};
    const dc3_shared how = {.listener = &run->options->listener, .what = dc3_features_stage, .lacks = lacks};
    if (status == DC3_OK) status = dc3_share_run(share, &how, &pieces);
    dc3_share_close(&share);
    close_stage(&s);
    if (status == DC3_OK && run->n == 0)
        status = dc3_fail(DC3_ERR_FORMAT, "%s: none of %lld images can be read", run->options->data,
                          (long long)s.n);
    return status == DC3_OK ? dc3_feature_rows_finish(run) : status;
}

/* By networks, or from where they were saved. */
static dc3_status compute_or_read(dc3_run *run)
{
    char *cached = NULL;
    int found = 0;
    if (run->options->cache) DC3_TRY(dc3_feature_cache_find(run, &cached));
    dc3_status status = cached ? dc3_feature_cache_read(run, cached, &found) : DC3_OK;
    if (status == DC3_OK && !found) {
        double start = dc3_seconds_now();
        if (run->crops) status = dc3_run_crop_all(run);
        if (status == DC3_OK) status = compute_all(run);
        if (status == DC3_OK && cached)
            status = dc3_feature_cache_write(run, cached, dc3_seconds_now() - start);
    }
    free(cached);
    return status;
}

/* Of a file; who looks for duplicates has read all images then, and lost those that cannot be. */
static dc3_status take_given(dc3_run *run)
{
    DC3_TRY(dc3_duplicates_find(run));
    return dc3_given_take(run);
}

static dc3_status leave_out(dc3_run *run)
{
    run->report->readable = run->n + run->report->copies;
    DC3_TRY(dc3_duplicates_leave_out(run));
    return dc3_near_copies_leave_out(run);
}

dc3_status dc3_run_features(dc3_run *run)
{
    int taken = run->given && !dc3_run_asks(run);
    if (taken) DC3_TRY(dc3_given_skip(run));
    DC3_TRY(taken ? take_given(run) : compute_or_read(run));
    dc3_copies_tell(run);
    return leave_out(run);
}

dc3_status dc3_run_features_again(dc3_run *run)
{
    dc3_feature_rows_close(run);
    dc3_copies_close(&run->copies);
    free(run->items), free(run->duplicates);
    run->items = NULL, run->duplicates = NULL, run->n = 0;
    run->report->near_duplicates = 0;
    DC3_TRY(take_given(run));
    return leave_out(run);
}
