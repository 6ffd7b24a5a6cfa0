/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include <criterion/criterion.h>

#include "base/macro.h"
#include "docker/frames.h"

static const char stream[] = "\1\0\0\0\0\0\0\5hello\2\0\0\0\0\0\0\1!\1\0\0\0\0\0\0\0"
                             "\1\0\0\0\0\0\0\6 world";

Test(frames, bodies_are_put_together_wherever_the_pieces_break) {
        for (size_t step = 1; step < sizeof stream; step++) {
                Frames frames = FRAMES_INIT;
                Text text = TEXT_INIT(100);

                for (size_t at = 0; at < sizeof stream - 1; at += step) {
                        size_t left = sizeof stream - 1 - at;
                        cr_assert_eq(
                                frames_take(&frames, stream + at, left < step ? left : step, &text),
                                0
                        );
                }
                cleanup(freep) char *string = text_take(&text);
                cr_expect_str_eq(string, "hello! world", "in steps of %zu", step);
        }
}

Test(frames, what_is_no_such_stream_is_told) {
        Frames frames = FRAMES_INIT;
        Text text = TEXT_INIT(100);

        cr_expect_eq(frames_take(&frames, "{\"message\":1}", 13, &text), -EBADMSG);
        text_done(&text);
}

Test(frames, the_text_has_a_maximum) {
        Frames frames = FRAMES_INIT;
        Text text = TEXT_INIT(4);

        cr_expect_eq(frames_take(&frames, stream, sizeof stream - 1, &text), -E2BIG);
        text_done(&text);
}
