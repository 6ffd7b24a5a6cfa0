/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * The control socket's file and its peers. Used by io/control.c alone.
 */

/*
 * A listening socket at path with this mode from its first moment on. A socket that nobody listens
 * on any more is replaced; -EADDRINUSE when somebody does, or when something else is in the place.
 */
int control_socket_listen(const char *path, mode_t mode, Error *err);

/* Was the peer in this group when it connected, as its own (gid) or as a supplementary one? */
bool control_socket_peer_in_group(int fd, gid_t gid, const char *group);
