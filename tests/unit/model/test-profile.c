/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/macro.h"
#include "model/profile.h"

#define ABOUT     "\"about\": \"x\""
#define IMAGES    "\"images\": []"
#define VARIABLE  "{ \"name\": \"A\", \"value\": \"{url}\", \"role\": \"url\" }"
#define LIST      "\"variables\": [ " VARIABLE " ]"
#define CARRIER   "\"carrier\": [ \"header\" ]"
#define WAYS      "\"reach\": \"auto\", \"recovery\": \"default\", \"settle\": \"0s\""
#define END       "\"hint\": {}, \"sources\": []"
#define REST      CARRIER "," WAYS "," END
#define VARIABLES REST "," LIST

static int parse(const char *name, const char *text, Profile **ret, Error *err) {
        return profile_parse(name, text, strlen(text), ret, err);
}

Test(profile, is_read_with_its_variables_in_order) {
        static const char text[] =
                "{ \"about\": \"About it.\", \"images\": [ \"ghcr.io/a/b\", \"nginx\" ],"
                "  \"carrier\": [ \"stack\", \"header\" ], \"reach\": \"network\", \"recovery\": \"none\","
                "  \"settle\": \"1m\", \"hint\": { \"stack\": \"set {host}:{port}\" }, \"sources\": [ \"a\", \"b\" ],"
                "  \"variables\": ["
                "    { \"name\": \"Z_URL\", \"value\": \"{url}/v1\", \"role\": \"url\" },"
                "    { \"name\": \"A_KEY\", \"value\": \"{key}\", \"role\": \"key\" } ] }";
        cleanup(profile_freep) Profile *profile = NULL;
        Error err = { 0 };

        cr_assert_eq(parse("some-app", text, &profile, &err), 0, "%s", error_text(&err));
        cr_expect_str_eq(profile->name, "some-app");
        cr_expect_str_eq(profile->about, "About it.");
        cr_assert_eq(profile->n_images, 2);
        cr_expect_str_eq(profile->images[0], "ghcr.io/a/b");
        cr_assert_eq(profile->n_carriers, 2);
        cr_expect_eq(profile->carriers[0], AUTH_STACK);
        cr_expect_eq(profile->carriers[1], AUTH_HEADER);
        cr_expect(profile_allows(profile, AUTH_HEADER));
        cr_expect_not(profile_allows(profile, AUTH_URL));
        cr_expect_eq(profile->reach, REACH_NETWORK);
        cr_expect(profile->has_recovery);
        cr_expect_eq(profile->recovery, RECOVERY_NONE);
        cr_expect_eq(profile->settle_usec, 60 * USEC_PER_SEC);
        cr_expect_str_eq(profile->hints[AUTH_STACK], "set {host}:{port}");
        cr_expect_null(profile->hints[AUTH_HEADER]);
        cr_assert_eq(profile->n_sources, 2);
        cr_expect_str_eq(profile->sources[1], "b");
        cr_assert_eq(profile->n_variables, 2);
        cr_expect_str_eq(profile->variables[0].name, "Z_URL");
        cr_expect_str_eq(profile->variables[0].template, "{url}/v1");
        cr_expect_eq(profile->variables[0].role, PROFILE_ROLE_URL);
        cr_expect_str_eq(profile->variables[1].name, "A_KEY");
        cr_expect_eq(profile->variables[1].role, PROFILE_ROLE_KEY);
        cr_expect_str_eq(profile_role_to_string(PROFILE_ROLE_KEY), "key");
        cr_expect_str_eq(profile_role_to_string(PROFILE_ROLE_URL), "url");
}

