/* SPDX-License-Identifier: Apache-2.0 */
#include "base/repeats.h"

#include <ctype.h>
#include <string.h>

#include "base/macro.h"

#define HOUR_USEC (3600 * USEC_PER_SEC)

/* FNV-1a. */
#define HASH_BEGIN 0xcbf29ce484222325U
#define HASH_PRIME 0x100000001b3U

static uint64_t hash_bytes(uint64_t hash, const char *bytes, size_t size) {
        for (size_t i = 0; i < size; i++)
                hash = (hash ^ (unsigned char) bytes[i]) * HASH_PRIME;
        return hash;
}

/* With its end, so that "a", "b" is not "ab", "". */
static uint64_t hash_string(uint64_t hash, const char *text) {
        return text ? hash_bytes(hash, text, strlen(text) + 1) : hash;
}

/* But for words with a digit in them. */
static uint64_t hash_words(uint64_t hash, const char *text) {
        while (*text != '\0') {
                size_t size = 0;
                bool counts = true;

                while (isalnum((unsigned char) text[size]))
                        if (isdigit((unsigned char) text[size++]))
                                counts = false;
                if (size == 0)
                        size = 1;
                if (counts)
                        hash = hash_bytes(hash, text, size);
                text += size;
        }
        return hash;
}

static uint64_t not_zero(uint64_t hash) {
        return hash != 0 ? hash : 1;
}

static const char *consumer_of(const LogEntry *entry) {
        for (const LogField *field = entry->fields; field && field->name; field++)
                if (strcmp(field->name, "CONSUMER") == 0)
                        return field->value;
        return NULL;
}

static uint64_t hash_entry(const LogEntry *entry) {
        uint64_t hash = hash_string(HASH_BEGIN, entry->message_id);

        for (const LogField *field = entry->fields; field && field->name; field++)
                hash = strcmp(field->name, "CONSUMER") == 0
                               ? hash_string(hash, field->value)
                               : hash_words(hash, field->value ? field->value : "");
        return not_zero(hash_words(hash, entry->message));
}

/* The one of this hash, or a new one in the place of the oldest. */
static Repeat *find(Repeats *repeats, uint64_t hash) {
        Repeat *oldest = &repeats->entries[0];

        for (size_t i = 0; i < REPEATS_MAX; i++) {
                Repeat *repeat = &repeats->entries[i];

                if (repeat->hash == hash)
                        return repeat;
                if (repeat->begun_usec < oldest->begun_usec)
                        oldest = repeat;
        }
        *oldest = (Repeat){ 0 };
        return oldest;
}

Telling repeats_note(Repeats *repeats, const LogEntry *entry, uint64_t now_usec) {
        uint64_t hash = hash_entry(entry);
        const char *consumer = consumer_of(entry);
        Repeat *repeat = find(repeats, hash);
        Telling telling = { 0 };

        if (repeat->hash == 0 || now_usec - repeat->begun_usec >= HOUR_USEC) {
                repeat->hash = hash;
                repeat->consumer = consumer ? not_zero(hash_string(HASH_BEGIN, consumer)) : 0;
                repeat->begun_usec = now_usec;
                repeat->told = 0;
                repeat->allowed = repeat->untold > 0 ? 1 : REPEATS_TOLD;
        }
        if (repeat->told == repeat->allowed) {
                repeat->untold++;
                return telling;
        }
        repeat->told++;
        telling = (Telling){ .told = true,
                             .last = repeat->told == repeat->allowed && repeat->allowed > 1,
                             .untold = repeat->untold };
        repeat->untold = 0;
        return telling;
}

void repeats_forget(Repeats *repeats, const char *consumer) {
        uint64_t hash = not_zero(hash_string(HASH_BEGIN, consumer));

        for (size_t i = 0; i < REPEATS_MAX; i++)
                if (repeats->entries[i].consumer == hash)
                        repeats->entries[i] = (Repeat){ 0 };
}
