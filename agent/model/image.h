/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * Image: what a reference to an image names, without its tag and digest.
 */

#define IMAGE_REPOSITORY_MAX 256 /* bytes with the NUL */

/*
 * The repository, normalised: "docker.io/library/nginx:alpine" and "nginx@sha256:..." are "nginx",
 * "ghcr.io/open-webui/open-webui:main" keeps its registry. 0; -EINVAL for what names no repository
 * (a bare "sha256:..." id, ""), -ENAMETOOLONG.
 */
int image_repository(const char *image, char ret[static IMAGE_REPOSITORY_MAX]);

/* The image's repository is this one ("ollama/ollama"), in whichever registry, with any tag. */
bool image_is(const char *image, const char *repository);
