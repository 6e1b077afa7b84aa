/* A tar, plain or compressed, member by member, so that a member's bytes are found again later. */
#ifndef DC3_IO_DATASETS_TAR_SHARD_H
#define DC3_IO_DATASETS_TAR_SHARD_H

#include "io/datasets/reader.h"

typedef struct dc3_tar dc3_tar;

/* Where a member's bytes are: in the tar itself, or in the dataset's spool. */
typedef struct dc3_place {
    uint64_t offset, size;
    int spooled;
} dc3_place;

/* 1 for the names of tars: .tar, and .tar.gz, .tgz and the like of zst, xz, bz2, lz4. */
int dc3_is_tar_name(const char *name);

/* The caller closes. */
dc3_status dc3_tar_open(const char *path, dc3_tar **tar);
/* Accepts NULL; nulls. */
void dc3_tar_close(dc3_tar **tar);
/* The next member that is a file or a link to one: its name, valid until the next call ("" where it cannot be
 * read), or NULL at the end. DC3_ERR_FORMAT where the tar is damaged, or is none. */
dc3_status dc3_tar_next(dc3_tar *tar, const char **name);
/* 1 if the member is a link, hard or symbolic: it has no bytes of its own. */
int dc3_tar_is_link(const dc3_tar *tar);
/* The name of the member that a hard link leads to, NULL for others; valid until the next call. */
const char *dc3_tar_target(const dc3_tar *tar);
/* The first bytes of the member, at most size - 1, with a zero byte behind them; *got of them. */
dc3_status dc3_tar_read(dc3_tar *tar, char *text, size_t size, size_t *got);
/* Where the member's bytes are. Those of a compressed tar, or of a sparse member, are appended to the
 * dataset's spool, a temporary file without a name, but for a member of more than DC3_FILE_LIMIT bytes. Once
 * for a member, which was not read. */
dc3_status dc3_tar_keep(dc3_tar *tar, dc3_dataset *dataset, dc3_place *place);
/* 1 once something failed because of what the tar is: it is damaged, none, or unpacks to too much. */
int dc3_tar_is_damaged(const dc3_tar *tar);
/* 1 if the damage may begin in the last member. */
int dc3_tar_is_cut(const dc3_tar *tar);
/* Bytes of the file that were not looked at, once a compressed tar is at its end: more of it, if several were
 * joined. What was read ahead does not count. */
uint64_t dc3_tar_rest(const dc3_tar *tar);
/* 1 once a member of a compressed tar was kept in the spool. */
int dc3_tar_is_spooled(const dc3_tar *tar);

#endif
