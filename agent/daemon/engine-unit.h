/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

/*
 * Does the engine behind this socket run? Connecting to a socket-activated Docker that its
 * administrator has stopped would start it again, so who only cleans up asks here first. True also
 * when it cannot be told (a socket that is not Docker's own).
 */
bool engine_unit_runs(const char *socket_path);
