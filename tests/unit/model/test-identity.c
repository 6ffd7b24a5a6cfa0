/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/macro.h"
#include "model/identity.h"

#define UUID "k4wo8gskcs0ooc4s4ow4o8sk"

typedef struct Case {
        const char *what;
        const char *name;
        const char *project, *service, *sub_name, *preview, *resource; /* labels; NULL: not there */
        const char *key, *human;
} Case;

/* The kinds of containers that Coolify makes, and those it makes nothing of. */
static const Case cases[] = {
        { "application", UUID "-142530123456", UUID, UUID "-142530123456", NULL, "0", "my-shop",
          UUID "/app", "my-shop" },
        { "application with a consistent name", UUID, UUID, UUID, NULL, "0", "my-shop", UUID "/app",
          "my-shop" },
        { "application with a name of its own", "shop", UUID, "shop", NULL, "0", "my-shop",
          UUID "/shop", "my-shop" },
        { "preview of an application", UUID "-pr-7", UUID, UUID "-pr-7", NULL, "7", "my-shop",
          UUID "/" UUID "-pr-7#7", "my-shop#7" },
        { "compose application", "web-" UUID "-142530123456", UUID, "web", NULL, "0", "my-shop",
          UUID "/web", "my-shop/web" },
        { "compose application with consistent names", "web-" UUID, UUID, "web", NULL, "0",
          "my-shop", UUID "/web", "my-shop/web" },
        { "preview of a compose application", "web-" UUID "-pr-7", UUID, "web-pr-7", NULL, "7",
          "my-shop", UUID "/web-pr-7#7", "my-shop/web-pr-7#7" },
        { "raw compose", UUID "-web-1", UUID, "web", NULL, NULL, NULL, UUID "/web", UUID "/web" },
        { "service", "n8n-" UUID, UUID, "n8n", "n8n", "0", "automation", UUID "/n8n",
          "automation/n8n" },
        { "database", UUID, UUID, UUID, NULL, NULL, "orders", UUID "/app", "orders" },
        { "deployment helper", "zk8wk0ccs4c0k0oosg8s4ok8", NULL, NULL, NULL, NULL, NULL,
          "zk8wk0ccs4c0k0oosg8s4ok8", "zk8wk0ccs4c0k0oosg8s4ok8" },
        { "Coolify's own", "/coolify-proxy", NULL, NULL, NULL, NULL, NULL, "coolify-proxy",
          "coolify-proxy" },

        /* and what else the rule says */
        { "service name with the project at its end", "x", "shop", "web-shop", NULL, NULL, NULL,
          "shop/web", "shop/web" },
        { "service name with both", "x", "shop", "web-shop-142530123456", NULL, NULL, NULL,
          "shop/web", "shop/web" },
        { "timestamp first, project then", "x", "shop", "web-142530123456-shop", NULL, NULL, NULL,
          "shop/web-142530123456", "shop/web-142530123456" },
        { "eleven digits are no timestamp", "x", "shop", "web-14253012345", NULL, NULL, NULL,
          "shop/web-14253012345", "shop/web-14253012345" },
        { "thirteen digits are no timestamp", "x", "shop", "web-1425301234567", NULL, NULL, NULL,
          "shop/web-1425301234567", "shop/web-1425301234567" },
        { "the sub name is taken as it is", "x", UUID, "other", "web-" UUID, "0", "my-shop",
          UUID "/web-" UUID, "my-shop/web-" UUID },
        { "a member called app is one of a stack", "app-" UUID, UUID, "app", NULL, "0", "my-shop",
          UUID "/app", "my-shop/app" },
        { "compose without Coolify", "shop-shop-1", "shop", "shop", NULL, NULL, NULL, "shop/app",
          "shop/app" },
        { "a project without a service is the name", "box", "shop", NULL, NULL, NULL, NULL, "box",
          "box" },
        { "a service without a project is the name", "box", NULL, "web", NULL, "7", NULL, "box",
          "box" },
        { "empty labels are none", "box", "", "web", "", "", "", "box", "box" },
};

static json_t *labels_of(const Case *c) {
        json_t *labels = json_object();
        const char *const pairs[][2] = {
                { "com.docker.compose.project", c->project },
                { "com.docker.compose.service", c->service },
                { "coolify.service.subName", c->sub_name },
                { "coolify.pullRequestId", c->preview },
                { "coolify.resourceName", c->resource },
        };

        for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
                if (pairs[i][1])
                        json_object_set_new(labels, pairs[i][0], json_string(pairs[i][1]));
        return labels;
}

Test(identity, is_what_survives_a_redeploy_of_every_kind_of_container) {
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                json_t *labels = labels_of(&cases[i]);
                Identity identity;
                Error err = { 0 };

                int r = identity_from_labels(labels, cases[i].name, &identity, &err);
                json_decref(labels);
                cr_assert_eq(r, 0, "%s: %s", cases[i].what, error_text(&err));
                cr_expect_str_eq(identity.key, cases[i].key, "%s", cases[i].what);
                cr_expect_str_eq(identity.human, cases[i].human, "%s", cases[i].what);
        }
}

