/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Generation: configurations side by side, one of them current.
 *
 * A directory is mounted into the proxy, not a file, since a mounted file stays the old one when
 * another is renamed over it. A new generation stands beside the running one, is tested there by
 * the nginx that will read it, and only then current is swung, in one rename: a proxy that starts
 * at any moment finds a whole and tested configuration. Before that nothing looks at the new
 * directory, so it may be written file by file.
 *
 * The files are rendered into memory first; comparing a generation with what is wanted is rendering
 * again with its number. Text from outside reaches nginx's grammar only through render_value(),
 * which lets through a closed set of characters.
 */
#include "proxy/generation.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "proxy/reload.h"

#define FILE_MAX    (1 << 20)
#define PATH_SIZE   512
#define VALUE_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:/[]-"
#define NAME_CHARS  "abcdefghijklmnopqrstuvwxyz_"

typedef enum GenerationFile {
        GENERATION_NGINX,
        GENERATION_KEYS,
        GENERATION_URL_KEYS,
        GENERATION_NETWORKS,
        GENERATION_GATEWAYS,
        GENERATION_ACCESS,
        GENERATION_UPSTREAM,
        GENERATION_CA,
        GENERATION_NUMBER,
} GenerationFile;

/* clang-format off */
static const char *const file_names[] = {
        [GENERATION_NGINX]    = "nginx.conf",
        [GENERATION_KEYS]     = "keys.map",
        [GENERATION_URL_KEYS] = "url-keys.map",
        [GENERATION_NETWORKS] = "networks.map",
        [GENERATION_GATEWAYS] = "gateways.map",
        [GENERATION_ACCESS]   = "access.map",
        [GENERATION_UPSTREAM] = "upstream.conf",
        [GENERATION_CA]       = "ca.pem",
        [GENERATION_NUMBER]   = "generation.conf",
};
static_assert(ARRAY_LEN(file_names) == GENERATION_NUMBER + 1, "one name for each file");
/* clang-format on */

#define N_FILES ARRAY_LEN(file_names)

/* Contents hold keys: overwritten before they are freed. */
typedef struct Rendered {
        Text files[N_FILES];
} Rendered;

static void rendered_done(Rendered *rendered) {
        for (size_t i = 0; i < N_FILES; i++) {
                if (rendered->files[i].data)
                        explicit_bzero(rendered->files[i].data, rendered->files[i].size);
                text_done(&rendered->files[i]);
        }
}

static const char *or_default(const char *value, const char *fallback) {
        return value ? value : fallback;
}

static const char *setting(const GenerationSettings *settings, const char *name, size_t length) {
        const struct {
                const char *name;
                const char *value;
        } table[] = {
                { "resolver", or_default(settings->resolver, "127.0.0.11") },
                { "listen", or_default(settings->listen, "11434") },
                { "run", or_default(settings->run_dir, PROXY_RUN_DIR) },
                { "temp", or_default(settings->temp_dir, "/tmp") },
        };

        for (size_t i = 0; i < ARRAY_LEN(table); i++)
                if (strlen(table[i].name) == length && strncmp(table[i].name, name, length) == 0)
                        return table[i].value;
        return NULL;
}

static int check_value(const char *name, size_t length, const char *value, Error *err) {
        if (value[0] == '\0' || value[strspn(value, VALUE_CHARS)] != '\0')
                return error_set(
                        err, -EINVAL, "the proxy's %.*s cannot be \"%.100s\"", (int) length, name,
                        value
                );
        return 0;
}

static int render_value(
        Text *text, const GenerationSettings *settings, const char *at, size_t length, Error *err
) {
        const char *value = setting(settings, at + 1, length - 2);
        if (value == NULL)
                return error_set(
                        err, -ENOKEY, "template of nginx: no value for %.*s", (int) length, at
                );
        int r = check_value(at + 1, length - 2, value, err);
        return r < 0 ? r : text_add(text, value);
}

/* It goes between quotes; the text of an error never holds it. */
static int check_key(const char *key, Error *err) {
        for (const char *at = key; *at != '\0'; at++)
                if (*at <= ' ' || *at > '~' || strchr("\"'\\$;{}", *at) != NULL)
                        return error_set(
                                err, -EINVAL,
                                "the key of the upstream holds a character that no header takes unquoted"
                        );
        return 0;
}

