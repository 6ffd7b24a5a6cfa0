/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/macro.h"

/*
 * Story: how far something is that takes a while and that somebody may be waiting for: an upgrade,
 * taking everything away. One at a time; it only tells. What is done next is decided from what is
 * written down elsewhere.
 */
#define STORY_LINE_MAX    400
#define STORY_WAITERS_MAX 16

typedef struct Story Story;

/* document: {"number", "line", "ended", "fine", "next"}; borrowed. */
typedef void StoryTold(unsigned status, const json_t *document, void *data);

Story *story_new(void); /* NULL without memory */
/* Nobody is told any more. */
Story *story_free(Story *story);
DEFINE_CLEANUP(Story, story_free);

/* Another one begins; returns its number, for story_wait(). */
uint64_t story_begin(Story *story);

/* How far it is; the same line again tells nobody anything. */
void story_say(Story *story, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* It has ended, well or not; next: what its operator may do ("" for nothing). One that has ended
 * already stays as it is. */
void story_end(Story *story, bool fine, const char *next, const char *format, ...)
        __attribute__((format(printf, 4, 5)));

bool story_is_open(const Story *story);

/* Told once: at once when there is news since that number, else when there is; the one that has
 * waited longest is told early when too many wait. */
void story_wait(Story *story, uint64_t after, StoryTold *told, void *data);
