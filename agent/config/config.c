/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Config: from files to one checked Config.
 *
 * libinih knows what a line is; this file knows where it stands. The lines are handed over one by
 * one, without their comments and indentation: so "# ..." works at the end of a line too, an
 * indented key is a key (libinih would continue the value above), the number of the line is at hand
 * for errors, and a section is checked although no key stands in it. Checks that concern two keys
 * come last, when all files are read, and name the place of the key that asks for what cannot be.
 */
#include "config/config.h"

#include <assert.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <ini.h>

#include "base/file.h"
#include "base/text.h"
#include "config/config-check.h"
#include "config/config-table.h"

/* Where a key was set last; file is NULL while only the default counts. */
typedef struct Origin {
        const char *file; /* borrowed from the loader's names */
        unsigned line;
} Origin;

typedef struct Loader {
        Config *config;
        Origin origins[CONFIG_KEYS];
        char *names[CONFIG_DROP_IN_MAX + 1]; /* of the files read, owned */
        size_t n_names;

        /* the file that is being read */
        const char *file;
        const char *text; /* what is left of it */
        size_t size;
        unsigned line;
        int result; /* of the first failure; the reader gives no more lines then */
        Error *err;
} Loader;

/* Free of bytes that would spoil a terminal or the journal. */
static void clean_text(Error *err) {
        if (err == NULL)
                return;
        for (char *p = err->text; *p != '\0'; p++)
                if (!isprint((unsigned char) *p))
                        *p = '?';
}

static int fail_at(Loader *loader, const char *file, unsigned line, int code) {
        clean_text(loader->err);
        loader->result = error_prefix(loader->err, code, "%s:%u", file, line);
        return loader->result;
}

static bool is_comment(const char *text) {
        return *text == '#' || *text == ';';
}

/* Narrows [*start, *size) to the line's content: no indentation, no comment, no blanks at its end.
 */
static void strip_line(const char **start, size_t *size) {
        const char *text = *start;
        size_t n = *size;

        while (n > 0 && isspace((unsigned char) *text)) {
                text++;
                n--;
        }
        for (size_t i = 0; i < n; i++)
                if (is_comment(text + i) && (i == 0 || isspace((unsigned char) text[i - 1])))
                        n = i;
        while (n > 0 && isspace((unsigned char) text[n - 1]))
                n--;

        *start = text;
        *size = n;
}

/* 0, or negative when the line is a head of no section of ours. */
static int check_head(Loader *loader, const char *line) {
        char section[64];
        size_t size;

        if (line[0] != '[')
                return 0;

        size = strcspn(line + 1, "]");
        if (line[1 + size] == '\0')
                return error_set(loader->err, -EINVAL, "a section without its ']'");
        if (line[2 + size] != '\0')
                return error_set(loader->err, -EINVAL, "text after a section's ']'");

        (void) snprintf(section, sizeof section, "%.*s", (int) size, line + 1);
        return config_check_section(section, loader->err);
}

/* libinih's fgets(): the next line, or NULL at the end and after a failure. */
static char *read_line(char *buffer, int room, void *stream) {
        Loader *loader = stream;

        if (loader->result < 0 || loader->size == 0 || room < 2)
                return NULL;

        const char *start = loader->text;
        const char *end = memchr(start, '\n', loader->size);
        size_t size = end ? (size_t) (end - start) : loader->size;
        size_t taken = end ? size + 1 : size;

        loader->text += taken;
        loader->size -= taken;
        loader->line++;

        strip_line(&start, &size);
        if (memchr(start, '\0', size)) {
                (void) error_set(loader->err, -EINVAL, "not a text file");
                (void) fail_at(loader, loader->file, loader->line, -EINVAL);
                return NULL;
        }
        if (size + 2 > (size_t) room) {
                (void) error_set(loader->err, -EINVAL, "a line of more than %d bytes", room - 2);
                (void) fail_at(loader, loader->file, loader->line, -EINVAL);
                return NULL;
        }

        memcpy(buffer, start, size);
        buffer[size] = '\0';
        int r = check_head(loader, buffer);
        if (r < 0) {
                (void) fail_at(loader, loader->file, loader->line, r);
                return NULL;
        }

        return buffer;
}

