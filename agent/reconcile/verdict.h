/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "reconcile/executor.h"
#include "reconcile/world.h"

/*
 * Verdict: what became of a consumer, remembered for the next plan and told to people, once.
 */

/* Takes the plan's verdict over; a change of state or reason is a journal entry. */
void verdict_say(Consumer *consumer, const Plan *plan);

/* A plan was executed to its end: an undone swap may count as a failed attempt. */
void verdict_plan_done(Consumer *consumer, const Plan *plan);

/* A plan ended early: remembered, logged, and when it was restoring service, tried again after a
 * while. */
void verdict_plan_failed(Consumer *consumer, const Plan *plan, const ExecutorResult *result);

/* The swap record is about to be dropped: why it was undone is remembered, and late events of its
 * containers are still ours. */
void verdict_remember_swap(Consumer *consumer);
