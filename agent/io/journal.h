/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/log.h"

/*
 * Journal: the sink that sends entries to journald with their fields, or, when standard error is no
 * journal stream, to standard error ("<N>" prefix under systemd, plain on a terminal).
 */
void journal_open(void);
