/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include <criterion/criterion.h>

#include "base/macro.h"
#include "model/choice.h"

static const struct {
        const char *name;
        const ChoiceSet *set;
} sets[] = {
        { "reach", &choices_reach },
        { "auth", &choices_auth },
        { "recovery", &choices_recovery },
        { "access", &choices_access },
        { "scope", &choices_scope },
        { "role", &choices_role },
        { "provider mode", &choices_provider_mode },
        { "gpu", &choices_gpu },
};

Test(choice, every_supported_word_is_found_at_its_index_and_no_other_is) {
        for (size_t i = 0; i < ARRAY_LEN(sets); i++)
                for (size_t j = 0; j < sets[i].set->n; j++) {
                        const Choice *choice = &sets[i].set->choices[j];
                        int expected = choice->supported ? (int) j : -EOPNOTSUPP;

                        cr_expect_eq(
                                choice_find(sets[i].set, choice->word), expected, "%s: %s",
                                sets[i].name, choice->word
                        );
                        cr_expect_eq(choice_find(sets[i].set, "nonsense"), -EINVAL);
                        cr_expect_eq(choice_find(sets[i].set, ""), -EINVAL);
                }
}

Test(choice, words_are_those_of_the_enum) {
        cr_expect_str_eq(reach_to_string(REACH_GATEWAY), "gateway");
        cr_expect_str_eq(auth_to_string(AUTH_HEADER), "header");
        cr_expect_str_eq(recovery_to_string(RECOVERY_NONE), "none");
        cr_expect_str_eq(access_to_string(ACCESS_PULL), "pull");
        cr_expect_str_eq(scope_to_string(SCOPE_STACK), "stack");
        cr_expect_str_eq(role_to_string(ROLE_PROVIDER), "provider");
        cr_expect_str_eq(provider_mode_to_string(PROVIDER_EXTERNAL), "external");
        cr_expect_str_eq(gpu_to_string(GPU_NVIDIA), "nvidia");
}

Test(choice, what_a_key_may_do_grows_from_inference_to_admin) {
        static const Access rising[] = { ACCESS_INFERENCE, ACCESS_PULL, ACCESS_ADMIN };

        for (size_t i = 0; i < ARRAY_LEN(rising); i++)
                for (size_t j = 0; j < ARRAY_LEN(rising); j++)
                        cr_expect_eq(access_is_more(rising[i], rising[j]), i > j, "%zu %zu", i, j);
}

Test(choice, list_is_cut_to_its_buffer) {
        char buffer[64], small[8];

        cr_expect_str_eq(
                choice_list(&choices_reach, buffer, sizeof buffer), "auto, gateway or network"
        );
        cr_expect_str_eq(choice_list(&choices_reach, small, sizeof small), "auto, g");
}
