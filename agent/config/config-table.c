/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ConfigKey: the table that parsing, checking, defaults and documentation are made of. A new key is
 * a row here and a field in config.h, nothing else.
 */
#include "config/config-table.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "config/config-check.h"
#include "model/nearest.h"

#define MSEC ((uint64_t) 1000)
#define SEC  (1000 * MSEC)
#define HOUR (3600 * SEC)

#define AT(member) offsetof(Config, member)

const ConfigKey config_table[CONFIG_KEYS] = {
        { "docker", "socket", "/run/docker.sock", "The Docker Engine's socket.", CONFIG_TEXT,
          AT(docker.socket), .check = config_check_socket },

        { "provider", "mode", "auto", "Which Ollama: one of ours, or one that is there already.",
          CONFIG_CHOICE, AT(provider.mode), .choices = &choices_provider_mode },
        { "provider", "container", "", "The container to adopt, by its own or its Coolify name.",
          CONFIG_TEXT, AT(provider.container), .check = config_check_name },
        { "provider", "url", "", "Where an external Ollama is.", CONFIG_TEXT, AT(provider.url),
          .check = config_check_url },
        { "provider", "key-file", "", "A file with the key that an external Ollama wants.",
          CONFIG_TEXT, AT(provider.key_file), .check = config_check_path },
        { "provider", "image", "ollama/ollama:latest", "The image of our own Ollama.", CONFIG_TEXT,
          AT(provider.image), .check = config_check_image },
        { "provider", "gpu", "auto", "Which GPU our own Ollama gets.", CONFIG_CHOICE,
          AT(provider.gpu), .choices = &choices_gpu },
        { "provider", "models", "", "Models that are pulled once Ollama is healthy.", CONFIG_TEXT,
          AT(provider.models), .check = config_check_models },
        { "provider", "cloud", "no", "Whether Ollama offers its cloud models.", CONFIG_BOOL,
          AT(provider.cloud), .choices = NULL },

        { "proxy", "image", "nginx:alpine", "The image of the proxy.", CONFIG_TEXT, AT(proxy.image),
          .check = config_check_image },
        { "proxy", "secured", "yes", "Whether a proxy checks a key before Ollama is reached.",
          CONFIG_BOOL, AT(proxy.secured), .choices = NULL },
        { "proxy", "bind", "gateway", "The address that the port is bound to.", CONFIG_TEXT,
          AT(proxy.bind), .check = config_check_bind },
        { "proxy", "port", "11434", "The port that consumers are given.", CONFIG_NUMBER,
          AT(proxy.port), .min = 1, .max = 65535 },
        { "proxy", "shared-key-file", "", "A file with one key for everybody.", CONFIG_LATER,
          AT(proxy.shared_key_file), .choices = NULL },
        { "proxy", "access", "pull", "What a key may do.", CONFIG_CHOICE, AT(proxy.access),
          .choices = &choices_access },

        { "link", "reach", "auto", "How consumers get to the proxy.", CONFIG_CHOICE, AT(link.reach),
          .choices = &choices_reach },
        { "link", "settle", "10s", "Quiet time after a container is healthy, before it is linked.",
          CONFIG_DURATION, AT(link.settle_usec), .max = HOUR },
        { "link", "settle-unchecked", "30s", "The same for a container without a health check.",
          CONFIG_DURATION, AT(link.settle_unchecked_usec), .max = HOUR },

        { "health", "probe", "5s", "Time between two probes of Ollama.", CONFIG_DURATION,
          AT(health.probe_usec), .min = 10 * MSEC, .max = HOUR },
        { "health", "down-after", "3", "Failed probes in a row that mean down.", CONFIG_NUMBER,
          AT(health.down_after), .min = 1, .max = 1000 },
        { "health", "resync", "5m", "How often everything is looked at again.", CONFIG_DURATION,
          AT(health.resync_usec), .min = 100 * MSEC, .max = 24 * HOUR },

        { "recovery", "action", "restart", "What happens to consumers after an outage.",
          CONFIG_CHOICE, AT(recovery.action), .choices = &choices_recovery },
        { "recovery", "min-outage", "15s", "Shorter outages do not count.", CONFIG_DURATION,
          AT(recovery.min_outage_usec), .max = 24 * HOUR },
        { "recovery", "grace", "30s", "Time to show a working request before a restart.",
          CONFIG_DURATION, AT(recovery.grace_usec), .max = HOUR },
        { "recovery", "parallel", "2", "Restarts at a time.", CONFIG_NUMBER, AT(recovery.parallel),
          .min = 1, .max = 64 },
};

