/* SPDX-License-Identifier: Apache-2.0 */
#include "base/timestamp.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define NSEC_PER_SEC UINT32_C(1000000000)

/* ".88" as nanoseconds; *text goes on after it. */
static uint32_t parse_fraction(const char **text) {
        uint32_t nsec = 0;
        uint32_t unit = NSEC_PER_SEC / 10;

        if (**text != '.')
                return 0;
        for ((*text)++; **text >= '0' && **text <= '9'; (*text)++) {
                nsec += (uint32_t) (**text - '0') * unit;
                unit /= 10;
        }
        return nsec;
}

int timestamp_parse(const char *text, int64_t *ret_sec, uint32_t *ret_nsec) {
        struct tm tm = { 0 };
        int hours = 0;
        int minutes = 0;

        const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
        if (rest == NULL)
                return -EBADMSG;
        uint32_t nsec = parse_fraction(&rest);
        int64_t offset = 0;
        if (*rest == '+' || *rest == '-') {
                /* NOLINTNEXTLINE(cert-err34-c): two digits each, and their number is checked */
                if (strlen(rest) != 6 || sscanf(rest + 1, "%2d:%2d", &hours, &minutes) != 2)
                        return -EBADMSG;
                offset = (int64_t) hours * 3600 + (int64_t) minutes * 60;
                offset = *rest == '-' ? -offset : offset;
        } else if (strcmp(rest, "Z") != 0)
                return -EBADMSG;

        *ret_sec = (int64_t) timegm(&tm) - offset;
        *ret_nsec = nsec;
        return 0;
}

const char *timestamp_format(uint64_t seconds, char buffer[static TIMESTAMP_TEXT_MAX]) {
        time_t when = (time_t) seconds;
        struct tm utc;

        buffer[0] = '\0';
        if (gmtime_r(&when, &utc) == NULL
            || strftime(buffer, TIMESTAMP_TEXT_MAX, "%Y-%m-%d %H:%M:%S UTC", &utc) == 0)
                buffer[0] = '\0';
        return buffer;
}
