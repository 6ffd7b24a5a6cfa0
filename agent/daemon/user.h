/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/*
 * As whom this process works on the state directory. What root writes there the service's own user
 * could not read, so root becomes the directory's owner for good, in the group of Docker's socket
 * (which is not connected to). Nothing happens for anybody but root, nor in a directory of root's
 * own, nor where there is none.
 *
 * -EPERM with the command that does it where this is no --finish: by hand the daemon itself would
 * have none of what its unit gives it.
 */
int user_take(const char *state_dir, const char *socket_path, bool finish, Error *err);
