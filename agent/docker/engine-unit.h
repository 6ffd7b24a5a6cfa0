/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#define ENGINE_UNIT_PID_FILE "/run/docker.pid"

/*
 * Does the engine behind this socket run? Connecting to a socket-activated Docker that its
 * administrator has stopped would start it again, so whoever only cleans up or tells asks here
 * first. True also when it cannot be told (a socket that is not Docker's own).
 */
bool engine_unit_runs(const char *socket_path);
