/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Choice: one table for each set of words. What a version cannot do yet is a column, so labels and
 * configuration never disagree about it.
 */
#include "model/choice.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/macro.h"
#include "model/nearest.h"

static const Choice reach_choices[] = {
        [REACH_AUTO] = { "auto", true },
        [REACH_GATEWAY] = { "gateway", true },
        [REACH_NETWORK] = { "network", true },
};
static_assert(ARRAY_LEN(reach_choices) == REACH_NETWORK + 1, "a word for each Reach");

static const Choice auth_choices[] = {
        [AUTH_AUTO] = { "auto", true },
        [AUTH_HEADER] = { "header", true },
        [AUTH_URL] = { "url", true },
        [AUTH_STACK] = { "stack", true },
};
static_assert(ARRAY_LEN(auth_choices) == AUTH_STACK + 1, "a word for each Auth");

static const Choice recovery_choices[] = {
        [RECOVERY_RESTART] = { "restart", true },
        [RECOVERY_AUTO] = { "auto", true },
        [RECOVERY_NONE] = { "none", true },
};
static_assert(ARRAY_LEN(recovery_choices) == RECOVERY_NONE + 1, "a word for each Recovery");

static const Choice access_choices[] = {
        [ACCESS_PULL] = { "pull", true },
        [ACCESS_INFERENCE] = { "inference", true },
        [ACCESS_ADMIN] = { "admin", true },
};
static_assert(ARRAY_LEN(access_choices) == ACCESS_ADMIN + 1, "a word for each Access");

static const Choice scope_choices[] = {
        [SCOPE_CONTAINER] = { "container", true },
        [SCOPE_STACK] = { "stack", true },
};
static_assert(ARRAY_LEN(scope_choices) == SCOPE_STACK + 1, "a word for each Scope");

static const Choice role_choices[] = {
        [ROLE_PROVIDER] = { "provider", true },
};
static_assert(ARRAY_LEN(role_choices) == ROLE_PROVIDER + 1, "a word for each Role");

static const Choice provider_mode_choices[] = {
        [PROVIDER_AUTO] = { "auto", true },
        [PROVIDER_MANAGED] = { "managed", true },
        [PROVIDER_ADOPT] = { "adopt", true },
        [PROVIDER_EXTERNAL] = { "external", true },
};
static_assert(
        ARRAY_LEN(provider_mode_choices) == PROVIDER_EXTERNAL + 1, "a word for each ProviderMode"
);

static const Choice gpu_choices[] = {
        [GPU_AUTO] = { "auto", true },
        [GPU_NVIDIA] = { "nvidia", true },
        [GPU_AMD] = { "amd", true },
        [GPU_NONE] = { "none", true },
};
static_assert(ARRAY_LEN(gpu_choices) == GPU_NONE + 1, "a word for each Gpu");

const ChoiceSet choices_reach = { reach_choices, ARRAY_LEN(reach_choices) };
const ChoiceSet choices_auth = { auth_choices, ARRAY_LEN(auth_choices) };
const ChoiceSet choices_recovery = { recovery_choices, ARRAY_LEN(recovery_choices) };
const ChoiceSet choices_access = { access_choices, ARRAY_LEN(access_choices) };
const ChoiceSet choices_scope = { scope_choices, ARRAY_LEN(scope_choices) };
const ChoiceSet choices_role = { role_choices, ARRAY_LEN(role_choices) };
const ChoiceSet choices_provider_mode = { provider_mode_choices, ARRAY_LEN(provider_mode_choices) };
const ChoiceSet choices_gpu = { gpu_choices, ARRAY_LEN(gpu_choices) };

static const char *choice_word(const ChoiceSet *set, size_t index) {
        assert(index < set->n);
        return set->choices[index].word;
}

const char *reach_to_string(Reach reach) {
        return choice_word(&choices_reach, reach);
}

const char *auth_to_string(Auth auth) {
        return choice_word(&choices_auth, auth);
}

const char *recovery_to_string(Recovery recovery) {
        return choice_word(&choices_recovery, recovery);
}

const char *access_to_string(Access access) {
        return choice_word(&choices_access, access);
}

/* The enum's order is that of the words, not of what they allow. */
static unsigned access_rank(Access access) {
        switch (access) {
        case ACCESS_INFERENCE:
                return 0;
        case ACCESS_PULL:
                return 1;
        case ACCESS_ADMIN:
                return 2;
        }
        return 0;
}

bool access_is_more(Access access, Access than) {
        return access_rank(access) > access_rank(than);
}

const char *scope_to_string(Scope scope) {
        return choice_word(&choices_scope, scope);
}

const char *role_to_string(Role role) {
        return choice_word(&choices_role, role);
}

const char *provider_mode_to_string(ProviderMode mode) {
        return choice_word(&choices_provider_mode, mode);
}

const char *gpu_to_string(Gpu gpu) {
        return choice_word(&choices_gpu, gpu);
}

int choice_index(const ChoiceSet *set, const char *word) {
        for (size_t i = 0; i < set->n; i++)
                if (strcmp(set->choices[i].word, word) == 0)
                        return (int) i;

        return -EINVAL;
}

int choice_find(const ChoiceSet *set, const char *word) {
        int index = choice_index(set, word);

        return index < 0 || set->choices[index].supported ? index : -EOPNOTSUPP;
}

const char *choice_list(const ChoiceSet *set, char *buffer, size_t size) {
        size_t used = 0;

        assert(size > 0);
        buffer[0] = '\0';
        for (size_t i = 0; i < set->n && used < size; i++) {
                const char *glue = i == 0 ? "" : i + 1 == set->n ? " or " : ", ";
                int n = snprintf(buffer + used, size - used, "%s%s", glue, set->choices[i].word);
                if (n < 0)
                        break;
                used += (size_t) n;
        }

        return buffer;
}

const char *choice_nearest(const ChoiceSet *set, const char *word) {
        const char *words[8];

        assert(set->n <= ARRAY_LEN(words));
        for (size_t i = 0; i < set->n; i++)
                words[i] = set->choices[i].word;

        return nearest_word(word, words, set->n);
}
