/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "model/action.h"
#include "model/container.h"

/*
 * Has a container that was just started proven itself? Pure.
 */
typedef enum StayUp {
        STAY_UP_NOT_YET,
        STAY_UP_PROVEN,
        STAY_UP_FAILED,
} StayUp;

/*
 * elapsed_usec since the watch began. With a health check: healthy proves, unhealthy fails, still
 * starting at the deadline is let through, since slow starters are not broken. Without one: up for
 * stay_usec. why is set when it failed; ret_again_usec is when to look again if no event comes
 * first.
 */
StayUp stay_up_judge(
        const Container *container,
        const ActionStayUp *wanted,
        uint64_t elapsed_usec,
        uint64_t *ret_again_usec,
        Error *why
);
