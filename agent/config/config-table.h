/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "config/config.h"

/*
 * ConfigKey: the one table of all keys, and how a value is read into a Config. Of this folder
 * alone; others see config.h.
 */
typedef enum ConfigType {
        CONFIG_BOOL,     /* bool: yes or no */
        CONFIG_CHOICE,   /* an enum of model/choice.h */
        CONFIG_DURATION, /* uint64_t, microseconds */
        CONFIG_NUMBER,   /* unsigned */
        CONFIG_TEXT,     /* char *, owned */
        CONFIG_LATER,    /* char *: may only be empty in this version */
} ConfigType;

/* 0, or -EINVAL with what it wants ("an absolute path"). May shorten the value in place. */
typedef int ConfigCheck(char *value, Error *err);

typedef struct ConfigKey {
        const char *section;
        const char *key;
        const char *fallback; /* the default, as it is written in a file */
        const char *about;
        ConfigType type;
        size_t offset;            /* into Config */
        const ChoiceSet *choices; /* CONFIG_CHOICE */
        ConfigCheck *check;       /* CONFIG_TEXT; not called for "" */
        uint64_t min, max;        /* CONFIG_DURATION (microseconds), CONFIG_NUMBER */
} ConfigKey;

#define CONFIG_KEYS 25

extern const ConfigKey config_table[CONFIG_KEYS];

/* NULL when there is no such key. */
const ConfigKey *config_key_find(const char *section, const char *key);

/* A negative errno with "unknown section ..."; 0 when there is one of that name. */
int config_check_section(const char *section, Error *err);

/* -EINVAL, saying that there is no such key and which one may be meant. */
int config_key_unknown(const char *section, const char *key, Error *err);

/*
 * Reads a value into the key's field; "" means the default. -EINVAL, -EOPNOTSUPP or -ENOMEM, and
 * the field is as it was.
 */
int config_key_set(const ConfigKey *key, Config *config, const char *value, Error *err);

void config_key_done(const ConfigKey *key, Config *config);
