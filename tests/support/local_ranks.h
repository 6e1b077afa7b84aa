/* Ranks of this machine that are joined by sockets: tests of several ranks without MPI. */
#ifndef LOCAL_RANKS_H
#define LOCAL_RANKS_H

#include "dc3/ranks.h"

enum { LOCAL_RANKS = 128 }; /* at most */

/* Makes this process rank 0 of `ranks`, and the others of it; before it has a second thread. In each it
 * returns the process's rank. They die with rank 0. */
int local_ranks_fork(int ranks);
/* The same of ranks that all reach each other. */
int local_ranks_fork_mesh(int ranks);
/* The process of a rank, on rank 0. */
int local_ranks_process(int rank);
/* For dc3_ranks_begin, afterwards. */
int local_ranks_open(void *unused, dc3_transport *transport);

#endif
