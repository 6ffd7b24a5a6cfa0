/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/error.h"
#include "base/macro.h"
#include "model/swap-record.h"

/*
 * Store: the swap records on disk, one file per identity in STATE/swaps (mode 0600: an inspect
 * document holds the container's environment). A record is there, synced, when store_write_swap()
 * returns 0. While the store is open it holds a lock: one daemon per state directory (-EBUSY).
 */
typedef struct Store Store;

int store_open(const char *state_dir, Store **ret, Error *err);
Store *store_free(Store *store);
DEFINE_CLEANUP(Store, store_free);

/* How many swaps are open in a state directory that nobody works on; -ENOENT counts as none (0). */
int store_count_swaps(const char *state_dir);

/* Where an identity's record is, whether there is one or not. Freed by the caller. */
char *store_swap_path(const Store *store, const char *identity);

/* One of phase prepare, with which a swap begins, only where there is room for those to come:
 * -ENOSPC. */
int store_write_swap(Store *store, const json_t *record, Error *err);
int store_forget_swap(Store *store, const char *identity, Error *err);

/*
 * Calls take for each record that was found; it takes the record over. A file that cannot be
 * understood is left alone and told to broken: its consumer is looked after by hand.
 */
typedef int StoreTake(SwapRecord *record, void *data);
typedef void StoreBroken(const Error *error, void *data);
int store_load_swaps(Store *store, StoreTake *take, StoreBroken *broken, void *data, Error *err);
