/* SPDX-License-Identifier: Apache-2.0 */
#include "model/remembered.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define VERSION      1
#define ATTEMPTS_MAX 1000

int remembered_new(const char *identity, Remembered **ret) {
        cleanup(remembered_freep) Remembered *remembered = calloc(1, sizeof *remembered);
        if (remembered == NULL)
                return -ENOMEM;

        remembered->identity = strdup(identity);
        remembered->consents = json_array();
        if (remembered->identity == NULL || remembered->consents == NULL)
                return -ENOMEM;
        *ret = take_ptr(remembered);
        return 0;
}

Remembered *remembered_free(Remembered *remembered) {
        if (remembered == NULL)
                return NULL;
        free(remembered->identity);
        free(remembered->attempts_of);
        free(remembered->tried);
        free(remembered->failure);
        free(remembered->human);
        json_decref(remembered->consents);
        free(remembered);
        return NULL;
}

bool remembered_is_empty(const Remembered *remembered) {
        return remembered->attempts == 0 && !remembered->unlinked && !remembered->ordered
               && remembered->trusted == 0 && json_array_size(remembered->consents) == 0;
}

static int copy(char **target, const char *text) {
        char *copied = text ? strdup(text) : NULL;

        if (text != NULL && copied == NULL)
                return -ENOMEM;
        free(*target);
        *target = copied;
        return 0;
}

static const char *text_of(const json_t *json, const char *key) {
        return json_string_value(json_object_get(json, key));
}

static const struct {
        Trust trust;
        const char *word;
} trust_words[] = { { TRUST_ACCESS, "access" }, { TRUST_PROVIDER, "provider" } };

static json_t *trusted_to_json(unsigned trusted) {
        json_t *words = json_array();

        for (size_t i = 0; i < ARRAY_LEN(trust_words); i++)
                if (trusted & trust_words[i].trust)
                        (void) json_array_append_new(words, json_string(trust_words[i].word));
        return words;
}

/* A word that is not known is trust in something else. */
static unsigned trusted_from_json(const json_t *words) {
        unsigned trusted = 0;
        size_t i;
        json_t *word;

        json_array_foreach(words, i, word) {
                for (size_t j = 0; json_is_string(word) && j < ARRAY_LEN(trust_words); j++)
                        if (strcmp(json_string_value(word), trust_words[j].word) == 0)
                                trusted |= trust_words[j].trust;
        }
        return trusted;
}

static int take_consents(Remembered *remembered, const json_t *list) {
        size_t i;
        json_t *id;

        json_array_foreach(list, i, id) {
                if (i < REMEMBERED_CONSENTS_MAX && json_is_string(id)
                    && json_array_append(remembered->consents, id) < 0)
                        return -ENOMEM;
        }
        return 0;
}

int remembered_from_json(const json_t *json, Remembered **ret, Error *err) {
        cleanup(remembered_freep) Remembered *remembered = NULL;
        const char *identity = text_of(json, "identity");
        json_int_t attempts = json_integer_value(json_object_get(json, "attempts"));
        json_int_t since = json_integer_value(json_object_get(json, "since"));

        if (json_integer_value(json_object_get(json, "version")) != VERSION)
                return error_set(err, -EBADMSG, "not of a version that is known");
        if (identity == NULL || identity[0] == '\0')
                return error_set(err, -EBADMSG, "no 'identity'");
        if (attempts < 0 || attempts > ATTEMPTS_MAX || since < 0)
                return error_set(err, -EBADMSG, "'attempts' or 'since' cannot be");

        int r = remembered_new(identity, &remembered);
        if (r >= 0)
                r = copy(&remembered->attempts_of, text_of(json, "attempts_of"));
        if (r >= 0)
                r = copy(&remembered->tried, text_of(json, "tried"));
        if (r >= 0)
                r = copy(&remembered->failure, text_of(json, "failure"));
        if (r >= 0)
                r = copy(&remembered->human, text_of(json, "human"));
        if (r >= 0)
                r = take_consents(remembered, json_object_get(json, "consents"));
        if (r < 0)
                return error_set(err, r, "out of memory");
        remembered->attempts = (unsigned) attempts;
        remembered->since = (uint64_t) since;
        remembered->unlinked = json_is_true(json_object_get(json, "unlinked"));
        remembered->ordered = json_is_true(json_object_get(json, "ordered"));
        remembered->trusted = trusted_from_json(json_object_get(json, "trusted"));
        *ret = take_ptr(remembered);
        return 0;
}

