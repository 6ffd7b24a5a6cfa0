/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replay: runs a fuzz target over the files of directories, so that what was found once is tested
 * for ever, with any compiler.
 *
 * usage: replay DIRECTORY...
 *
 * Each input is copied to memory of exactly its size: the sanitizer sees a read beyond its end. No
 * input at all is a failure: a corpus that went missing must not look like one that passed.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/macro.h"
#include "base/text.h"
#include "fuzz/fuzz.h"

#define INPUT_MAX ((size_t) 4 * 1024 * 1024)

static int replay_file(const char *directory, const char *name) {
        cleanup(freep) char *path = text_format("%s/%s", directory, name);
        cleanup(freep) char *text = NULL;
        cleanup(freep) uint8_t *exact = NULL;
        Error err = { 0 };
        size_t size;

        if (path == NULL || file_read(path, INPUT_MAX, &text, &size, &err) < 0) {
                (void) fprintf(stderr, "%s\n", error_text(&err));
                return -1;
        }

        exact = malloc(size > 0 ? size : 1);
        if (exact == NULL)
                return -1;
        memcpy(exact, text, size);

        /* The last line before an abort names the input. */
        (void) fprintf(stderr, "%s\n", path);
        return LLVMFuzzerTestOneInput(exact, size) == 0 ? 0 : -1;
}

static int is_input(const struct dirent *entry) {
        return entry->d_name[0] != '.';
}

/* How many inputs were replayed, or -1. */
static int replay_directory(const char *directory) {
        struct dirent **entries = NULL;
        int failed = 0;

        int n = scandir(directory, &entries, is_input, alphasort);
        if (n < 0) {
                perror(directory);
                return -1;
        }

        for (int i = 0; i < n; i++) {
                if (!failed)
                        failed = replay_file(directory, entries[i]->d_name) < 0;
                free(entries[i]);
        }
        free(entries);
        return failed ? -1 : n;
}

int main(int argc, char **argv) {
        int total = 0;

        for (int i = 1; i < argc; i++) {
                int n = replay_directory(argv[i]);
                if (n < 0)
                        return EXIT_FAILURE;
                total += n;
        }

        (void) printf("%d inputs replayed\n", total);
        return total > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
