/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "docker/engine.h"
#include "model/donors.h"

/*
 * Looks up the containers that others live off (model/donors.h), one request for each, and those
 * whose network these have in turn.
 */
#define DONORS_MAX 64 /* more are not looked up: whoever needs one of those is refused */

typedef struct DonorsLook DonorsLook;

/* As LookDone. May free it. */
typedef void DonorsDone(int result, const Error *error, void *data);

int donors_look_new(Engine *engine, DonorsDone *done, void *data, DonorsLook **ret);
DonorsLook *donors_look_free(DonorsLook *look);

/* Whose donors are to be looked up. -ENOMEM. */
int donors_look_add(DonorsLook *look, const Container *container);

/* done comes once, where there is nothing to ask at once. */
int donors_look_start(DonorsLook *look);

/* Those that were looked up; borrowed. */
const Donor *donors_look_list(const DonorsLook *look, size_t *ret_n);
