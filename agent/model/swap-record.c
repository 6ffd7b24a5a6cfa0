/* SPDX-License-Identifier: Apache-2.0 */
#include "model/swap-record.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static const char *const phase_names[] = {
        [SWAP_PREPARE] = "prepare", [SWAP_BESIDE] = "beside",     [SWAP_STOPPING] = "stopping",
        [SWAP_STARTED] = "started", [SWAP_ROLLBACK] = "rollback",
};
static_assert(ARRAY_LEN(phase_names) == SWAP_ROLLBACK + 1, "a name for every phase");

const char *swap_phase_to_string(SwapPhase phase) {
        return phase_names[phase];
}

static int phase_from_string(const char *text) {
        for (size_t i = 0; text != NULL && i < ARRAY_LEN(phase_names); i++)
                if (strcmp(text, phase_names[i]) == 0)
                        return (int) i;
        return -EINVAL;
}

char *swap_previous_name(const char *name) {
        return text_format("%s.coollama-prev", name);
}

int swap_record_new(const char *identity, const Container *old, SwapRecord **ret) {
        cleanup(swap_record_freep) SwapRecord *record = calloc(1, sizeof *record);
        if (record == NULL)
                return -ENOMEM;

        record->phase = SWAP_PREPARE;
        record->identity = strdup(identity);
        record->name = strdup(old->name);
        record->old_id = strdup(old->id);
        record->new_id = strdup("");
        record->reason = strdup("");
        record->last_run = strdup("");
        record->was_running = container_is_up(old);
        record->was_healthy = old->health == HEALTH_HEALTHY;
        record->old = json_incref(old->inspect);
        record->link = json_array();
        record->lost = json_array();
        record->keep = json_null();
        record->tried = strdup("");
        record->attempt = 1;
        record->connects = json_array();
        record->files = json_array();
        if (!record->identity || !record->name || !record->old_id || !record->new_id
            || !record->reason || !record->tried || !record->last_run || !record->link
            || !record->lost || !record->connects || !record->files)
                return -ENOMEM;

        *ret = take_ptr(record);
        return 0;
}

SwapRecord *swap_record_free(SwapRecord *record) {
        if (record == NULL)
                return NULL;
        free(record->identity);
        free(record->name);
        free(record->old_id);
        free(record->new_id);
        free(record->reason);
        free(record->tried);
        free(record->last_run);
        json_decref(record->old);
        json_decref(record->link);
        json_decref(record->lost);
        json_decref(record->keep);
        json_decref(record->connects);
        json_decref(record->files);
        free(record);
        return NULL;
}

json_t *swap_record_json_in_phase(
        const SwapRecord *record, SwapPhase phase, const char *new_id, const char *reason
) {
        return json_pack(
                "{s:i, s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:b, s:s, s:s, s:O, s:O, s:O, s:O, s:O, s:O, s:i, s:s, s:b, s:b, s:I}",
                "version", 1, "phase", swap_phase_to_string(phase), "identity", record->identity,
                "name", record->name, "old_id", record->old_id, "new_id",
                new_id ? new_id : record->new_id, "was_running", record->was_running, "was_healthy",
                record->was_healthy, "counts", record->counts, "reason",
                reason ? reason : record->reason, "last_run", record->last_run, "old", record->old,
                "link", record->link, "connects", record->connects, "files", record->files, "lost",
                record->lost, "keep", record->keep, "attempt", (int) record->attempt, "tried",
                record->tried, "again", record->again, "rolls", record->rolls, "begun",
                (json_int_t) record->begun_usec
        );
}

json_t *swap_record_to_json(const SwapRecord *record) {
        return swap_record_json_in_phase(record, record->phase, NULL, NULL);
}

static int copy_strings(const json_t *json, SwapRecord *record, Error *err) {
        const struct {
                const char *key;
                char **target;
                bool may_be_empty;
        } fields[] = {
                { "identity", &record->identity, false }, { "name", &record->name, false },
                { "old_id", &record->old_id, false },     { "new_id", &record->new_id, true },
                { "reason", &record->reason, true },
        };

        for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
                const char *value = json_string_value(json_object_get(json, fields[i].key));
                if (value == NULL || (value[0] == '\0' && !fields[i].may_be_empty))
                        return error_set(err, -EBADMSG, "swap record: no '%s'", fields[i].key);
                *fields[i].target = strdup(value);
                if (*fields[i].target == NULL)
                        return error_set(err, -ENOMEM, "out of memory");
        }
        return 0;
}