static int render_upstream(Text *text, const GenerationSettings *settings, Error *err) {
        const char *host = or_default(settings->host, "localhost:11434");
        const char *key = or_default(settings->key, "");

        int r = check_value("upstream", strlen("upstream"), settings->upstream, err);
        if (r >= 0)
                r = check_value("host", strlen("host"), host, err);
        if (r >= 0)
                r = check_key(key, err);
        if (r < 0)
                return r;
        (void) text_addf(
                text,
                "set $upstream \"%s\";\nproxy_set_header Host \"%s\";\n"
                "proxy_set_header Authorization \"%s%s\";\n",
                settings->upstream, host, key[0] != '\0' ? "Bearer " : "", key
        );
        if (strncmp(settings->upstream, "https:", strlen("https:")) == 0)
                (void) text_addf(
                        text,
                        "proxy_ssl_server_name on;\nproxy_ssl_name \"%.*s\";\nproxy_ssl_verify on;\n"
                        "proxy_ssl_verify_depth 4;\nproxy_ssl_trusted_certificate ca.pem;\n",
                        (int) (host[0] == '[' ? strlen(host) : strcspn(host, ":")), host
                );
        return text_add(text, "");
}

/* Length of the @name@ that text begins with, or 0. */
static size_t name_length(const char *text) {
        if (text[0] != '@')
                return 0;

        size_t n = strspn(text + 1, NAME_CHARS);
        return n > 0 && text[n + 1] == '@' ? n + 2 : 0;
}

static int render_nginx(Text *text, const GenerationSettings *settings, Error *err) {
        const char *at = settings->pattern;

        while (*at != '\0') {
                size_t length = name_length(at);
                int r = 0;

                if (length > 0) {
                        r = render_value(text, settings, at, length, err);
                } else {
                        length = 1 + strcspn(at + 1, "@");
                        r = text_add_bytes(text, at, length);
                }
                if (r < 0)
                        return r;
                at += length;
        }
        return 0;
}

static int render_keys(Text *text, const Keys *keys, bool in_url) {
        int r = text_add(text, "");

        for (size_t i = 0; r >= 0 && i < keys_count(keys); i++) {
                const KeyEntry *entry = keys_at(keys, i);

                if (in_url && !entry->in_url)
                        continue;
                r = text_addf(text, "\"%s\" c%" PRIu64 ";\n", entry->key, entry->number);
        }
        return r;
}

static bool is_address(const char *text) {
        return text[0] != '\0' && text[strspn(text, "0123456789abcdef.:")] == '\0';
}

static int render_networks(Rendered *rendered, const GenerationSettings *settings) {
        Text *networks = &rendered->files[GENERATION_NETWORKS];
        Text *gateways = &rendered->files[GENERATION_GATEWAYS];
        int r = text_add(networks, "");

        if (r >= 0)
                r = text_add(gateways, "");
        for (size_t i = 0; r >= 0 && i < settings->n_networks; i++) {
                const ProxyNetwork *network = &settings->networks[i];

                if (!is_address(network->address))
                        return -EINVAL;
                bool gateway = is_address(network->gateway);

                r = text_addf(
                        networks, "\"%s\" c%" PRIu64 "; # %s\n", network->address, network->number,
                        gateway ? network->gateway : "-"
                );
                if (r >= 0 && gateway)
                        r = text_addf(gateways, "\"%s\" \"\";\n", network->gateway);
        }
        return r;
}

/* Who is not named there may do what nginx.conf says of the rest. */
static int render_access(Text *text, const Keys *keys) {
        int r = text_add(text, "");

        for (size_t i = 0; r >= 0 && i < keys_count(keys); i++) {
                const KeyEntry *entry = keys_at(keys, i);

                if (entry->access != ACCESS_PULL)
                        r = text_addf(
                                text, "c%" PRIu64 " %s;\n", entry->number,
                                access_to_string(entry->access)
                        );
        }
        return r;
}

static int
render(uint64_t number,
       const GenerationSettings *settings,
       const Keys *keys,
       Rendered *ret,
       Error *err) {
        for (size_t i = 0; i < N_FILES; i++)
                ret->files[i] = (Text) TEXT_INIT(FILE_MAX);

        int r = render_nginx(&ret->files[GENERATION_NGINX], settings, err);
        if (r >= 0)
                r = render_keys(&ret->files[GENERATION_KEYS], keys, /* in_url= */ false);
        if (r >= 0)
                r = render_keys(&ret->files[GENERATION_URL_KEYS], keys, /* in_url= */ true);
        if (r >= 0)
                r = render_networks(ret, settings);
        if (r >= 0)
                r = render_access(&ret->files[GENERATION_ACCESS], keys);
        if (r >= 0)
                r = render_upstream(&ret->files[GENERATION_UPSTREAM], settings, err);
        if (r >= 0)
                r = text_add(&ret->files[GENERATION_CA], or_default(settings->ca, ""));
        if (r >= 0)
                r = text_addf(
                        &ret->files[GENERATION_NUMBER],
                        "default_type text/plain;\nreturn 200 \"%" PRIu64 "\\n\";\n", number
                );
        return r < 0 ? error_set(err, r, "cannot write generation %" PRIu64, number) : 0;
}