static const struct {
        const char *name, *text, *error;
} bad[] = {
        { "x", "", "line 1: " },
        { "x", "[]", "is no object" },
        { "x", "{", "line 1: " },
        { "x", "{}", "field 'about' is missing" },
        { "x", "{" ABOUT "," IMAGES "}", "field 'carrier' is missing" },
        { "x", "{" ABOUT "," IMAGES "," VARIABLES ", \"imges\": 1 }",
          "unknown field 'imges'; did you mean 'images'?" },
        { "x", "{" ABOUT "," ABOUT "," IMAGES "," VARIABLES "}", "line 1: duplicate" },
        { "x", "{ \"about\": 1," IMAGES "," VARIABLES "}", "'about' is no text" },
        { "x", "{" ABOUT ", \"images\": {}, " VARIABLES "}", "'images' is no list" },
        { "x", "{" ABOUT ", \"images\": [ 1 ], " VARIABLES "}", "images[0]: 'images' is no text" },
        { "x", "{" ABOUT ", \"images\": [ \"nginx\", \"docker.io/a/b:1\" ], " VARIABLES "}",
          "images[1]: image 'docker.io/a/b:1' must be written 'a/b'" },
        { "x", "{" ABOUT ", \"images\": [ \":x\" ], " VARIABLES "}",
          "images[0]: ':x' is no image" },
        { "x", "{" ABOUT "," IMAGES ", " REST ", \"variables\": [] }",
          "'variables' is no list of one or more" },
        { "x", "{" ABOUT "," IMAGES ", " REST ", \"variables\": {} }",
          "'variables' is no list of one or more" },
        { "x", "{" ABOUT "," IMAGES ", " REST ", \"variables\": [ 1 ] }",
          "variables[0]: is no object" },
        { "x", "{" ABOUT "," IMAGES ", " REST ", \"variables\": [ " VARIABLE "," VARIABLE " ] }",
          "variables[1]: A is there twice" },
        { "x",
          "{" ABOUT "," IMAGES ", " REST
          ", \"variables\": [ { \"name\": \"1\", \"value\": \"\", \"role\": \"url\" } ] }",
          "variables[0]: '1' is no name of a variable" },
        { "x",
          "{" ABOUT "," IMAGES ", " REST
          ", \"variables\": [ { \"name\": \"A\", \"value\": \"\", \"role\": \"env\" } ] }",
          "variables[0]: 'role' may be url or key" },
        { "x",
          "{" ABOUT "," IMAGES ", " REST
          ", \"variables\": [ { \"name\": \"A\", \"value\": \"{ulr}\", \"role\": \"url\" } ] }",
          "variables[0]: A: unknown placeholder {ulr}" },
        { "X", "{" ABOUT "," IMAGES "," VARIABLES "}", "a profile's name is" },
        { "", "{" ABOUT "," IMAGES "," VARIABLES "}", "a profile's name is" },
        { "auto", "{" ABOUT "," IMAGES "," VARIABLES "}", "'auto' cannot be a profile's name" },
        { "x", "{" ABOUT "," IMAGES "," REST "}", "field 'variables' is missing" },
        { "x", "{" ABOUT "," IMAGES ", \"carrier\": []," WAYS "," END "," LIST "}",
          "'carrier' is no list of one to three" },
        { "x", "{" ABOUT "," IMAGES ", \"carrier\": [ \"auto\" ]," WAYS "," END "," LIST "}",
          "carrier[0] may be header, url or stack" },
        { "x",
          "{" ABOUT "," IMAGES ", \"carrier\": [ \"url\", \"url\" ]," WAYS "," END "," LIST "}",
          "carrier 'url' is there twice" },
        { "x",
          "{" ABOUT "," IMAGES "," CARRIER "," END "," LIST
          ", \"reach\": \"bus\", \"recovery\": \"default\", \"settle\": \"0s\" }",
          "'reach' may be" },
        { "x",
          "{" ABOUT "," IMAGES "," CARRIER "," END "," LIST
          ", \"reach\": \"auto\", \"recovery\": \"often\", \"settle\": \"0s\" }",
          "'recovery' may be" },
        { "x",
          "{" ABOUT "," IMAGES "," CARRIER "," END "," LIST
          ", \"reach\": \"auto\", \"recovery\": \"auto\", \"settle\": \"2h\" }",
          "'settle' is no duration up to 1h" },
        { "x",
          "{" ABOUT "," IMAGES "," CARRIER "," WAYS "," LIST
          ", \"hint\": { \"url\": \"x\" }, \"sources\": [] }",
          "'hint': 'url' is none of its carriers" },
        { "x",
          "{" ABOUT "," IMAGES "," CARRIER "," WAYS "," LIST
          ", \"hint\": { \"header\": \"paste {key}\" }, \"sources\": [] }",
          "'hint' for header: may name {host} and {port} alone" },
        { "x",
          "{" ABOUT "," IMAGES "," CARRIER "," WAYS "," LIST
          ", \"hint\": { \"header\": \"\" }, \"sources\": [] }",
          "'hint' for header: is not 1 to 300 bytes long" },
        { "x",
          "{" ABOUT "," IMAGES "," CARRIER "," WAYS "," LIST ", \"hint\": {}, \"sources\": [ 1 ] }",
          "'sources' is no text" },
        { "x",
          "{" ABOUT "," IMAGES ", " REST
          ", \"variables\": [ { \"name\": \"SIGN_UP\", \"value\": \"true\", \"role\": \"url\" } ] }",
          "variables[0]: SIGN_UP: tells no address" },
        { "x",
          "{" ABOUT "," IMAGES ", " REST
          ", \"variables\": [ { \"name\": \"SIGN_UP\", \"value\": \"{url}\", \"role\": \"key\" } ] }",
          "variables[0]: SIGN_UP: holds no key" },
};