static int set_key(Loader *loader, const char *section, const char *name, const char *value) {
        if (section[0] == '\0')
                return error_set(
                        loader->err, -EINVAL, "key '%s' stands before any [section]", name
                );

        int r = config_check_section(section, loader->err);
        if (r < 0)
                return r;

        const ConfigKey *key = config_key_find(section, name);
        if (key == NULL)
                return config_key_unknown(section, name, loader->err);

        r = config_key_set(key, loader->config, value, loader->err);
        if (r < 0)
                return r;

        loader->origins[key - config_table] = (Origin){ loader->file, loader->line };
        return 0;
}

/* libinih's handler: not 0 means well. */
static int on_key(void *data, const char *section, const char *name, const char *value) {
        Loader *loader = data;

        if (loader->result < 0)
                return 0;

        int r = set_key(loader, section, name, value ? value : "");
        if (r < 0)
                (void) fail_at(loader, loader->file, loader->line, r);
        return r == 0;
}

/* name is borrowed until the loader is done. */
static int read_text(Loader *loader, const char *name, const char *text, size_t size) {
        loader->file = name;
        loader->text = text;
        loader->size = size;
        loader->line = 0;

        int line = ini_parse_stream(read_line, loader, on_key, loader);
        if (line < 0 && loader->result == 0)
                loader->result = error_set(loader->err, -ENOMEM, "out of memory");

        /* libinih goes on after a line that is none; the first mistake is the one to tell. */
        if (line > 0 && (loader->result == 0 || (unsigned) line < loader->line)) {
                if (loader->err)
                        *loader->err = (Error){ 0 };
                (void) error_set(loader->err, -EINVAL, "neither 'key = value' nor '[section]'");
                (void) fail_at(loader, name, (unsigned) line, -EINVAL);
        }

        return loader->result;
}

/* A file that is not there is an empty one. Takes name over. */
static int read_path(Loader *loader, char *name) {
        cleanup(freep) char *text = NULL;
        size_t size;

        assert(loader->n_names < ARRAY_LEN(loader->names));
        loader->names[loader->n_names++] = name;

        Error error = { 0 };
        int r = file_read(name, CONFIG_FILE_MAX, &text, &size, &error);
        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return error_set(loader->err, r, "%s", error_text(&error));

        return read_text(loader, name, text, size);
}

static int is_drop_in(const struct dirent *entry) {
        size_t size = strlen(entry->d_name);

        return entry->d_name[0] != '.' && size > strlen(".conf")
               && strcmp(entry->d_name + size - strlen(".conf"), ".conf") == 0;
}

/* By bytes, whatever the locale. */
static int by_name(const struct dirent **a, const struct dirent **b) {
        return strcmp((*a)->d_name, (*b)->d_name);
}

static int read_drop_ins(Loader *loader, const char *path) {
        cleanup(freep) char *directory = text_format("%s.d", path);
        struct dirent **entries = NULL;
        int r = 0;

        if (directory == NULL)
                return error_set(loader->err, -ENOMEM, "out of memory");

        int n = scandir(directory, &entries, is_drop_in, by_name);
        if (n < 0)
                return errno == ENOENT ? 0
                                       : error_set(
                                               loader->err, -errno, "%s: %s", directory,
                                               strerrordesc_np(errno)
                                       );
        if (n > CONFIG_DROP_IN_MAX)
                r = error_set(
                        loader->err, -E2BIG, "%s: more than %d files", directory, CONFIG_DROP_IN_MAX
                );

        for (int i = 0; i < n; i++) {
                char *name = r == 0 ? text_format("%s/%s", directory, entries[i]->d_name) : NULL;
                if (name)
                        r = read_path(loader, name);
                else if (r == 0)
                        r = error_set(loader->err, -ENOMEM, "out of memory");
                free(entries[i]);
        }
        free(entries);
        return r;
}

/* Fails at the place where the first of the keys that was set at all was set. */
static int conflict(Loader *loader, const char *const keys[2][2], int code, const char *text) {
        (void) error_set(loader->err, code, "%s", text);

        for (size_t i = 0; i < 2; i++) {
                const ConfigKey *key = config_key_find(keys[i][0], keys[i][1]);
                const Origin *origin = &loader->origins[key - config_table];
                if (origin->file)
                        return fail_at(loader, origin->file, origin->line, code);
        }

        return code;
}

