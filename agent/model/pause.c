/* SPDX-License-Identifier: Apache-2.0 */
#include "model/pause.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/macro.h"
#include "base/timestamp.h"

/* clang-format off */
static const char *const kind_names[] = {
        [PAUSE_NONE]           = "none",
        [PAUSE_BEGINS_NOTHING] = "paused",
        [PAUSE_DOWN]           = "down",
        [PAUSE_UNLINK_DOWN]    = "unlink-down",
};
/* clang-format on */
static_assert(ARRAY_LEN(kind_names) == PAUSE_UNLINK_DOWN + 1, "a name for every kind");

const char *pause_kind_to_string(PauseKind kind) {
        return kind_names[kind];
}

static int kind_from_string(const char *name, PauseKind *ret) {
        for (size_t i = 0; i < ARRAY_LEN(kind_names); i++)
                if (strcmp(kind_names[i], name) == 0) {
                        *ret = (PauseKind) i;
                        return 0;
                }
        return -EBADMSG;
}

int pause_from_json(const json_t *json, Pause *ret, Error *err) {
        const char *kind = json_string_value(json_object_get(json, "kind"));
        const char *by = json_string_value(json_object_get(json, "by"));
        json_int_t since = json_integer_value(json_object_get(json, "since"));
        json_int_t until = json_integer_value(json_object_get(json, "until"));
        Pause pause = { 0 };

        if (kind == NULL || by == NULL || since < 0 || until < 0
            || kind_from_string(kind, &pause.kind) < 0)
                return error_set(err, -EBADMSG, "it is not what coollamad writes there");
        (void) snprintf(pause.by, sizeof pause.by, "%s", by);
        pause.since = (uint64_t) since;
        pause.until = (uint64_t) until;
        *ret = pause;
        return 0;
}

json_t *pause_to_json(const Pause *pause) {
        return json_pack(
                "{s:s, s:s, s:I, s:I}", "kind", kind_names[pause->kind], "by", pause->by, "since",
                (json_int_t) pause->since, "until", (json_int_t) pause->until
        );
}

bool pause_is_over(const Pause *pause, uint64_t now) {
        return pause->until != 0 && pause->until <= now;
}

static const char *words_of(PauseKind kind) {
        switch (kind) {
        case PAUSE_NONE:
                return "";
        case PAUSE_BEGINS_NOTHING:
                return "paused";
        case PAUSE_DOWN:
        case PAUSE_UNLINK_DOWN:
                return "taken down";
        }
        return "";
}

const char *pause_sentence(const Pause *pause, char buffer[static PAUSE_SENTENCE_MAX]) {
        char since[TIMESTAMP_TEXT_MAX];
        char until[TIMESTAMP_TEXT_MAX];

        buffer[0] = '\0';
        if (pause->kind == PAUSE_NONE)
                return buffer;
        (void) timestamp_format(pause->since, since);
        (void) timestamp_format(pause->until, until);
        (void) snprintf(
                buffer, PAUSE_SENTENCE_MAX, "%s by %s since %s%s%s", words_of(pause->kind),
                pause->by, since, pause->until != 0 ? ", until " : "",
                pause->until != 0 ? until : ""
        );
        return buffer;
}