/* A generation's number from a directory's name; 0 for any other name. */
static uint64_t parse_name(const char *name) {
        uint64_t number = 0;

        if (name[0] == '0' || strspn(name, "0123456789") != strlen(name)
            || reload_parse_generation(name, strlen(name), &number) < 0)
                return 0;
        return number;
}

static void closedirp(DIR **dir) {
        if (*dir)
                (void) closedir(*dir); /* was only read */
}

int generation_next(const char *conf_dir, uint64_t *ret, Error *err) {
        cleanup(closedirp) DIR *dir = opendir(conf_dir);
        uint64_t highest = 0;

        if (dir == NULL)
                return error_set(err, -errno, "%s: %s", conf_dir, strerrordesc_np(errno));
        for (const struct dirent *d = readdir(dir); d; d = readdir(dir)) {
                uint64_t number = parse_name(d->d_name);

                if (number > highest)
                        highest = number;
        }
        *ret = highest + 1;
        return 0;
}

/* DIR/NUMBER, or with a name DIR/NUMBER/NAME. One that is cut would be another one's. */
static int path_make(
        char path[static PATH_SIZE],
        const char *conf_dir,
        uint64_t number,
        const char *name,
        Error *err
) {
        int n = snprintf(
                path, PATH_SIZE, "%s/%" PRIu64 "%s%s", conf_dir, number, name ? "/" : "",
                name ? name : ""
        );
        if (n < 0 || n >= PATH_SIZE)
                return error_set(
                        err, -ENAMETOOLONG, "%.200s...: %s", conf_dir, strerrordesc_np(ENAMETOOLONG)
                );
        return 0;
}

int generation_current(const char *conf_dir, uint64_t *ret, Error *err) {
        char path[PATH_SIZE];
        char target[64];

        (void) snprintf(path, sizeof path, "%s/current", conf_dir);
        ssize_t n = readlink(path, target, sizeof target - 1);
        /* EINVAL: no link, so none of ours; the next swing puts one in its place. */
        if (n < 0 && (errno == ENOENT || errno == EINVAL)) {
                *ret = 0;
                return 0;
        }
        if (n < 0)
                return error_set(err, -errno, "%s: %s", path, strerrordesc_np(errno));

        target[n] = '\0';
        *ret = parse_name(target);
        return 0;
}

bool generation_matches(
        const char *conf_dir, uint64_t number, const GenerationSettings *settings, const Keys *keys
) {
        cleanup(rendered_done) Rendered rendered = { 0 };
        if (render(number, settings, keys, &rendered, /* err= */ NULL) < 0)
                return false;

        for (size_t i = 0; i < N_FILES; i++) {
                const Text *file = &rendered.files[i];
                char path[PATH_SIZE];
                char *have = NULL;
                size_t size = 0;

                if (path_make(path, conf_dir, number, file_names[i], /* err= */ NULL) < 0
                    || file_read(path, FILE_MAX, &have, &size, /* err= */ NULL) < 0)
                        return false;
                bool same = size == file->size && memcmp(have, file->data, size) == 0;
                explicit_bzero(have, size);
                free(have);
                if (!same)
                        return false;
        }
        return true;
}

static int
write_files(const char *conf_dir, uint64_t number, const Rendered *rendered, Error *err) {
        for (size_t i = 0; i < N_FILES; i++) {
                const Text *file = &rendered->files[i];
                char path[PATH_SIZE];

                int r = path_make(path, conf_dir, number, file_names[i], err);
                if (r >= 0)
                        r = file_replace(path, file->data, file->size, 0640, err);
                if (r < 0)
                        return r;
                /* A service's umask is narrower than what the proxy's group needs. */
                if (chmod(path, 0640) < 0)
                        return error_set(err, -errno, "%s: %s", path, strerrordesc_np(errno));
        }
        return 0;
}

