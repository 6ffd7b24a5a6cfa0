/* SPDX-License-Identifier: Apache-2.0 */
#include "model/explain.h"

#include <string.h>

#include "model/by-hand.h"
#include "model/json-each.h"
#include "model/link.h"
#include "model/plan-consumer.h"
#include "model/rolls.h"

#define KEY_DIGITS 64

static json_t *string_or_null(const char *text) {
        return text ? json_string(text) : json_null();
}

static bool has_secret_name(const char *name) {
        static const char *const words[] = { "KEY", "TOKEN", "SECRET", "PASS", "CREDENTIAL" };

        for (size_t i = 0; i < ARRAY_LEN(words); i++)
                if (strcasestr(name, words[i]) != NULL)
                        return true;
        return false;
}

static bool holds_key(const char *value) {
        size_t length;

        for (const char *at = value; *at != '\0'; at += length > 0 ? length : 1) {
                length = strspn(at, "0123456789abcdef");
                if (length >= KEY_DIGITS)
                        return true;
        }
        return false;
}

/* What may be shown of a value that stood somewhere; null where nothing stood. */
static json_t *shown(const char *name, const char *value, bool for_root) {
        if (value == NULL)
                return json_null();
        if (value[0] == '\0')
                return json_string("");
        if (has_secret_name(name) || holds_key(value))
                return json_string("(a secret)");
        return json_string(for_root ? value : "(shown to root alone)");
}

static json_t *variables_of(const json_t *kept, bool for_root) {
        json_t *rows = json_array();
        size_t i;
        json_t *item;

        json_array_foreach(json_object_get(kept, "variables"), i, item) {
                const char *name = json_string_value(json_object_get(item, "name"));
                const char *before = json_string_value(json_object_get(item, "before"));
                const char *after = json_string_value(json_object_get(item, "after"));

                if (name == NULL)
                        continue;
                (void) json_array_append_new(
                        rows,
                        json_pack(
                                "{s:s, s:o, s:o}", "name", name, "before",
                                shown(name, before, for_root), "after", shown(name, after, for_root)
                        )
                );
        }
        return rows;
}

static json_t *replaced_by(const ExplainInput *input, const ExplainContainer *one) {
        const json_t *kept = one->kept;
        const ByHand by_hand = { kept, one->create_path, input->socket };
        json_t *commands = by_hand_commands(&by_hand);

        return json_pack(
                "{s:O, s:O, s:O, s:o, s:o, s:s, s:o}", "what", json_object_get(kept, "what"),
                "when", json_object_get(kept, "when"), "old_id", json_object_get(kept, "old_id"),
                "variables", variables_of(kept, input->for_root), "host_entry",
                json_is_true(json_object_get(kept, "host_entry")) ? json_string(LINK_HOST_ENTRY)
                                                                  : json_null(),
                "document", one->document_path, "by_hand", commands ? commands : json_array()
        );
}

static json_t *containers_of(const ExplainInput *input) {
        json_t *rows = json_array();

        for (size_t i = 0; i < input->n_containers; i++) {
                const ExplainContainer *one = &input->containers[i];
                const Container *container = one->container;

                (void) json_array_append_new(
                        rows, json_pack(
                                      "{s:s, s:s, s:s, s:s, s:s, s:o, s:o}", "id", container->id,
                                      "name", container->name, "number", container->number, "image",
                                      container->image, "state",
                                      container_state_to_string(container->state), "replaced",
                                      one->kept ? replaced_by(input, one) : json_null(), "part",
                                      string_or_null(one->part)
                              )
                );
        }
        return rows;
}

/* A template of a label is as secret as what it sets. */
static json_t *labels_of(const ExplainInput *input) {
        static const char env[] = "coollama.env.";
        json_t *rows = json_object();
        const char *name;
        json_t *value;

        if (input->n_containers == 0)
                return rows;
        json_object_foreach(json_to_iterate(input->containers[0].container->labels), name, value) {
                const char *text = json_string_value(value);

                if (strncmp(name, "coollama.", 9) != 0 || text == NULL)
                        continue;
                bool secret = strncmp(name, env, sizeof env - 1) == 0;
                (void) json_object_set_new(
                        rows, name, secret ? shown(name, text, input->for_root) : json_string(text)
                );
        }
        return rows;
}

static json_t *attempts_of(const Remembered *remembered) {
        bool any = remembered != NULL && remembered->attempts > 0;

        return json_pack(
                "{s:i, s:i, s:o, s:o, s:I}", "failed", any ? (int) remembered->attempts : 0, "of",
                LINK_ATTEMPTS_MAX, "container",
                string_or_null(any ? remembered->attempts_of : NULL), "last",
                string_or_null(any ? remembered->failure : NULL), "since",
                (json_int_t) (any ? remembered->since : 0)
        );
}

static json_t *files_of(const ExplainInput *input) {
        if (!input->files_known)
                return json_null();
        json_t *files = json_array();
        if (input->files != NULL)
                (void) json_array_append_new(files, json_string(input->files));
        return files;
}

static json_t *swap_of(const ExplainInput *input) {
        if (input->swap_phase == NULL)
                return json_null();
        return json_pack(
                "{s:s, s:o}", "phase", input->swap_phase, "record", string_or_null(input->swap_path)
        );
}

/* Which one would be re-created; NULL: none. */
static const Container *recreated(const ExplainInput *input) {
        const Container *newest = NULL;

        for (size_t i = 0;
             i < input->n_containers && input->rung == RUNG_RECREATE && input->swap_phase == NULL;
             i++)
                if (newest == NULL || container_is_newer(input->containers[i].container, newest))
                        newest = input->containers[i].container;
        return newest;
}

json_t *explain_document(const ExplainInput *input) {
        const Container *again = recreated(input);

        return json_pack(
                "{s:i, s:s, s:s, s:o, s:s, s:s, s:o, s:o, s:o, s:s?, s:s?, s:s?, s:s?, s:o, s:o, s:o, s:b, s:o, s:o, s:o}",
                "version", 1, "name", input->identity->human, "identity", input->identity->key,
                "rung", rung_to_json(input->rung), "state", link_state_to_string(input->state),
                "reason", input->reason ? input->reason : "not looked at yet", "next",
                string_or_null(input->next), "note", string_or_null(input->note), "would_add",
                string_or_null(input->intent), "reach", input->way, "reach_why", input->way_why,
                "gap", again ? rolls_gap(again) : NULL, "gap_why",
                again ? rolls_gap_why(again) : NULL, "labels", labels_of(input), "profile",
                string_or_null(input->profile), "attempts", attempts_of(input->remembered),
                "unlinked", input->remembered && input->remembered->unlinked, "files",
                files_of(input), "swap", swap_of(input), "containers", containers_of(input)
        );
}
