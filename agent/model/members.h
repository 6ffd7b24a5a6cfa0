/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "model/container.h"

/*
 * The name of a member of a project that is created (and will be started) or whose health check has
 * not answered yet, out of GET /containers/json for that project; NULL: none. Borrowed from the
 * list. except is the id of the container that asks.
 */
const char *members_find_busy(const json_t *list, const char *except);

/* Another container of the same place, that runs: of two deployments, one replaces the other. */
typedef struct MemberTwin {
        const char *name; /* borrowed from the list; NULL: there is none */
        bool newer;
} MemberTwin;

/* Out of the same list; a newer one before an older one. One-off containers are none. */
MemberTwin members_find_twin(const json_t *list, const char *identity, const Container *container);

#define MEMBERS_LEFT_MAX 12

/* A member that is created and was never started; borrowed from the list. */
typedef struct MemberLeft {
        const char *id;
        const char *name;     /* that it is to have */
        bool renamed;         /* it has another one: compose's, while it replaces */
        const char *replaced; /* id of what it was to replace, which is down; NULL: that is gone */
} MemberLeft;

/*
 * Whom a deployment that gave up left behind, out of the same list: what was made together with the
 * member of this id (up to ten minutes before it, or later; itself, too) and waits for a start that
 * nobody will ask for. One-off containers are none of it, nor what was to replace one that still
 * runs. Returns how many.
 */
size_t members_find_left(const json_t *list, const char *id, MemberLeft ret[MEMBERS_LEFT_MAX]);
