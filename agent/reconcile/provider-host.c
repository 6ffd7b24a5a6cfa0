/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's own ollama.service: what its unit files say, and whose the port is by that. It is
 * asked through the relay (provider-upstream.c); nothing of it is ever changed.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "reconcile/provider-inside.h"

#define UNIT          "ollama.service"
#define UNIT_FILE_MAX ((size_t) 64 * 1024)
#define DROP_INS_MAX  64

/* systemd's own, in its order: the first that has a file of a name decides about that name. */
static const char *const directories[] = {
        "/etc/systemd/system",     "/run/systemd/system", "/usr/local/lib/systemd/system",
        "/usr/lib/systemd/system", "/lib/systemd/system",
};

typedef struct DropIns {
        char *names[DROP_INS_MAX];
        size_t n;
} DropIns;

/* An empty one is masked, as is /dev/null. */
static bool read_unit(OllamaUnit *unit, const char *path) {
        cleanup(freep) char *text = NULL;
        struct stat st;
        size_t size = 0;

        if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size == 0)
                return false;
        if (file_read(path, UNIT_FILE_MAX, &text, &size, NULL) >= 0)
                ollama_unit_read(unit, text);
        return true;
}

static void add_drop_ins(DropIns *found, const char *directory) {
        cleanup(freep) char *path = text_format("%s/" UNIT ".d", directory);
        DIR *dir = path ? opendir(path) : NULL;

        for (struct dirent *entry; dir && found->n < DROP_INS_MAX && (entry = readdir(dir));) {
                size_t length = strlen(entry->d_name);
                bool known = length < 6 || strcmp(entry->d_name + length - 5, ".conf") != 0;

                for (size_t i = 0; i < found->n && !known; i++)
                        known = strcmp(found->names[i], entry->d_name) == 0;
                if (!known && (found->names[found->n] = strdup(entry->d_name)) != NULL)
                        found->n++;
        }
        if (dir != NULL)
                (void) closedir(dir);
}

static int by_name(const void *a, const void *b) {
        const char *const *one = a;
        const char *const *other = b;

        return strcmp(*one, *other);
}

static void read_first(OllamaUnit *unit, const char *below, const char *name, bool *ret_there) {
        struct stat st;

        for (size_t i = 0; i < ARRAY_LEN(directories); i++) {
                cleanup(freep) char *path = text_format("%s/%s%s", directories[i], below, name);

                if (path == NULL || lstat(path, &st) < 0)
                        continue;
                *ret_there = read_unit(unit, path);
                return;
        }
}

void provider_host_read(Provider *provider) {
        OllamaUnit *unit = &provider->unit;
        DropIns found = { 0 };
        bool there = false;

        *unit = (OllamaUnit){ 0 };
        read_first(unit, "", UNIT, &unit->installed);
        for (size_t i = 0; unit->installed && i < ARRAY_LEN(directories); i++)
                add_drop_ins(&found, directories[i]);
        qsort(found.names, found.n, sizeof *found.names, by_name);
        for (size_t i = 0; i < found.n; i++) {
                read_first(unit, UNIT ".d/", found.names[i], &there);
                free(found.names[i]);
        }
}

/* The engine could not have the port, and no container has it. */
static bool
was_refused(const Provider *provider, const ProviderLook *look, const PortWanted *wanted) {
        return provider->port_trouble && provider_look_port(look) != NULL
               && port_holder(provider_look_port(look), wanted) == NULL;
}

void provider_host_port(Provider *provider, const ProviderLook *look, const PortWanted *wanted) {
        ProviderChoice choice = provider->choice;

        choice.port = ollama_unit_port(
                &provider->unit, choice.port, wanted, was_refused(provider, look, wanted)
        );
        ollama_unit_say_open(
                &provider->unit, wanted, provider->open_note, sizeof provider->open_note
        );
        /* What failed was to have the port: without it nothing did. */
        if (choice.port == PORT_THEIRS && provider->port_trouble) {
                provider->port_trouble = false;
                free(provider->failure);
                provider->failure = NULL;
                provider->retry_usec = 0;
        }
        if (choice.port == PORT_THEIRS && provider->choice.port != PORT_THEIRS)
                log_event(
                        LOG_INFO, NULL, NO_FIELDS, "No port of ours is published: %s",
                        provider->open_note
                );
        provider_choice_take(provider, &choice);
}

void provider_host_check(Provider *provider, bool silent) {
        OllamaUnit before = provider->unit;

        /* While it is away its files may say something else, such as that it wants our port. */
        if (silent)
                provider_host_read(provider);
        ollama_unit_say_trouble(&provider->unit, silent, &provider->trouble);
        if (provider->unit.installed)
                (void) provider_relay_check(provider);
        if (before.installed != provider->unit.installed
            || strcmp(before.host, provider->unit.host) != 0)
                provider_pass_begin(provider);
}

const char *provider_host_note(const Provider *provider, char *buffer, size_t size) {
        if (provider->choice.port != PORT_THEIRS)
                return NULL;
        (void) snprintf(buffer, size, "%s", provider->open_note);
        return buffer;
}
