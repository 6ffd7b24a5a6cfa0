/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/macro.h"
#include "model/choice.h"

/*
 * Config: what /etc/coollama/coollama.conf and its drop-ins say.
 *
 * Plain data, never changed once it is loaded. Strings are never NULL: "" where nothing is set.
 * Values are checked: who reads them need not look again.
 */
#define CONFIG_PATH "/etc/coollama/coollama.conf"

typedef struct ConfigDocker {
        char *socket; /* absolute path; fits a unix address */
} ConfigDocker;

typedef struct ConfigProvider {
        ProviderMode mode;
        char *container; /* to adopt; "" where the choice is free */
        char *url;       /* of an external one, without a slash at its end; "" in other modes */
        char *key_file;  /* absolute path; "" where an external one wants no key */
        char *image;
        Gpu gpu;
        char *models; /* names separated by blanks (model/models.h) */
        bool cloud;   /* Ollama's cloud models are offered */
} ConfigProvider;

typedef struct ConfigProxy {
        char *image;
        bool secured;          /* a proxy checks keys; else Ollama's own port is bound */
        char *bind;            /* "gateway", or an IPv4 or IPv6 address */
        unsigned port;         /* 1 to 65535 */
        char *shared_key_file; /* not supported yet: always "" */
        Access access;
} ConfigProxy;

typedef struct ConfigLink {
        Reach reach;
        uint64_t settle_usec;           /* quiet time after a container is healthy */
        uint64_t settle_unchecked_usec; /* where it has no health check */
} ConfigLink;

typedef struct ConfigHealth {
        uint64_t probe_usec;  /* between two probes */
        unsigned down_after;  /* failed probes in a row */
        uint64_t resync_usec; /* everything is looked at again */
} ConfigHealth;

typedef struct ConfigRecovery {
        Recovery action;
        uint64_t min_outage_usec; /* shorter ones do not count */
        uint64_t grace_usec;      /* time to show a working request before a restart */
        unsigned parallel;        /* restarts at a time */
} ConfigRecovery;

typedef struct Config {
        ConfigDocker docker;
        ConfigProvider provider;
        ConfigProxy proxy;
        ConfigLink link;
        ConfigHealth health;
        ConfigRecovery recovery;
} Config;

#define CONFIG_FILE_MAX    ((size_t) 64 * 1024)
#define CONFIG_DROP_IN_MAX 64

/*
 * Reads path, then path.d/?*.conf in order of name; what comes later wins. Neither has to exist.
 * -EINVAL for what is wrong in a file, -EOPNOTSUPP for what this version cannot do yet, both with
 * "FILE:LINE: " before the text; else the errno of reading.
 */
int config_load(const char *path, Config **ret, Error *err);

/* The defaults alone. -ENOMEM. */
int config_default(Config **ret);

/* One text instead of files, called name in errors; for tests. */
int config_parse(const char *name, const char *text, size_t size, Config **ret, Error *err);

Config *config_free(Config *config);
DEFINE_CLEANUP(Config, config_free);

/* Something allowed that the operator should know: one sentence, or NULL. Static. */
const char *config_warning(const Config *config);

/* One key, for documentation. Static strings. */
typedef struct ConfigKeyInfo {
        const char *section;
        const char *key;
        const char *fallback; /* the default as it is written in the file */
        const char *about;    /* one line */
} ConfigKeyInfo;

/* The i-th key in the order of the documentation; false after the last. */
bool config_key_info(size_t i, ConfigKeyInfo *ret);
