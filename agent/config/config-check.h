/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/*
 * What a text in the configuration must look like. Each takes the value, may shorten it in place,
 * and returns 0 or -EINVAL with what it wants, without repeating the value.
 */
int config_check_socket(char *value, Error *err);
int config_check_url(char *value, Error *err);
int config_check_path(char *value, Error *err);
int config_check_name(char *value, Error *err);
int config_check_image(char *value, Error *err);
int config_check_models(char *value, Error *err);
int config_check_bind(char *value, Error *err);

/* Is it http(s)://host.docker.internal, with any port and path: the host that we run on? */
bool config_url_is_this_host(const char *url);

/* The port that such a URL says, or its scheme's. */
unsigned config_url_port(const char *url);