Test(profile, what_is_wrong_is_said_with_its_place) {
        for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
                Profile *profile = NULL;
                Error err = { 0 };

                int r = parse(bad[i].name, bad[i].text, &profile, &err);
                cr_expect_eq(r, -EBADMSG, "%s: %d", bad[i].text, r);
                cr_expect_null(profile);
                cr_expect_eq(
                        strncmp(error_text(&err), bad[i].error, strlen(bad[i].error)), 0,
                        "%s: '%s' instead of '%s'", bad[i].text, error_text(&err), bad[i].error
                );
        }
}

/* A set with a profile of each name; the third has images. */
static ProfileSet *make_set(void) {
        static const char *const names[] = { "openai", "ollama", "chat" };
        ProfileSet *set;

        cr_assert_eq(profile_set_new(&set), 0);
        for (size_t i = 0; i < ARRAY_LEN(names); i++) {
                Profile *profile;
                const char *text =
                        i == 2 ? "{" ABOUT
                                 ", \"images\": [ \"ghcr.io/a/chat\", \"chat\" ], " VARIABLES "}"
                               : "{" ABOUT "," IMAGES "," VARIABLES "}";

                cr_assert_eq(parse(names[i], text, &profile, NULL), 0);
                cr_assert_eq(profile_set_adopt(set, profile, NULL), 0);
        }
        return set;
}

Test(profile, set_is_ordered_and_found_by_name) {
        cleanup(profile_set_freep) ProfileSet *set = make_set();

        cr_assert_eq(set->n, 3);
        cr_expect_str_eq(set->profiles[0]->name, "chat");
        cr_expect_str_eq(set->profiles[1]->name, "ollama");
        cr_expect_str_eq(set->profiles[2]->name, "openai");
        cr_expect_eq(profile_set_find(set, "openai"), set->profiles[2]);
        cr_expect_null(profile_set_find(set, "open"));
}

Test(profile, auto_goes_by_the_repository_of_the_image_else_it_is_ollama) {
        static const struct {
                const char *image, *profile;
        } images[] = {
                { "ghcr.io/a/chat:main", "chat" },
                { "ghcr.io/a/chat", "chat" },
                { "docker.io/library/chat", "chat" },
                { "chat@sha256:00", "chat" },
                { "ghcr.io/a/chat-ui", "ollama" },
                { "other.io/a/chat", "ollama" },
                { "", "ollama" },
                { "sha256:00", "ollama" },
        };
        cleanup(profile_set_freep) ProfileSet *set = make_set();

        for (size_t i = 0; i < ARRAY_LEN(images); i++) {
                const Profile *profile = profile_set_for_image(set, images[i].image);

                cr_assert_not_null(profile);
                cr_expect_str_eq(profile->name, images[i].profile, "%s", images[i].image);
        }
}

Test(profile, an_empty_set_has_nothing_for_an_image) {
        cleanup(profile_set_freep) ProfileSet *set = NULL;

        cr_assert_eq(profile_set_new(&set), 0);
        cr_expect_null(profile_set_for_image(set, "nginx"));
}

Test(profile, set_refuses_a_name_or_an_image_that_is_there) {
        cleanup(profile_set_freep) ProfileSet *set = make_set();
        cleanup(profile_freep) Profile *same = NULL, *image = NULL;
        Error err = { 0 };

        cr_assert_eq(parse("ollama", "{" ABOUT "," IMAGES "," VARIABLES "}", &same, NULL), 0);
        cr_expect_eq(profile_set_adopt(set, same, &err), -EEXIST);
        cr_expect_str_eq(error_text(&err), "profile ollama is there twice");

        err = (Error){ 0 };
        cr_assert_eq(
                parse("other", "{" ABOUT ", \"images\": [ \"chat\" ], " VARIABLES "}", &image,
                      NULL),
                0
        );
        cr_expect_eq(profile_set_adopt(set, image, &err), -EEXIST);
        cr_expect_str_eq(error_text(&err), "image chat is in the profiles chat and other");
        cr_expect_eq(set->n, 3);
}
