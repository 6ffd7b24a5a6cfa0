/* SPDX-License-Identifier: Apache-2.0 */
/* One empty file for each model, "/" written as "%". */
#include "models.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_FOLDER "/root/.ollama/standin-models"

static const char *folder(void) {
        const char *set = getenv("STANDIN_MODELS");

        return set && *set ? set : DEFAULT_FOLDER;
}

static bool file_of(const char *name, char *path, size_t size) {
        char full[128];

        if (!models_full_name(name, full, sizeof full))
                return false;
        for (char *c = full; *c; c++)
                if (*c == '/')
                        *c = '%';
        return (size_t) snprintf(path, size, "%s/%s", folder(), full) < size;
}

bool models_full_name(const char *name, char *buffer, size_t size) {
        const char *tag = strchr(name, ':');

        if (!*name || *name == '.')
                return false;
        return (size_t) snprintf(buffer, size, "%s%s", name, tag ? "" : ":latest") < size;
}

void models_open(void) {
        (void) mkdir("/root/.ollama", 0755);
        if (mkdir(folder(), 0755) == 0)
                models_add("llama3.2");
}

static int by_name(const void *a, const void *b) {
        return strcmp(a, b);
}

void models_list(Models *ret) {
        DIR *dir = opendir(folder());

        ret->count = 0;
        for (struct dirent *e; dir && ret->count < MAX_MODELS && (e = readdir(dir));) {
                if (e->d_name[0] == '.')
                        continue;
                char *name = ret->names[ret->count++];
                snprintf(name, sizeof ret->names[0], "%.127s", e->d_name);
                for (char *c = name; *c; c++)
                        if (*c == '%')
                                *c = '/';
        }
        if (dir)
                closedir(dir);
        qsort(ret->names, ret->count, sizeof ret->names[0], by_name);
}

bool models_has(const char *name) {
        char path[512];

        return file_of(name, path, sizeof path) && access(path, F_OK) == 0;
}

void models_add(const char *name) {
        char path[512];

        if (!file_of(name, path, sizeof path))
                return;
        int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
        if (fd >= 0)
                close(fd);
}

void models_remove(const char *name) {
        char path[512];

        if (file_of(name, path, sizeof path))
                unlink(path);
}
