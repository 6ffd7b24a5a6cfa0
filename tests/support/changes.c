/* SPDX-License-Identifier: Apache-2.0 */
#include "support/changes.h"

#include <string.h>

json_t *changes_answer(const char *const *lines, size_t n) {
        static const char kinds[] = "CAD";
        json_t *answer = json_array();

        for (size_t i = 0; i < n && lines[i] != NULL; i++)
                (void) json_array_append_new(
                        answer, json_pack(
                                        "{s:s, s:i}", "Path", lines[i] + 2, "Kind",
                                        (int) (strchr(kinds, lines[i][0]) - kinds)
                                )
                );
        return answer;
}
