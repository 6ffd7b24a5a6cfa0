/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include <jansson.h>

#include "base/index.h"
#include "docker/engine.h"
#include "model/container.h"
#include "model/donors.h"
#include "reconcile/look-files.h"

/*
 * Look: reads what one pass needs from the engine, request after request.
 *
 * First the containers; then, when the planner asks (Need), the image, the project's members, the
 * changes, those that they live off, those that live off one of them. What it found stays valid
 * until the look is freed.
 */
#define LOOK_CONTAINERS_MAX 67

typedef struct LookContainer {
        char *id; /* as asked for: an id, or a name */
        bool by_name;
        Container *container; /* NULL: there is none (any more) */
} LookContainer;

typedef struct Look Look;

/* result: 0, or negative errno with the error when something could not be read. May free the look.
 */
typedef void LookDone(int result, const Error *error, void *data);

/* loners: as dependents_look_new() (reconcile/look-dependents.h). */
int look_new(Engine *engine, Index **loners, LookDone *done, void *data, Look **ret);
Look *look_free(Look *look);

/* Adds one to look at; -ENOSPC above the maximum. */
int look_add_container(Look *look, const char *id_or_name, bool by_name);

/* Reads all that was added and is not read yet; done comes once, where there is nothing to read at
 * once. */
int look_start(Look *look);

/* Reads what the planner needs to know about this container (Need flags but NEED_REACH). */
int look_closer(Look *look, unsigned needs, const Container *container);

const LookContainer *look_containers(const Look *look, size_t *ret_n);

const json_t *look_image(const Look *look);  /* NULL: not read, or gone */
const char *look_image_id(const Look *look); /* whose it is */
bool look_image_name_is_current(const Look *look);
const json_t *look_members(const Look *look); /* NULL: not read */
/* Of the network that may be its stack's alone (model/own-network.h); NULL: not read. */
const json_t *look_network(const Look *look);
const json_t *look_inmates(const Look *look);   /* the list of those in it */
const char *look_busy_member(const Look *look); /* NULL: none */
bool look_changes_known(const Look *look);
const char *look_changes_id(const Look *look);
const LookFiles *look_files(const Look *look); /* NULL: not read */
bool look_donors_known(const Look *look);
const Donor *look_donors(const Look *look, size_t *ret_n);
bool look_dependents_known(const Look *look);
const char *look_dependents_id(const Look *look); /* on whom */
const char *look_dependents(const Look *look);    /* NULL: nobody */
