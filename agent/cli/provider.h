/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "cli/options.h"

/* The name in "provider use NAME"; -EINVAL for any other words. */
int provider_arguments(const Options *options, const char **ret, Error *err);
