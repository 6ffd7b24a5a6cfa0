/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/macro.h"
#include "model/choice.h"

/*
 * Profile: what is known of an app: which variables it takes, how it can show its key, what it
 * needs. Data, from templates/profiles/NAME.json:
 *
 *   {
 *     "about": "one line for people",
 *     "images": [ "ghcr.io/open-webui/open-webui" ],
 *     "carrier": [ "stack", "header" ],      the first that is possible counts
 *     "reach": "auto",                       a word of coollama.reach
 *     "recovery": "none",                    a word of coollama.recovery, or "default": as
 * configured "settle": "0s",                        its quiet time, where the configuration's is
 * shorter "hint": { "header": "what its user must do once, with that carrier" }, "sources": [
 * "https://..." ],          where these facts come from "variables": [ { "name": "OLLAMA_BASE_URL",
 * "value": "{url}", "role": "url" } ]
 *   }
 *
 * All are required; anything else is an error. An image stands without tag and digest. A hint may
 * say {host} and {port}, and nothing that could be a key.
 */
typedef enum ProfileRole {
        PROFILE_ROLE_URL, /* tells where Ollama is; replaces what the user wrote there */
        PROFILE_ROLE_KEY, /* carries the key; only set where there is one */
} ProfileRole;

const char *profile_role_to_string(ProfileRole role);

typedef struct ProfileVariable {
        char *name;
        char *template; /* model/template.h; checked */
        ProfileRole role;
} ProfileVariable;

#define PROFILE_NAME_MAX        32 /* bytes; lower-case letters, digits and '-' */
#define PROFILE_IMAGES_MAX      64
#define PROFILE_VARIABLES_MAX   32
#define PROFILE_SOURCES_MAX     32
#define PROFILE_HINT_MAX        300 /* bytes */
#define PROFILE_SETTLE_MAX_USEC ((uint64_t) 3600 * 1000000)
#define PROFILE_FILE_MAX        ((size_t) 64 * 1024)

typedef struct Profile {
        char *name;
        char *about;
        char **images; /* normalised repositories */
        size_t n_images;
        Auth carriers[AUTH_STACK]; /* in the order of preference; never AUTH_AUTO, none twice */
        size_t n_carriers;
        Reach reach;
        Recovery recovery;
        bool has_recovery; /* else the configuration's counts */
        uint64_t settle_usec;
        char *hints[AUTH_STACK + 1]; /* by carrier; NULL: nothing is left to do */
        char **sources;
        size_t n_sources;
        ProfileVariable *variables; /* in the file's order; no name twice */
        size_t n_variables;
} Profile;

/* -EBADMSG for what is no profile (the text says what and where), -ENOMEM. */
int profile_parse(const char *name, const char *text, size_t size, Profile **ret, Error *err);
Profile *profile_free(Profile *profile);
DEFINE_CLEANUP(Profile, profile_free);

/* Can the app show its key in this way? */
bool profile_allows(const Profile *profile, Auth carrier);

#define PROFILES_MAX 256

/* The profiles there are, ordered by name. */
typedef struct ProfileSet {
        Profile *profiles[PROFILES_MAX];
        size_t n;
} ProfileSet;

int profile_set_new(ProfileSet **ret);
ProfileSet *profile_set_free(ProfileSet *set);
DEFINE_CLEANUP(ProfileSet, profile_set_free);

/*
 * Takes the profile over when it returns 0. -EEXIST for a name or an image that is there already
 * (the text names both profiles), -E2BIG.
 */
int profile_set_adopt(ProfileSet *set, Profile *profile, Error *err);

/* Borrowed; NULL when there is none of that name. */
const Profile *profile_set_find(const ProfileSet *set, const char *name);

/* What "auto" means for an image: the profile that lists its repository, else "ollama" (NULL when
 * the set has no such profile). */
const Profile *profile_set_for_image(const ProfileSet *set, const char *image);
