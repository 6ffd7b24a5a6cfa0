/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

#include "model/container.h"

/*
 * Rolls: may two of this container run at a time? Then its new one is started and proven beside the
 * old one, and its re-creation costs no gap. Pure.
 *
 * Only what Coolify itself replaces in this way is known to bear it: an application without a
 * compose file, under the name that each of its deployments makes anew. Of these Coolify excepts
 * what publishes a port or has an address of its own; so do we, and what could spoil something that
 * both write to, besides.
 */

/* Why not, static, for people: a clause that begins with "it". NULL: it rolls. */
const char *rolls_why_not(const Container *container);

/* How long a new one may take to prove itself: with a health check, what that needs at most to say
 * either word; without one, for how long it must stay up. */
uint64_t rolls_proof_usec(const Container *container);

/* What a re-creation of this one means for those who use it, static, for people. */
const char *rolls_gap(const Container *container);     /* "none", "a moment" */
const char *rolls_gap_why(const Container *container); /* a clause */
