/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <criterion/criterion.h>

#include "base/macro.h"
#include "model/donors.h"
#include "support/inspect.h"

static json_t *document(const char *network, const char *pid, const char *ipc, json_t *volumes) {
        return json_pack(
                "{s:{s:s, s:s, s:s, s:o}}", "HostConfig", "NetworkMode", network, "PidMode", pid,
                "IpcMode", ipc, "VolumesFrom", volumes
        );
}

Test(donors, are_found_in_every_namespace_and_in_the_volumes) {
        static const struct {
                DonorKind kind;
                const char *who;
        } wanted[] = { { DONOR_NETWORK, "aaa" },
                       { DONOR_PID, "bbb" },
                       { DONOR_IPC, "ccc" },
                       { DONOR_VOLUMES, "data" },
                       { DONOR_VOLUMES, "more_data.1" } };
        json_t *inspect = document(
                "container:aaa", "container:bbb", "container:ccc",
                json_pack("[s, s]", "data:ro", "more_data.1")
        );
        DonorRef refs[DONOR_REFS_MAX];

        cr_assert_eq(donors_find(inspect, refs, DONOR_REFS_MAX), ARRAY_LEN(wanted));
        for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
                cr_expect_eq(refs[i].kind, wanted[i].kind, "%s", wanted[i].who);
                cr_expect_eq((size_t) refs[i].length, strlen(wanted[i].who));
                cr_expect_eq(strncmp(refs[i].who, wanted[i].who, (size_t) refs[i].length), 0);
        }
        cr_expect_eq(donors_find(inspect, refs, 2), 2, "never more than there is room for");
        json_decref(inspect);
}

Test(donors, nobody_is_one_where_the_namespaces_are_its_own_or_the_hosts) {
        json_t *inspect = document("shop_default", "host", "private", json_null());
        DonorRef refs[DONOR_REFS_MAX];

        cr_expect_eq(donors_find(inspect, refs, DONOR_REFS_MAX), 0);
        json_decref(inspect);
}

Test(donors, what_is_no_containers_name_is_not_asked_for) {
        static const char *const odd[] = { "container:", "container:../x", "container:a/b",
                                           "container:a?b", "container:.a" };

        for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
                json_t *inspect = document(odd[i], "", "", json_pack("[s, i]", ":ro", 1));
                DonorRef refs[DONOR_REFS_MAX];

                cr_expect_eq(donors_find(inspect, refs, DONOR_REFS_MAX), 0, "%s", odd[i]);
                json_decref(inspect);
        }
}

Test(donors, the_owner_of_a_network_is_found_through_others_that_share_it) {
        Container *user = inspect_container(&(InspectSpec){ .id = "a", .mode = "container:vpn" });
        Container *middle =
                inspect_container(&(InspectSpec){ .id = "b", .mode = "container:owner" });
        Container *owner = inspect_container(&(InspectSpec){ .id = "c" });
        char names[2][8] = { "vpn", "owner" };
        Donor list[] = { { names[0], middle }, { names[1], owner } };

        cr_expect_eq(donors_owner(list, 2, user), owner);
        cr_expect_eq(donors_owner(list, 2, owner), owner, "its own");
        cr_expect_null(donors_owner(list, 1, user), "one was not looked up");
        list[1].container = NULL;
        cr_expect_null(donors_owner(list, 2, user), "one is gone");
        list[1].container = middle;
        cr_expect_null(donors_owner(list, 2, user), "a circle has no owner");
        (void) container_free(user);
        (void) container_free(middle);
        (void) container_free(owner);
}

Test(donors, each_kind_has_a_name) {
        cr_expect_str_eq(donor_kind_to_string(DONOR_NETWORK), "its network");
        cr_expect_str_eq(donor_kind_to_string(DONOR_VOLUMES), "its volumes");
}
