/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/error.h"
#include "daemon/options.h"

/*
 * Manager: the running daemon: event loop, signals, systemd, the control socket and the reconciler.
 */

/* Runs until told to stop. 0, or negative errno with what was wrong. */
int manager_run(const Options *options, Error *err);