int generation_write(
        const char *conf_dir,
        uint64_t number,
        const GenerationSettings *settings,
        const Keys *keys,
        Error *err
) {
        cleanup(rendered_done) Rendered rendered = { 0 };
        uint64_t current = 0;
        char dir[PATH_SIZE];

        int r = generation_current(conf_dir, &current, err);
        if (r < 0)
                return r;
        if (number == 0 || number == current)
                return error_set(err, -EBUSY, "generation %" PRIu64 " is in use", number);
        r = render(number, settings, keys, &rendered, err);
        if (r < 0)
                return r;

        r = path_make(dir, conf_dir, number, /* name= */ NULL, err);
        if (r >= 0)
                r = file_remove_tree(dir, err);
        if (r >= 0)
                r = file_make_dir(dir, 0750, err);
        if (r >= 0)
                r = write_files(conf_dir, number, &rendered, err);
        return r;
}

int generation_swing(const char *conf_dir, uint64_t number, Error *err) {
        char path[PATH_SIZE];
        char target[32];

        int r = path_make(path, conf_dir, number, file_names[GENERATION_NGINX], err);
        if (r < 0)
                return r;
        if (access(path, F_OK) < 0)
                return error_set(err, -errno, "%s: %s", path, strerrordesc_np(errno));

        (void) snprintf(path, sizeof path, "%s/current", conf_dir);
        (void) snprintf(target, sizeof target, "%" PRIu64, number);
        return file_replace_link(path, target, err);
}

/* The highest generation below this one; 0 when there is none. */
static uint64_t generation_before(DIR *dir, uint64_t current) {
        uint64_t before = 0;

        for (const struct dirent *d = readdir(dir); d; d = readdir(dir)) {
                uint64_t number = parse_name(d->d_name);

                if (number < current && number > before)
                        before = number;
        }
        rewinddir(dir);
        return before;
}

static int prune(DIR *dir, const char *conf_dir, uint64_t current, Error *err) {
        uint64_t before = generation_before(dir, current);

        for (const struct dirent *d = readdir(dir); d; d = readdir(dir)) {
                uint64_t number = parse_name(d->d_name);
                char path[PATH_SIZE];

                if (number == 0 || number == current || number == before)
                        continue;
                int r = path_make(path, conf_dir, number, /* name= */ NULL, err);
                if (r >= 0)
                        r = file_remove_tree(path, err);
                if (r < 0)
                        return r;
        }
        return 0;
}

int generation_prune(const char *conf_dir, Error *err) {
        uint64_t current = 0;

        int r = generation_current(conf_dir, &current, err);
        if (r < 0 || current == 0)
                return r;

        DIR *dir = opendir(conf_dir);
        if (dir == NULL)
                return error_set(err, -errno, "%s: %s", conf_dir, strerrordesc_np(errno));
        r = prune(dir, conf_dir, current, err);
        (void) closedir(dir); /* was only read */
        return r;
}

/* Copies what stands before the end and goes behind it; false where that is no address. */
static bool take_address(const char **at, const char *end, char ret[static PROXY_ADDRESS_MAX]) {
        size_t size = strspn(*at, "0123456789abcdef.:-");

        if (size == 0 || size >= PROXY_ADDRESS_MAX || strncmp(*at + size, end, strlen(end)) != 0)
                return false;
        (void) snprintf(ret, PROXY_ADDRESS_MAX, "%.*s", (int) size, *at);
        *at += size + strlen(end);
        return true;
}

/* One line as render_networks() writes it. */
static bool parse_network(const char *line, ProxyNetwork *ret) {
        const char *at = line + 1;
        char *end = NULL;

        *ret = (ProxyNetwork){ 0 };
        if (line[0] != '"' || !take_address(&at, "\" c", ret->address))
                return false;
        ret->number = strtoull(at, &end, 10);
        if (ret->number == 0 || strncmp(end, "; # ", 4) != 0)
                return false;
        at = end + 4;
        if (!take_address(&at, "", ret->gateway))
                return false;
        if (strcmp(ret->gateway, "-") == 0)
                (void) memset(ret->gateway, 0, sizeof ret->gateway);
        return true;
}

size_t generation_networks(const char *conf_dir, uint64_t number, ProxyNetwork *list, size_t max) {
        char path[PATH_SIZE];
        char *text = NULL;
        char *rest = NULL;
        size_t size = 0;
        size_t n = 0;

        if (path_make(path, conf_dir, number, file_names[GENERATION_NETWORKS], /* err= */ NULL) < 0
            || file_read(path, FILE_MAX, &text, &size, /* err= */ NULL) < 0)
                return 0;
        for (char *line = strtok_r(text, "\n", &rest); line != NULL && n < max;
             line = strtok_r(NULL, "\n", &rest))
                if (parse_network(line, &list[n]))
                        n++;
        free(text);
        return n;
}