Test(identity, redeploys_of_a_default_application_are_one_identity) {
        static const Case deployments[] = {
                { "", UUID "-142530123456", UUID, UUID "-142530123456", NULL, "0", "s", "", "" },
                { "", UUID "-000000000000", UUID, UUID "-000000000000", NULL, "0", "s", "", "" },
                { "", UUID "-235959999999", UUID, UUID "-235959999999", NULL, "0", "t", "", "" },
        };
        Identity first, other;

        for (size_t i = 0; i < ARRAY_LEN(deployments); i++) {
                json_t *labels = labels_of(&deployments[i]);

                cr_assert_eq(identity_from_labels(labels, deployments[i].name, &other, NULL), 0);
                json_decref(labels);
                if (i == 0)
                        first = other;
                cr_expect_str_eq(other.key, first.key);
        }
}

Test(identity, names_with_odd_bytes_never_share_a_key) {
        static const Case odd[] = {
                { "", "x", "a", "b/c", NULL, NULL, NULL, "a/b%2Fc", "a/b/c" },
                { "", "x", "a/b", "c", NULL, NULL, NULL, "a%2Fb/c", "a/b/c" },
                { "", "x", "a", "b#7", NULL, NULL, NULL, "a/b%237", "a/b#7" },
                { "", "x", "a", "b", NULL, "7", NULL, "a/b#7", "a/b#7" },
                { "", "x", "a", "b%2Fc", NULL, NULL, NULL, "a/b%252Fc", "a/b%2Fc" },
                { "", "x", "a", "b\nc\x1b\x7f", NULL, NULL, NULL, "a/b%0Ac%1B%7F", "a/b?c??" },
                { "", "x", "a", "\xc3\xa4", NULL, NULL, NULL, "a/%C3%A4", "a/\xc3\xa4" },
        };

        for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
                json_t *labels = labels_of(&odd[i]);
                Identity identity;

                cr_assert_eq(identity_from_labels(labels, odd[i].name, &identity, NULL), 0);
                json_decref(labels);
                cr_expect_str_eq(identity.key, odd[i].key);
                cr_expect_str_eq(identity.human, odd[i].human);
        }
}

Test(identity, what_is_too_long_is_refused_not_cut) {
        char service[IDENTITY_PART_MAX + 1], odd[IDENTITY_PART_MAX];
        Case c = { "", "x", "shop", service, NULL, NULL, NULL, "", "" };
        Identity identity;
        Error err = { 0 };

        memset(service, 'a', sizeof service - 1);
        service[sizeof service - 1] = '\0';
        json_t *labels = labels_of(&c);
        cr_expect_eq(identity_from_labels(labels, "x", &identity, &err), -ENAMETOOLONG);
        cr_expect(error_is_set(&err));
        json_decref(labels);

        /* fits as it is, but not once it is escaped */
        memset(odd, '/', sizeof odd - 1);
        odd[sizeof odd - 1] = '\0';
        cr_expect_eq(identity_from_labels(NULL, odd + 1, &identity, NULL), -ENAMETOOLONG);
}

Test(identity, what_a_key_was_made_of_is_read_back_from_it) {
        static const char *const keys[] = { "box",        "a.b_c-d",       "shop/app",
                                            "shop/web#7", "a%2Fb/c",       "a/b%237",
                                            "a/b%252Fc",  "a/b%0Ac%1B%7F", "a/%C3%A4#1" };
        static const char *const bad[] = { "",     "/",    "a/",   "/a",  "a/b/c",
                                           "a#",   "a/b#", "a%",   "a%2", "a%00",
                                           "a%2f", "a b",  "a%41", "#7",  "a/b#7#8" };
        Identity identity;

        for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
                cr_expect_eq(identity_from_key(keys[i], "Shop", &identity), 0, "%s", keys[i]);
                cr_expect_str_eq(identity.key, keys[i]);
                cr_expect_str_eq(identity.human, "Shop");
        }
        cr_assert_eq(identity_from_key("a%2Fb/c%23#7", NULL, &identity), 0);
        cr_expect_str_eq(identity.project, "a/b");
        cr_expect_str_eq(identity.member, "c#");
        cr_expect_str_eq(identity.preview, "7");
        cr_expect_str_eq(identity.human, "a%2Fb/c%23#7");
        for (size_t i = 0; i < ARRAY_LEN(bad); i++)
                cr_expect_lt(identity_from_key(bad[i], NULL, &identity), 0, "%s", bad[i]);
}

Test(identity, labels_may_be_missing_or_no_texts) {
        json_t *labels = json_pack("{s:i, s:n}", "com.docker.compose.project", 1, "x");
        Identity identity;

        cr_assert_eq(identity_from_labels(labels, "/box", &identity, NULL), 0);
        cr_expect_str_eq(identity.key, "box");
        cr_assert_eq(identity_from_labels(NULL, "box", &identity, NULL), 0);
        cr_expect_str_eq(identity.key, "box");
        json_decref(labels);
}

Test(identity, a_container_without_a_name_is_an_error) {
        Identity identity;

        cr_expect_eq(identity_from_labels(NULL, "", &identity, NULL), -EINVAL);
        cr_expect_eq(identity_from_labels(NULL, "/", &identity, NULL), -EINVAL);
        cr_expect_eq(identity_from_labels(NULL, NULL, &identity, NULL), -EINVAL);
}
