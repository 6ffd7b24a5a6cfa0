/* SPDX-License-Identifier: Apache-2.0 */
#include "model/ways.h"

#include <errno.h>
#include <string.h>

static bool allows(const Ways *ways, Auth carrier) {
        for (size_t i = 0; i < ways->n_carriers; i++)
                if (ways->carriers[i] == carrier)
                        return true;
        return false;
}

/* Those that both can do. Where there is none, what needs nothing but an address serves all. */
static void join_carriers(Ways *ways, const Profile *profile) {
        size_t n = 0;

        for (size_t i = 0; i < ways->n_carriers; i++)
                if (profile_allows(profile, ways->carriers[i]))
                        ways->carriers[n++] = ways->carriers[i];
        if (n == 0)
                ways->carriers[n++] = AUTH_URL;
        ways->n_carriers = n;
}

static void take_first(Ways *ways, const Profile *profile) {
        *ways = (Ways){ .n_carriers = profile->n_carriers, .reach = profile->reach };
        for (size_t i = 0; i < profile->n_carriers; i++)
                ways->carriers[i] = profile->carriers[i];
}

/* The most cautious of what they ask for. */
static void take(Ways *ways, const Profile *profile) {
        if (ways->reach == REACH_AUTO)
                ways->reach = profile->reach;
        if (profile->settle_usec > ways->settle_usec)
                ways->settle_usec = profile->settle_usec;
        if (profile->has_recovery && (!ways->has_recovery || profile->recovery < ways->recovery)) {
                ways->recovery = profile->recovery;
                ways->has_recovery = true;
        }
        for (size_t i = 0; i < ARRAY_LEN(ways->hints); i++)
                if (ways->hints[i] == NULL)
                        ways->hints[i] = profile->hints[i];
}

static int take_profiles(
        const Wish *wish, const ProfileSet *profiles, const char *image, Ways *ret, Error *err
) {
        if (wish->n_profiles == 0) {
                const Profile *profile = profile_set_for_image(profiles, image);

                if (profile == NULL)
                        return error_set(err, -EINVAL, "no profile 'ollama'");
                take_first(ret, profile);
                take(ret, profile);
        }
        for (size_t i = 0; i < wish->n_profiles; i++) {
                const Profile *profile = profile_set_find(profiles, wish->profiles[i]);

                if (profile == NULL)
                        return error_set(err, -EINVAL, "no profile '%s'", wish->profiles[i]);
                if (i == 0)
                        take_first(ret, profile);
                else
                        join_carriers(ret, profile);
                take(ret, profile);
        }
        return 0;
}

int ways_find(
        const Wish *wish, const ProfileSet *profiles, const char *image, Ways *ret, Error *err
) {
        int r = take_profiles(wish, profiles, image, ret, err);
        if (r < 0)
                return r;

        if (wish->auth != AUTH_AUTO) {
                ret->carriers[0] = wish->auth;
                ret->n_carriers = 1;
        }
        if (wish->has_reach)
                ret->reach = wish->reach;
        if (wish->has_recovery) {
                ret->recovery = wish->recovery;
                ret->has_recovery = true;
        }
        if (wish->settle_usec > 0)
                ret->settle_usec = wish->settle_usec;
        for (Auth i = AUTH_HEADER; i <= AUTH_STACK; i++)
                if (!allows(ret, i))
                        ret->hints[i] = NULL;
        return 0;
}