/* What one key alone cannot tell. */
static int check_together(Loader *loader) {
        static const char *const mode[2][2] = { { "provider", "mode" }, { "provider", "url" } };
        static const char *const url[2][2] = { { "provider", "url" }, { "provider", "mode" } };
        static const char *const key[2][2] = { { "provider", "key-file" }, { "proxy", "secured" } };
        static const char *const container[2][2] = { { "provider", "container" },
                                                     { "provider", "mode" } };
        const Config *config = loader->config;
        bool external = config->provider.mode == PROVIDER_EXTERNAL;

        if (external && config->provider.url[0] == '\0')
                return conflict(
                        loader, mode, -EINVAL, "'mode = external' needs 'url' in [provider]"
                );
        if (!external && config->provider.url[0] != '\0')
                return conflict(
                        loader, url, -EINVAL, "'url' in [provider] is for 'mode = external' alone"
                );
        if (external && config->proxy.secured && config_url_is_this_host(config->provider.url)
            && config_url_port(config->provider.url) == config->proxy.port)
                return conflict(
                        loader, url, -EINVAL,
                        "'url' in [provider] is where our own proxy is: choose another 'port' in [proxy]"
                );
        if (config->provider.key_file[0] != '\0' && (!external || !config->proxy.secured))
                return conflict(
                        loader, key, -EINVAL,
                        "'key-file' in [provider] is for 'mode = external' with 'secured = yes' in "
                        "[proxy]: the proxy sends that key"
                );
        if (config->provider.container[0] != '\0'
            && (external || config->provider.mode == PROVIDER_MANAGED))
                return conflict(
                        loader, container, -EINVAL,
                        "'container' in [provider] is for 'mode = auto' and 'mode = adopt' alone"
                );
        return 0;
}

static void loader_done(Loader *loader) {
        for (size_t i = 0; i < loader->n_names; i++)
                free(loader->names[i]);
        loader->n_names = 0;
        loader->config = config_free(loader->config);
}

int config_default(Config **ret) {
        cleanup(config_freep) Config *config = calloc(1, sizeof *config);

        if (config == NULL)
                return -ENOMEM;

        for (size_t i = 0; i < CONFIG_KEYS; i++) {
                int r = config_key_set(&config_table[i], config, "", NULL);
                if (r < 0)
                        return r;
        }

        *ret = take_ptr(config);
        return 0;
}

int config_load(const char *path, Config **ret, Error *err) {
        cleanup(loader_done) Loader loader = { .err = err };
        char *name = strdup(path);

        if (name == NULL || config_default(&loader.config) < 0) {
                free(name);
                return error_set(err, -ENOMEM, "out of memory");
        }

        int r = read_path(&loader, name);
        if (r == 0)
                r = read_drop_ins(&loader, path);
        if (r == 0)
                r = check_together(&loader);
        if (r < 0)
                return r;

        *ret = take_ptr(loader.config);
        return 0;
}

int config_parse(const char *name, const char *text, size_t size, Config **ret, Error *err) {
        cleanup(loader_done) Loader loader = { .err = err };

        if (config_default(&loader.config) < 0)
                return error_set(err, -ENOMEM, "out of memory");

        int r = read_text(&loader, name, text, size);
        if (r == 0)
                r = check_together(&loader);
        if (r < 0)
                return r;

        *ret = take_ptr(loader.config);
        return 0;
}

Config *config_free(Config *config) {
        if (config == NULL)
                return NULL;

        for (size_t i = 0; i < CONFIG_KEYS; i++)
                config_key_done(&config_table[i], config);
        free(config);
        return NULL;
}

const char *config_warning(const Config *config) {
        const char *bind = config->proxy.bind;

        if (strcmp(bind, "0.0.0.0") != 0 && strcmp(bind, "::") != 0)
                return NULL;
        if (config->proxy.secured)
                return "bind in [proxy] opens the port on every address of this host: whoever "
                       "reaches the host can try keys; 'bind = gateway' is for containers alone.";
        return "bind in [proxy] opens Ollama on every address of this host, and without keys: "
               "whoever reaches the host can use it; 'bind = gateway' is for containers alone.";
}

bool config_key_info(size_t i, ConfigKeyInfo *ret) {
        if (i >= CONFIG_KEYS)
                return false;

        const ConfigKey *key = &config_table[i];
        *ret = (ConfigKeyInfo){ key->section, key->key, key->fallback, key->about };
        return true;
}
