/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "docker/image.h"

#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

Test(image, names_are_taken_apart) {
        static const struct {
                const char *image;
                const char *repository;
                const char *tag;
        } table[] = {
                { "nginx", "nginx", "latest" },
                { "nginx:alpine", "nginx", "alpine" },
                { "ollama/ollama", "ollama/ollama", "latest" },
                { "ollama/ollama:0.5.7-rocm", "ollama/ollama", "0.5.7-rocm" },
                { "localhost:5000/nginx", "localhost:5000/nginx", "latest" },
                { "localhost:5000/nginx:alpine", "localhost:5000/nginx", "alpine" },
                { "Registry.Example:5000/a/b/c", "Registry.Example:5000/a/b/c", "latest" },
                { "[::1]:5000/a/b:t", "[::1]:5000/a/b", "t" },
                { "ghcr.io/a/b_c.d-e:v1", "ghcr.io/a/b_c.d-e", "v1" },
                { "nginx@" DIGEST, "nginx", DIGEST },
                { "nginx:alpine@" DIGEST, "nginx", DIGEST },
                { "localhost:5000/nginx@" DIGEST, "localhost:5000/nginx", DIGEST },
        };

        for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
                ImageName name;

                cr_assert_eq(image_name_parse(table[i].image, &name), 0, "%s", table[i].image);
                cr_assert_str_eq(name.repository, table[i].repository, "%s", table[i].image);
                cr_assert_str_eq(name.tag, table[i].tag, "%s", table[i].image);
        }
}

Test(image, what_is_no_name_is_refused) {
        static const char *const table[] = {
                "",
                ":",
                ":tag",
                "nginx:",
                "nginx:a b",
                "nginx a",
                "/nginx",
                "nginx/",
                "nginx:-x",
                "nginx:.x",
                "nginx@",
                "nginx@sha256",
                "nginx@sha256:",
                "nginx@sha256:zz",
                "@" DIGEST,
                "a&tag=b",
                "a?b",
                "nginx:a:",
                "-nginx",
                "a\nb",
                "nginx@" DIGEST "@" DIGEST,
                "localhost:5000/",
        };

        for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
                ImageName name;

                cr_assert_eq(image_name_parse(table[i], &name), -EINVAL, "'%s'", table[i]);
        }
}

Test(image, names_that_are_too_long_are_refused) {
        char text[2 * IMAGE_NAME_MAX];
        ImageName name;

        memset(text, 'a', sizeof text - 1);
        text[sizeof text - 1] = '\0';
        cr_assert_eq(image_name_parse(text, &name), -EINVAL);
        memcpy(text, "a:", 2);
        cr_assert_eq(image_name_parse(text, &name), -EINVAL);
        text[2 + 128] = '\0';
        cr_assert_eq(image_name_parse(text, &name), 0);
}
