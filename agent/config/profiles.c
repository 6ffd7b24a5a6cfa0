/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profiles: the files of one directory. Reading is here, meaning is in model/profile.c.
 */
#include "config/profiles.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"

#define SUFFIX ".json"

static int is_profile(const struct dirent *entry) {
        size_t size = strlen(entry->d_name);

        return entry->d_name[0] != '.' && size > strlen(SUFFIX)
               && strcmp(entry->d_name + size - strlen(SUFFIX), SUFFIX) == 0;
}

/* By bytes, whatever the locale. */
static int by_name(const struct dirent **a, const struct dirent **b) {
        return strcmp((*a)->d_name, (*b)->d_name);
}

static int load_profile(ProfileSet *set, const char *directory, const char *file, Error *err) {
        cleanup(freep) char *path = text_format("%s/%s", directory, file);
        cleanup(freep) char *name = strndup(file, strlen(file) - strlen(SUFFIX));
        cleanup(freep) char *text = NULL;
        cleanup(profile_freep) Profile *profile = NULL;
        size_t size;

        if (path == NULL || name == NULL)
                return error_set(err, -ENOMEM, "out of memory");

        int r = file_read(path, PROFILE_FILE_MAX, &text, &size, err);
        if (r < 0)
                return r; /* names the path */

        r = profile_parse(name, text, size, &profile, err);
        if (r == 0)
                r = profile_set_adopt(set, profile, err);
        if (r < 0)
                return error_prefix(err, r, "%s", path);

        profile = NULL;
        return 0;
}

int profiles_load(const char *directory, ProfileSet **ret, Error *err) {
        cleanup(profile_set_freep) ProfileSet *set = NULL;
        struct dirent **entries = NULL;

        int n = scandir(directory, &entries, is_profile, by_name);
        if (n < 0)
                return error_set(err, -errno, "%s: %s", directory, strerrordesc_np(errno));

        int r = profile_set_new(&set);
        if (r < 0)
                (void) error_set(err, r, "out of memory");
        for (int i = 0; i < n; i++) {
                if (r == 0)
                        r = load_profile(set, directory, entries[i]->d_name, err);
                free(entries[i]);
        }
        free(entries);
        if (r < 0)
                return r;

        if (profile_set_find(set, "ollama") == NULL)
                return error_set(err, -ENOENT, "%s: there is no profile ollama.json", directory);

        *ret = take_ptr(set);
        return 0;
}
