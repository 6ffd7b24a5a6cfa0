/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Api: the newest version that both sides speak.
 *
 * The engine's newest is a header of every answer; its oldest stands only in GET /version, and it
 * moves: by release, and by the administrator's configuration. So both are looked at, and what
 * cannot be served is refused with the sentence that mends it, instead of failing in the middle of
 * a swap on a field that an old engine drops in silence.
 */
#include "docker/api.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "docker/engine.h"

/* "1.41" is 41. There never was another major version; one that comes is not ours to guess at. */
static int api_parse(const char *text, unsigned *ret) {
        if (strncmp(text, "1.", 2) != 0)
                return -EINVAL;

        const char *digits = text + 2;
        size_t count = strspn(digits, "0123456789");
        if (count == 0 || count > 3 || digits[count] != '\0')
                return -EINVAL;

        *ret = (unsigned) strtoul(digits, NULL, 10);
        return 0;
}

int api_choose(const ApiOffer *offer, unsigned *ret, Error *err) {
        const char *space = offer->engine[0] != '\0' ? " " : "";
        unsigned max = 0;
        unsigned min = 0;

        if (api_parse(offer->max, &max) < 0)
                return error_set(
                        err, -EPROTONOSUPPORT,
                        "Docker Engine%s%.60s speaks API '%.20s', which coollama does not know",
                        space, offer->engine, offer->max
                );
        if (max < ENGINE_API_MIN)
                return error_set(
                        err, -EPROTONOSUPPORT,
                        "Docker Engine%s%.60s speaks API 1.%u; coollama needs 1.%d or newer "
                        "(Docker 20.10): upgrade the engine",
                        space, offer->engine, max, ENGINE_API_MIN
                );

        /* An oldest version that cannot be read is left to the engine to insist on. */
        if (offer->min != NULL && api_parse(offer->min, &min) == 0 && min > ENGINE_API_MAX)
                return error_set(
                        err, -EPROTONOSUPPORT,
                        "Docker Engine%s%.60s wants API 1.%u or newer; coollama speaks up to "
                        "1.%d: upgrade coollama",
                        space, offer->engine, min, ENGINE_API_MAX
                );

        *ret = max < ENGINE_API_MAX ? max : ENGINE_API_MAX;
        return 0;
}

bool api_is_version_refusal(long status, const char *message) {
        if (status != 400 || message == NULL || strstr(message, "client version ") == NULL)
                return false;
        return strstr(message, "is too old") != NULL || strstr(message, "is too new") != NULL;
}