static json_t *string_or_null(const char *text) {
        return text ? json_string(text) : json_null();
}

json_t *remembered_to_json(const Remembered *remembered) {
        return json_pack(
                "{s:i, s:s, s:i, s:o, s:o, s:o, s:I, s:b, s:b, s:o, s:o, s:O}", "version", VERSION,
                "identity", remembered->identity, "attempts", (int) remembered->attempts,
                "attempts_of", string_or_null(remembered->attempts_of), "tried",
                string_or_null(remembered->tried), "failure", string_or_null(remembered->failure),
                "since", (json_int_t) remembered->since, "unlinked", remembered->unlinked,
                "ordered", remembered->ordered, "human", string_or_null(remembered->human),
                "trusted", trusted_to_json(remembered->trusted), "consents", remembered->consents
        );
}

int remembered_count(Remembered *remembered, const json_t *attempt, uint64_t now) {
        json_int_t n = json_integer_value(json_object_get(attempt, "attempt"));

        if (n < 1 || n > ATTEMPTS_MAX)
                return -EINVAL;
        int r = copy(&remembered->attempts_of, text_of(attempt, "of"));
        if (r >= 0)
                r = copy(&remembered->tried, text_of(attempt, "tried"));
        if (r >= 0)
                r = copy(&remembered->failure, text_of(attempt, "failure"));
        if (r < 0)
                return r;
        if (n == 1 || remembered->since == 0)
                remembered->since = now;
        remembered->attempts = (unsigned) n;
        return 0;
}

int remembered_order(Remembered *remembered, const char *human) {
        int r = copy(&remembered->human, human);
        if (r < 0)
                return r;
        remembered->ordered = true;
        remembered->unlinked = false;
        return 0;
}

void remembered_end_order(Remembered *remembered) {
        remembered->ordered = false;
        (void) copy(&remembered->human, NULL);
}

void remembered_begin_anew(Remembered *remembered) {
        remembered->attempts = 0;
        remembered->since = 0;
        (void) copy(&remembered->attempts_of, NULL);
        (void) copy(&remembered->tried, NULL);
        (void) copy(&remembered->failure, NULL);
}

int remembered_consent(Remembered *remembered, const char *const *ids, size_t n) {
        (void) json_array_clear(remembered->consents);
        for (size_t i = 0; i < n && i < REMEMBERED_CONSENTS_MAX; i++)
                if (json_array_append_new(remembered->consents, json_string(ids[i])) < 0)
                        return -ENOMEM;
        return 0;
}

bool remembered_consents(const Remembered *remembered, const char *id) {
        size_t i;
        json_t *item;

        json_array_foreach(remembered->consents, i, item) {
                const char *text = json_string_value(item);
                if (text != NULL && strcmp(text, id) == 0)
                        return true;
        }
        return false;
}

bool remembered_keep_consents(Remembered *remembered, const char *const *ids, size_t n) {
        bool changed = false;

        for (size_t i = json_array_size(remembered->consents); i > 0; i--) {
                const char *consent =
                        json_string_value(json_array_get(remembered->consents, i - 1));
                bool found = false;

                for (size_t j = 0; consent != NULL && j < n; j++)
                        found = found || strcmp(consent, ids[j]) == 0;
                if (!found)
                        changed = json_array_remove(remembered->consents, i - 1) == 0 || changed;
        }
        return changed;
}
