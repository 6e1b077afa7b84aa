/* What programs of several ranks share (dc3/ranks.h). */
#ifndef DC3_CLI_RANKS_SEVERAL_H
#define DC3_CLI_RANKS_SEVERAL_H

#include "dc3/ranks.h"

/* Joins by a transport, which tells by say_why why all end. Ranks other than 0 write to nowhere from here on.
 */
int join_by(dc3_transport_open opener, void *user);
/* Where people read it, on any rank; NULL: nothing. */
void say_why(const char *why);

#endif
