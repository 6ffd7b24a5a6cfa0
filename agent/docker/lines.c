/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines: where one JSON object ends and the next begins.
 *
 * The engine writes one object a line, but neither a chunk nor a read ends where a line does. What
 * is whole is parsed where it lies; only a line that continues is kept. A blank line is nothing (a
 * pull ends its lines with CR LF). The first failure sticks: after it, what follows has no meaning.
 */
#include "docker/lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "base/text.h"
#include "docker/lenient.h"

struct Lines {
        size_t max_line;
        LinesObject *object;
        void *data;
        Text rest; /* of a line whose end has not come */
        int error;
};

int lines_new(size_t max_line, LinesObject *object, void *data, Lines **ret) {
        Lines *lines = calloc(1, sizeof *lines);

        if (lines == NULL)
                return -ENOMEM;

        *lines = (Lines
        ){ .max_line = max_line, .object = object, .data = data, .rest = TEXT_INIT(max_line) };
        *ret = lines;
        return 0;
}

Lines *lines_free(Lines *lines) {
        if (lines == NULL)
                return NULL;

        text_done(&lines->rest);
        free(lines);
        return NULL;
}

static int line_read(Lines *lines, const char *line, size_t size) {
        static const char blank[] = " \t\r";
        json_error_t json_error;
        size_t start = 0;

        while (start < size && memchr(blank, line[start], sizeof blank - 1) != NULL)
                start++;
        if (start == size)
                return 0;

        json_t *object = lenient_load(line, size, &json_error);
        int r = json_is_object(object) ? lines->object(object, lines->data) : -EBADMSG;
        json_decref(object);
        return r < 0 ? r : 0;
}

static int rest_add(Lines *lines, const char *bytes, size_t size) {
        int r = text_add_bytes(&lines->rest, bytes, size);

        return r == -E2BIG ? -EMSGSIZE : r;
}

/* size is without the newline. */
static int line_end(Lines *lines, const char *bytes, size_t size) {
        if (lines->rest.size == 0)
                return size > lines->max_line ? -EMSGSIZE : line_read(lines, bytes, size);

        int r = rest_add(lines, bytes, size);
        if (r < 0)
                return r;

        r = line_read(lines, lines->rest.data, lines->rest.size);
        lines->rest.size = 0;
        return r;
}

int lines_feed(Lines *lines, const char *bytes, size_t size) {
        while (lines->error == 0 && size > 0) {
                const char *newline = memchr(bytes, '\n', size);

                if (newline == NULL) {
                        lines->error = rest_add(lines, bytes, size);
                        break;
                }

                size_t length = (size_t) (newline - bytes);
                lines->error = line_end(lines, bytes, length);
                bytes += length + 1;
                size -= length + 1;
        }
        return lines->error;
}
