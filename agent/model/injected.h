/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/error.h"
#include "model/changes.h"

/*
 * Injected: files that somebody put into a container between its creation and its start (compose's
 * configs and secrets with content, docker cp), found by their times.
 *
 * Nothing else tells them: no document of the engine names them. More than those may be found; what
 * is copied without need does no harm.
 */
#define INJECTED_LOOKS_MAX 2000 /* paths that are looked at */
#define INJECTED_FILES_MAX 256  /* files, with the directories that they need */
#define INJECTED_BYTES_MAX ((uint64_t) 16 * 1024 * 1024)

/* What HEAD /containers/ID/archive?path=P tells. */
typedef struct FileStat {
        bool is_dir;
        bool is_special; /* socket, pipe, device: no archive brings it along */
        uint64_t size;   /* bytes */
        int64_t mtime_sec;
        uint32_t mtime_nsec;
} FileStat;

/* From the header X-Docker-Container-Path-Stat. -EBADMSG, -ENOMEM. */
int file_stat_parse(const char *header, FileStat *ret);

/* Is this one to be looked at? Others cannot have been put in. */
bool injected_is_candidate(const Change *change);

/* More than this many candidates, or -E2BIG with the reason. */
int injected_check_candidates(const Changes *changes, Error *err);

/*
 * May it have changed by its owner or mode alone, as an entry point's chown -R does with thousands?
 * It is older than the container then, and the image has one of that name; so it is where docker
 * cp, which keeps the time, put another in its place. created_at: the container's Created.
 */
bool injected_may_be_image_own(const FileStat *stat, const Change *change, const char *created_at);

/* Was it there before the container's start? started_at: State.StartedAt. One that cannot be read
 * counts as there. */
bool injected_was_before(const FileStat *stat, const char *started_at);

/* The bytes of what is kept. */
typedef struct InjectedBytes {
        uint64_t sure;
        uint64_t doubtful;
} InjectedBytes;

/*
 * All that is to be copied, in this order: the kept ones, each after the directories that the image
 * has not. Where that is too much the doubtful ones are taken for the image's own, and kept no
 * longer. -E2BIG with the reason when it is too much even so, -ENOMEM. An array of paths.
 */
int injected_list(Changes *changes, const InjectedBytes *bytes, json_t **ret, Error *err);