static bool is_id(const char *text) {
        return text[strspn(text, "0123456789abcdef")] == '\0';
}

static bool is_name(const char *text) {
        return text[strspn(
                       text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"
               )]
               == '\0';
}

/* A swap removes containers: a record that was changed by hand, or by a disk, must not name others.
 */
static int check_who(const SwapRecord *record, Error *err) {
        const char *id = json_string_value(json_object_get(record->old, "Id"));

        if (!is_id(record->old_id) || !is_id(record->new_id))
                return error_set(err, -EBADMSG, "swap record: 'old_id' or 'new_id' is no id");
        if (!is_name(record->name))
                return error_set(err, -EBADMSG, "swap record: 'name' is no container's name");
        if (id == NULL || strcmp(id, record->old_id) != 0)
                return error_set(err, -EBADMSG, "swap record: 'old' is not the one of 'old_id'");
        return 0;
}

/* What earlier versions did not write. */
static int copy_later_parts(const json_t *json, SwapRecord *record) {
        json_t *lost = json_object_get(json, "lost");
        json_t *keep = json_object_get(json, "keep");
        json_int_t begun = json_integer_value(json_object_get(json, "begun"));
        json_int_t attempt = json_integer_value(json_object_get(json, "attempt"));
        const char *tried = json_string_value(json_object_get(json, "tried"));

        record->lost = json_is_array(lost) ? json_incref(lost) : json_array();
        record->keep = json_is_object(keep) ? json_incref(keep) : json_null();
        record->attempt = attempt > 0 && attempt < 1000 ? (unsigned) attempt : 1;
        record->tried = strdup(tried ? tried : "");
        record->begun_usec = begun > 0 ? (uint64_t) begun : 0;
        record->again = json_is_true(json_object_get(json, "again"));
        record->rolls = json_is_true(json_object_get(json, "rolls"));
        return record->lost != NULL && record->tried != NULL ? 0 : -ENOMEM;
}

int swap_record_from_json(const json_t *json, SwapRecord **ret, Error *err) {
        if (json_integer_value(json_object_get(json, "version")) != 1)
                return error_set(err, -EBADMSG, "swap record: not of a version that is known");

        cleanup(swap_record_freep) SwapRecord *record = calloc(1, sizeof *record);
        if (record == NULL)
                return error_set(err, -ENOMEM, "out of memory");

        int phase = phase_from_string(json_string_value(json_object_get(json, "phase")));
        if (phase < 0)
                return error_set(err, -EBADMSG, "swap record: unknown phase");
        record->phase = (SwapPhase) phase;

        int r = copy_strings(json, record, err);
        if (r < 0)
                return r;

        record->old = json_incref(json_object_get(json, "old"));
        record->link = json_incref(json_object_get(json, "link"));
        record->connects = json_incref(json_object_get(json, "connects"));
        record->files = json_incref(json_object_get(json, "files"));
        if (record->files == NULL) /* of a version that copied none */
                record->files = json_array();
        if (!json_is_object(record->old) || !json_is_array(record->link)
            || !json_is_array(record->connects) || !json_is_array(record->files))
                return error_set(
                        err, -EBADMSG, "swap record: no 'old', 'link', 'connects' or 'files'"
                );
        /* Not in the records of earlier versions. */
        const char *last_run = json_string_value(json_object_get(json, "last_run"));
        record->last_run = strdup(last_run ? last_run : "");
        if (record->last_run == NULL)
                return error_set(err, -ENOMEM, "out of memory");
        r = copy_later_parts(json, record);
        if (r < 0)
                return error_set(err, r, "out of memory");
        r = check_who(record, err);
        if (r < 0)
                return r;
        record->was_running = json_is_true(json_object_get(json, "was_running"));
        record->was_healthy = json_is_true(json_object_get(json, "was_healthy"));
        record->counts = json_is_true(json_object_get(json, "counts"));
        *ret = take_ptr(record);
        return 0;
}
