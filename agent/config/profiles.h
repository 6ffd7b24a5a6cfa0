/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/error.h"
#include "model/profile.h"

/*
 * Profiles: reads the profile files of a directory, NAME.json each, in order of name.
 *
 * A file that is no profile is an error that names it; other files are ignored. A directory without
 * a profile "ollama" is an error (-ENOENT): it is what every consumer gets that names none.
 */
int profiles_load(const char *directory, ProfileSet **ret, Error *err);
