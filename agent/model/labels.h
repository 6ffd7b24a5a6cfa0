/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/macro.h"
#include "model/choice.h"
#include "model/profile.h"

/*
 * Wish: what a container's labels ask for.
 *
 * Everything under coollama.* is ours: what is not known there, or not supported yet, is a problem,
 * and a container with a problem is left as it is. The text is one sentence for people, without
 * control characters and without the value of a coollama.env.* label (it may be a secret).
 */
#define LABEL_ENABLE "coollama.enable"
#define LABEL_ROLE   "coollama.role"
#define LABEL_PART   "coollama.part" /* on the containers of our own stack: never a consumer */

#define WISH_PROFILES_MAX    8
#define WISH_VARIABLES_MAX   32
#define WISH_SETTLE_MAX_USEC ((uint64_t) 3600 * 1000000)

typedef struct WishVariable {
        char *name;     /* of coollama.env.NAME; a valid variable name */
        char *template; /* model/template.h; checked */
} WishVariable;

typedef struct Wish {
        bool enabled; /* coollama.enable=true, and not of our own stack */
        bool part;    /* coollama.part is there */
        Reach reach;
        Auth auth;
        Recovery recovery;
        bool has_recovery; /* coollama.recovery is there; else the configuration's action counts */
        Access access;
        bool has_access; /* likewise */
        bool has_reach;  /* likewise */
        Scope scope;
        uint64_t settle_usec; /* 0: not asked for */
        char *profiles[WISH_PROFILES_MAX];
        size_t n_profiles;                          /* 0: auto (profile_set_for_image()) */
        WishVariable variables[WISH_VARIABLES_MAX]; /* ordered by name */
        size_t n_variables;
        char problem[320]; /* "" when there is none; of several the one of the first label by name
                            */
} Wish;

/*
 * labels: an object of strings as the engine gives it; NULL means none. The same labels in another
 * order give the same wish. profiles: those that may be named; borrowed, only during the call.
 * -ENOMEM alone; all else is a problem of the wish.
 */
int wish_parse(const json_t *labels, const ProfileSet *profiles, Wish **ret);
Wish *wish_free(Wish *wish);
DEFINE_CLEANUP(Wish, wish_free);

/*
 * Do these labels opt in? coollama.enable with whatever value but "false" (another one is a problem
 * of the wish, which is said), and not of our own stack. NULL: no.
 */
bool labels_opt_in(const json_t *labels);

static inline bool wish_has_problem(const Wish *wish) {
        return wish->problem[0] != '\0';
}
