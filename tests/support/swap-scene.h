/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "model/plan-swap.h"
#include "support/inspect.h"

/*
 * Scenes of an open swap: its record, the containers that are seen, and what is planned.
 */
#define SCENE_NAME     "shop-app-1"
#define SCENE_PREVIOUS SCENE_NAME ".coollama-prev"

extern const char *const scene_link_env[]; /* of one that is linked */
extern const InspectSpec scene_old_prev;   /* out of service, with the other name */
extern const InspectSpec scene_new_running;

/* Of the swap of SCENE_NAME; the new one's id begins with a b. The caller's. */
SwapRecord *scene_record(SwapPhase phase);

/* Gives it all that it takes to make the old one again. */
void scene_keep_old(SwapRecord *record);

/* A view of the containers of these documents, which are taken over; at most three. */
typedef struct Scene {
        SwapRecord *record;
        Container *containers[3];
        size_t n;
        SwapView view;
        Plan *plan;
} Scene;

/* Quiet and rested; what else it holds may be changed before plan_swap(). */
void scene_look(Scene *scene, SwapPhase phase, size_t n, const InspectSpec *specs);
void scene_done(Scene *scene);

/* Does the plan hold a call whose path has both of them in it? */
bool plan_calls(const Plan *plan, const char *id, const char *end);

/* The record that it writes; NULL: none. */
const json_t *plan_record(const Plan *plan);
