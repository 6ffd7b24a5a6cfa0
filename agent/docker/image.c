/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ImageName: a tag is what follows the last colon, unless a slash follows that: then the colon is
 * a registry's port. There is always a tag in the end, because a pull without one brings all tags
 * of the repository.
 */
#include "docker/image.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char word[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._";

/* The registry's name may have capitals and be an address in brackets; a path may have neither, but
 * that is left to the engine, which says it better. */
static bool is_repository(const char *text, size_t size) {
        if (size == 0 || size >= IMAGE_NAME_MAX || text[0] == '/' || text[size - 1] == '/')
                return false;
        for (size_t i = 0; i < size; i++)
                if (strchr(word, text[i]) == NULL && strchr("/:[]", text[i]) == NULL)
                        return false;
        return text[0] != ':' && text[size - 1] != ':' && text[0] != '-';
}

static bool is_tag(const char *text) {
        size_t size = strlen(text);

        return size > 0 && size <= 128 && strspn(text, word) == size && text[0] != '-'
               && text[0] != '.';
}

static bool is_digest(const char *text) {
        static const char hex[] = "0123456789abcdef";
        const char *colon = strchr(text, ':');

        if (colon == NULL || colon == text || strlen(text) >= IMAGE_NAME_MAX)
                return false;
        return strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789+._-") == (size_t) (colon - text)
               && strlen(colon + 1) >= 32 && strspn(colon + 1, hex) == strlen(colon + 1);
}

static const char *last_in(const char *text, size_t size, char wanted) {
        return memrchr(text, wanted, size);
}

int image_name_parse(const char *image, ImageName *ret) {
        const char *at = strchr(image, '@');
        size_t size = at != NULL ? (size_t) (at - image) : strlen(image);
        const char *slash = last_in(image, size, '/');
        const char *colon = last_in(image, size, ':');
        bool tagged = colon != NULL && (slash == NULL || colon > slash);
        size_t repository = tagged ? (size_t) (colon - image) : size;
        char tag[IMAGE_NAME_MAX] = "latest";

        if (tagged) {
                size_t tag_size = size - repository - 1;

                if (tag_size >= sizeof tag)
                        return -EINVAL;
                memcpy(tag, colon + 1, tag_size);
                tag[tag_size] = '\0';
        }
        if (!is_repository(image, repository) || !is_tag(tag))
                return -EINVAL;
        if (at != NULL && !is_digest(at + 1))
                return -EINVAL;

        (void) snprintf(ret->repository, sizeof ret->repository, "%.*s", (int) repository, image);
        (void) snprintf(ret->tag, sizeof ret->tag, "%s", at != NULL ? at + 1 : tag);
        return 0;
}
