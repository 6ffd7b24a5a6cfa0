/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * ImageName: an image's name taken apart into what POST /images/create wants. Pure.
 *
 * "nginx" has the tag latest; "host:5000/a/b" has a port and the tag latest; a digest wins over a
 * tag beside it. Whether the name exists, and what registry it means, is the engine's to say.
 */
#define IMAGE_NAME_MAX 512

typedef struct ImageName {
        char repository[IMAGE_NAME_MAX]; /* "host:5000/a/b" */
        char tag[IMAGE_NAME_MAX];        /* "latest", or "sha256:..." */
} ImageName;

/* 0, or -EINVAL for what is no image's name. */
int image_name_parse(const char *image, ImageName *ret);
