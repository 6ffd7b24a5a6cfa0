/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ProfileSet: a few dozen profiles in a sorted array. An image belongs to one profile alone, so
 * that "auto" has one answer.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/image.h"
#include "model/profile.h"

int profile_set_new(ProfileSet **ret) {
        ProfileSet *set = calloc(1, sizeof *set);

        if (set == NULL)
                return -ENOMEM;
        *ret = set;
        return 0;
}

ProfileSet *profile_set_free(ProfileSet *set) {
        if (set == NULL)
                return NULL;

        for (size_t i = 0; i < set->n; i++)
                (void) profile_free(set->profiles[i]);
        free(set);
        return NULL;
}

/* The profile that lists this normalised repository. */
static const Profile *find_repository(const ProfileSet *set, const char *repository) {
        for (size_t i = 0; i < set->n; i++)
                for (size_t j = 0; j < set->profiles[i]->n_images; j++)
                        if (strcmp(set->profiles[i]->images[j], repository) == 0)
                                return set->profiles[i];
        return NULL;
}

int profile_set_adopt(ProfileSet *set, Profile *profile, Error *err) {
        if (set->n == PROFILES_MAX)
                return error_set(err, -E2BIG, "more than %d profiles", PROFILES_MAX);
        if (profile_set_find(set, profile->name))
                return error_set(err, -EEXIST, "profile %s is there twice", profile->name);
        for (size_t i = 0; i < profile->n_images; i++) {
                const Profile *other = find_repository(set, profile->images[i]);
                if (other)
                        return error_set(
                                err, -EEXIST, "image %s is in the profiles %s and %s",
                                profile->images[i], other->name, profile->name
                        );
        }

        size_t at = set->n;
        for (; at > 0 && strcmp(set->profiles[at - 1]->name, profile->name) > 0; at--)
                set->profiles[at] = set->profiles[at - 1];
        set->profiles[at] = profile;
        set->n++;
        return 0;
}

const Profile *profile_set_find(const ProfileSet *set, const char *name) {
        for (size_t i = 0; i < set->n; i++)
                if (strcmp(set->profiles[i]->name, name) == 0)
                        return set->profiles[i];
        return NULL;
}

const Profile *profile_set_for_image(const ProfileSet *set, const char *image) {
        char repository[IMAGE_REPOSITORY_MAX];
        const Profile *profile = NULL;

        if (image_repository(image, repository) == 0)
                profile = find_repository(set, repository);
        return profile ? profile : profile_set_find(set, "ollama");
}