/* An enum's field is written through an unsigned. */
static_assert(sizeof(ProviderMode) == sizeof(unsigned), "size of ProviderMode");
static_assert(sizeof(Gpu) == sizeof(unsigned), "size of Gpu");
static_assert(sizeof(Access) == sizeof(unsigned), "size of Access");
static_assert(sizeof(Reach) == sizeof(unsigned), "size of Reach");
static_assert(sizeof(Recovery) == sizeof(unsigned), "size of Recovery");

const ConfigKey *config_key_find(const char *section, const char *key) {
        for (size_t i = 0; i < CONFIG_KEYS; i++)
                if (strcmp(config_table[i].section, section) == 0
                    && strcmp(config_table[i].key, key) == 0)
                        return &config_table[i];
        return NULL;
}

int config_check_section(const char *section, Error *err) {
        const char *names[CONFIG_KEYS];

        for (size_t i = 0; i < CONFIG_KEYS; i++) {
                names[i] = config_table[i].section;
                if (strcmp(names[i], section) == 0)
                        return 0;
        }

        const char *near = nearest_word(section, names, CONFIG_KEYS);
        if (near)
                return error_set(
                        err, -EINVAL, "unknown section [%s]; did you mean [%s]?", section, near
                );
        return error_set(err, -EINVAL, "unknown section [%s]", section);
}

int config_key_unknown(const char *section, const char *key, Error *err) {
        const char *names[CONFIG_KEYS], *elsewhere = NULL;
        size_t n = 0;

        for (size_t i = 0; i < CONFIG_KEYS; i++) {
                if (strcmp(config_table[i].section, section) == 0)
                        names[n++] = config_table[i].key;
                else if (strcmp(config_table[i].key, key) == 0)
                        elsewhere = config_table[i].section;
        }

        if (elsewhere)
                return error_set(
                        err, -EINVAL, "unknown key '%s' in [%s]; it belongs to [%s]", key, section,
                        elsewhere
                );

        const char *near = nearest_word(key, names, n);
        if (near)
                return error_set(
                        err, -EINVAL, "unknown key '%s' in [%s]; did you mean '%s'?", key, section,
                        near
                );
        return error_set(err, -EINVAL, "unknown key '%s' in [%s]", key, section);
}

static void *field(const ConfigKey *key, Config *config) {
        return (char *) config + key->offset;
}

static int bad_value(const ConfigKey *key, const char *value, const char *wants, Error *err) {
        return error_set(
                err, -EINVAL, "bad value '%.64s' for '%s' in [%s]; it takes %s", value, key->key,
                key->section, wants
        );
}

static int not_yet(const ConfigKey *key, const char *value, Error *err) {
        return error_set(
                err, -EOPNOTSUPP, "'%s%s%s' in [%s] is not supported yet", key->key,
                value[0] != '\0' ? " = " : "", value, key->section
        );
}

static int set_bool(const ConfigKey *key, Config *config, const char *value, Error *err) {
        static const char *const yes[] = { "yes", "true", "on" };
        static const char *const no[] = { "no", "false", "off" };

        for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
                bool is_yes = strcmp(value, yes[i]) == 0;
                if (is_yes || strcmp(value, no[i]) == 0) {
                        memcpy(field(key, config), &is_yes, sizeof is_yes);
                        return 0;
                }
        }

        return bad_value(key, value, "yes or no", err);
}

