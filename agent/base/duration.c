/* SPDX-License-Identifier: Apache-2.0 */
#include "base/duration.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/macro.h"

/*
 * Duration: a number and a unit, or several with falling units. Anything that could be read in two
 * ways is refused: bare numbers, fractions, the same unit twice, units out of order.
 */
typedef struct Unit {
        const char *name;
        uint64_t usec;
} Unit;

static const Unit units[] = {
        { "d", USEC_PER_SEC * 24 * 3600 }, { "h", USEC_PER_SEC * 3600 },
        { "m", USEC_PER_SEC * 60 },        { "s", USEC_PER_SEC },
        { "ms", USEC_PER_MSEC },           { "us", 1 },
};

#define DURATION_MAX_USEC (USEC_PER_SEC * 3600 * 24 * 365 * 10)

static const Unit *unit_find(const char *name, size_t size) {
        for (size_t i = 0; i < ARRAY_LEN(units); i++)
                if (strlen(units[i].name) == size && strncmp(units[i].name, name, size) == 0)
                        return &units[i];
        return NULL;
}

/* One number; saturates above the maximum. Returns how many characters it had. */
static size_t number_parse(const char *text, uint64_t *ret) {
        uint64_t number = 0;
        size_t size = strspn(text, "0123456789");

        for (size_t i = 0; i < size; i++)
                if (number <= DURATION_MAX_USEC)
                        number = number * 10 + (uint64_t) (text[i] - '0');
        *ret = number;
        return size;
}

int duration_parse(const char *text, uint64_t *ret_usec) {
        const Unit *last = NULL;
        bool too_long = false;
        uint64_t total = 0;

        if (strcmp(text, "0") == 0) {
                *ret_usec = 0;
                return 0;
        }

        do {
                uint64_t number;
                size_t digits = number_parse(text, &number);
                size_t letters = strspn(text + digits, "abcdefghijklmnopqrstuvwxyz");
                const Unit *unit = unit_find(text + digits, letters);

                if (digits == 0 || unit == NULL || (last && unit <= last))
                        return -EINVAL;
                if (number > (DURATION_MAX_USEC - total) / unit->usec)
                        too_long = true; /* the rest must still be a duration */
                else
                        total += number * unit->usec;

                last = unit;
                text += digits + letters;
                if (text[0] == ' ' && text[1] != '\0')
                        text++;
        } while (*text);

        if (too_long)
                return -ERANGE;
        *ret_usec = total;
        return 0;
}

const char *duration_format(uint64_t usec, char buffer[static DURATION_TEXT_MAX]) {
        size_t i = 0;

        if (usec == 0)
                return memcpy(buffer, "0s", sizeof "0s");
        while (units[i].usec > usec)
                i++;

        int size = snprintf(
                buffer, DURATION_TEXT_MAX, "%llu%s", (unsigned long long) (usec / units[i].usec),
                units[i].name
        );
        usec %= units[i].usec;
        if (i + 1 < ARRAY_LEN(units) && usec >= units[i + 1].usec)
                (void) snprintf(
                        buffer + size, DURATION_TEXT_MAX - (size_t) size, " %llu%s",
                        (unsigned long long) (usec / units[i + 1].usec), units[i + 1].name
                );
        return buffer;
}
