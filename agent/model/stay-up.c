/* SPDX-License-Identifier: Apache-2.0 */
#include "model/stay-up.h"

#include <errno.h>

/* Of one that runs again nobody knows any more with which code it had ended. */
static StayUp fail(Error *why, const Container *container) {
        if (container_is_up(container))
                (void) error_set(
                        why, -ECHILD,
                        "the new container did not stay up (it ended, and its policy restarted it)"
                );
        else
                (void) error_set(
                        why, -ECHILD, "the new container did not stay up (%s, exit code %d)",
                        container_state_to_string(container->state), container->exit_code
                );
        return STAY_UP_FAILED;
}

static StayUp wait_until(uint64_t end_usec, uint64_t elapsed_usec, uint64_t *ret_again_usec) {
        if (elapsed_usec >= end_usec)
                return STAY_UP_PROVEN;
        *ret_again_usec = end_usec - elapsed_usec;
        return STAY_UP_NOT_YET;
}

StayUp stay_up_judge(
        const Container *container,
        const ActionStayUp *wanted,
        uint64_t elapsed_usec,
        uint64_t *ret_again_usec,
        Error *why
) {
        /* Its user paused it: that is a kind of being up. */
        if (container->state == CONTAINER_PAUSED)
                return STAY_UP_PROVEN;
        if (!container_is_up(container)
            || json_integer_value(json_object_get(container->inspect, "RestartCount")) > 0)
                return fail(why, container);

        switch (container->health) {
        case HEALTH_HEALTHY:
                return STAY_UP_PROVEN;
        case HEALTH_UNHEALTHY:
                (void) error_set(why, -ECHILD, "the new container became unhealthy");
                return STAY_UP_FAILED;
        case HEALTH_STARTING:
                return wait_until(wanted->deadline_usec, elapsed_usec, ret_again_usec);
        case HEALTH_NONE:
                return wait_until(wanted->stay_usec, elapsed_usec, ret_again_usec);
        }
        return STAY_UP_FAILED;
}