static int set_choice(const ConfigKey *key, Config *config, const char *value, Error *err) {
        char list[128], wants[256];

        int index = choice_find(key->choices, value);
        if (index == -EOPNOTSUPP)
                return not_yet(key, value, err);
        if (index < 0) {
                const char *near = choice_nearest(key->choices, value);

                (void) choice_list(key->choices, list, sizeof list);
                (void) snprintf(
                        wants, sizeof wants, "%s%s%s%s", list, near ? "; did you mean '" : "",
                        near ? near : "", near ? "'?" : ""
                );
                return bad_value(key, value, wants, err);
        }

        unsigned word = (unsigned) index;
        memcpy(field(key, config), &word, sizeof word);
        return 0;
}

static int set_duration(const ConfigKey *key, Config *config, const char *value, Error *err) {
        char wants[3 * DURATION_TEXT_MAX], min[DURATION_TEXT_MAX], max[DURATION_TEXT_MAX];
        uint64_t usec;

        if (duration_parse(value, &usec) < 0 || usec < key->min || usec > key->max) {
                (void) snprintf(
                        wants, sizeof wants, "a duration from %s to %s, as in 10s",
                        duration_format(key->min, min), duration_format(key->max, max)
                );
                return bad_value(key, value, wants, err);
        }

        memcpy(field(key, config), &usec, sizeof usec);
        return 0;
}

static int set_number(const ConfigKey *key, Config *config, const char *value, Error *err) {
        char wants[64];
        size_t size = strlen(value);
        unsigned long number = 0;

        /* Digits alone: strtoul() would also take signs and blanks. */
        bool is_number = size > 0 && size <= 9 && strspn(value, "0123456789") == size;
        if (is_number)
                number = strtoul(value, NULL, 10);
        if (!is_number || number < key->min || number > key->max) {
                (void) snprintf(
                        wants, sizeof wants, "a number from %lu to %lu", (unsigned long) key->min,
                        (unsigned long) key->max
                );
                return bad_value(key, value, wants, err);
        }

        unsigned word = (unsigned) number;
        memcpy(field(key, config), &word, sizeof word);
        return 0;
}

static int set_text(const ConfigKey *key, Config *config, const char *value, Error *err) {
        cleanup(freep) char *copy = strdup(value);
        Error wants = { 0 };
        char *old;

        if (copy == NULL)
                return error_set(err, -ENOMEM, "out of memory");

        /* A text may be an address with a password in it: it is not repeated. */
        if (key->check && copy[0] != '\0' && key->check(copy, &wants) < 0)
                return error_set(
                        err, -EINVAL, "bad value for '%s' in [%s]; it takes %s", key->key,
                        key->section, error_text(&wants)
                );

        memcpy(&old, field(key, config), sizeof old);
        free(old);
        memcpy(field(key, config), &copy, sizeof copy);
        copy = NULL;
        return 0;
}

int config_key_set(const ConfigKey *key, Config *config, const char *value, Error *err) {
        if (value[0] == '\0')
                value = key->fallback;

        switch (key->type) {
        case CONFIG_BOOL:
                return set_bool(key, config, value, err);
        case CONFIG_CHOICE:
                return set_choice(key, config, value, err);
        case CONFIG_DURATION:
                return set_duration(key, config, value, err);
        case CONFIG_NUMBER:
                return set_number(key, config, value, err);
        case CONFIG_TEXT:
                return set_text(key, config, value, err);
        case CONFIG_LATER:
                return value[0] == '\0' ? set_text(key, config, value, err) : not_yet(key, "", err);
        }

        return -EINVAL;
}

void config_key_done(const ConfigKey *key, Config *config) {
        char *text;

        if (key->type != CONFIG_TEXT && key->type != CONFIG_LATER)
                return;

        memcpy(&text, field(key, config), sizeof text);
        free(text);
}
