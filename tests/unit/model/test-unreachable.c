/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <criterion/criterion.h>

#include "model/unreachable.h"

static char why[UNREACHABLE_WHY_MAX];
static char mend[UNREACHABLE_MEND_MAX];

static const UnreachableFacts dropped = { .network = "shop_default",
                                          .subnet = "172.18.0.0/16",
                                          .port = "11435",
                                          .trouble = "no answer",
                                          .tried = true };

Test(unreachable, the_command_names_the_port_and_the_networks_own_subnet) {
        unreachable_explain(&dropped, why, mend);
        cr_expect_not_null(strstr(why, "shop_default"));
        cr_expect_not_null(strstr(why, "no answer"));
        cr_expect_str_eq(mend, "ufw allow proto tcp from 172.18.0.0/16 to any port 11435");
}

Test(unreachable, without_a_subnet_it_names_where_containers_are) {
        UnreachableFacts facts = dropped;

        facts.subnet = "";
        unreachable_explain(&facts, why, mend);
        cr_expect_not_null(strstr(mend, "from 10.0.0.0/8,172.16.0.0/12 "));
}

Test(unreachable, no_rule_of_a_firewall_helps_on_an_internal_network) {
        UnreachableFacts facts = dropped;

        facts.internal = true;
        unreachable_explain(&facts, why, mend);
        cr_expect_not_null(strstr(why, "is internal"));
        cr_expect_str_eq(mend, "");
}

Test(unreachable, what_could_not_be_asked_is_no_answer) {
        UnreachableFacts facts = dropped;

        facts.tried = false;
        facts.trouble = "no such image";
        unreachable_explain(&facts, why, mend);
        cr_expect_not_null(strstr(why, "cannot find out"));
        cr_expect_not_null(strstr(why, "no such image"));
        cr_expect_str_eq(mend, "");
}
