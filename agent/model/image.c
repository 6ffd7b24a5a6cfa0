/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Image: takes a reference apart as the engine does.
 *
 * The part before the first '/' is a registry only if it looks like a host ('.' or ':' in it, or
 * "localhost"); a ':' after the last '/' begins the tag. Docker Hub has two spellings of its own.
 */
#include "model/image.h"

#include <errno.h>
#include <string.h>

static bool is_registry(const char *part, size_t size) {
        return memchr(part, '.', size) != NULL || memchr(part, ':', size) != NULL
               || (size == strlen("localhost") && memcmp(part, "localhost", size) == 0);
}

/* The rest after a registry's name, or the whole when there is none. */
static const char *skip_registry(const char *image) {
        const char *slash = strchr(image, '/');

        return slash && is_registry(image, (size_t) (slash - image)) ? slash + 1 : image;
}

static bool skip_prefix(const char **text, const char *prefix) {
        size_t size = strlen(prefix);

        if (strncmp(*text, prefix, size) != 0)
                return false;
        *text += size;
        return true;
}

int image_repository(const char *image, char ret[static IMAGE_REPOSITORY_MAX]) {
        if (strncmp(image, "sha256:", strlen("sha256:")) == 0)
                return -EINVAL;

        bool hub = skip_prefix(&image, "docker.io/") || skip_prefix(&image, "index.docker.io/")
                   || skip_registry(image) == image;
        if (hub)
                (void) skip_prefix(&image, "library/"); /* may be left out */

        size_t size = strcspn(image, "@");
        const char *path = skip_registry(image);
        const char *tag = memrchr(image, ':', size);
        if (tag && tag >= path)
                size = (size_t) (tag - image);

        if (size == 0 || path >= image + size)
                return -EINVAL;
        if (size >= IMAGE_REPOSITORY_MAX)
                return -ENAMETOOLONG;

        memcpy(ret, image, size);
        ret[size] = '\0';
        return 0;
}

bool image_is(const char *image, const char *repository) {
        char name[IMAGE_REPOSITORY_MAX];

        return image_repository(image, name) == 0 && strcmp(skip_registry(name), repository) == 0;
}
