/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include <jansson.h>

/*
 * Is this container a database? Its labels may say so (coolify.type, coolify.service.subType); else
 * its image does, by the last part of its repository, in whichever registry. labels may be NULL,
 * and so may image. A database is left out where a label speaks for a whole stack, and asked about
 * where it is named.
 */
bool database_is(const json_t *labels, const char *image);
