/* SPDX-License-Identifier: Apache-2.0 */
#include "model/sightings.h"

#include <errno.h>
#include <string.h>

#define VERSION 1

static uint64_t later(uint64_t a, uint64_t b) {
        return a > b ? a : b;
}

/* Where the number is, or would be. */
static size_t place_of(const Sightings *sightings, uint64_t number) {
        size_t low = 0;
        size_t high = sightings->n;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (sightings->list[middle].number < number)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

const Sighting *sightings_find(const Sightings *sightings, uint64_t number) {
        size_t at = place_of(sightings, number);

        return at < sightings->n && sightings->list[at].number == number ? &sightings->list[at]
                                                                         : NULL;
}

static void remove_at(Sightings *sightings, size_t at) {
        memmove(&sightings->list[at], &sightings->list[at + 1],
                (sightings->n - at - 1) * sizeof sightings->list[0]);
        sightings->n--;
}

static void forget_oldest(Sightings *sightings) {
        size_t oldest = 0;

        for (size_t i = 1; i < sightings->n; i++)
                if (later(sightings->list[i].answered, sightings->list[i].refused)
                    < later(sightings->list[oldest].answered, sightings->list[oldest].refused))
                        oldest = i;
        remove_at(sightings, oldest);
}

static Sighting *ensure(Sightings *sightings, uint64_t number) {
        size_t at = place_of(sightings, number);

        if (at < sightings->n && sightings->list[at].number == number)
                return &sightings->list[at];
        if (sightings->n == SIGHTINGS_MAX) {
                forget_oldest(sightings);
                at = place_of(sightings, number);
        }
        memmove(&sightings->list[at + 1], &sightings->list[at],
                (sightings->n - at) * sizeof sightings->list[0]);
        sightings->n++;
        sightings->list[at] = (Sighting){ .number = number };
        return &sightings->list[at];
}

bool sightings_add(Sightings *sightings, const ProxyRequest *request) {
        sightings->until = later(sightings->until, request->when);
        if (!request->answered && !request->refused)
                return false;

        Sighting *sighting = ensure(sightings, request->number);
        bool first = request->answered && sighting->answered == 0;

        if (request->answered)
                sighting->answered = later(sighting->answered, request->when);
        else
                sighting->refused = later(sighting->refused, request->when);
        return first;
}

json_t *sightings_to_json(const Sightings *sightings) {
        json_t *seen = json_array();

        for (size_t i = 0; i < sightings->n; i++) {
                const Sighting *sighting = &sightings->list[i];

                (void) json_array_append_new(
                        seen,
                        json_pack(
                                "[I, I, I]", (json_int_t) sighting->number,
                                (json_int_t) sighting->answered, (json_int_t) sighting->refused
                        )
                );
        }
        return json_pack(
                "{s:i, s:I, s:o}", "version", VERSION, "until", (json_int_t) sightings->until,
                "seen", seen
        );
}

int sightings_from_json(const json_t *json, Sightings *ret, Error *err) {
        const json_t *seen = json_object_get(json, "seen");
        size_t i;
        json_t *row;

        *ret = (Sightings){ 0 };
        if (json_integer_value(json_object_get(json, "version")) != VERSION || !json_is_array(seen))
                return error_set(err, -EBADMSG, "this is no list of version %d", VERSION);
        json_array_foreach(seen, i, row) {
                json_int_t number = json_integer_value(json_array_get(row, 0));
                json_int_t answered = json_integer_value(json_array_get(row, 1));
                json_int_t refused = json_integer_value(json_array_get(row, 2));

                if (number <= 0 || answered < 0 || refused < 0 || i == SIGHTINGS_MAX) {
                        *ret = (Sightings){ 0 };
                        return error_set(err, -EBADMSG, "entry %zu is malformed", i);
                }
                Sighting *sighting = ensure(ret, (uint64_t) number);
                sighting->answered = (uint64_t) answered;
                sighting->refused = (uint64_t) refused;
        }
        json_int_t until = json_integer_value(json_object_get(json, "until"));
        ret->until = until > 0 ? (uint64_t) until : 0;
        return 0;
}
