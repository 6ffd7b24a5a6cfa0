/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include <criterion/criterion.h>

#include "base/macro.h"
#include "model/image.h"

#define DIGEST "@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct {
        const char *image, *repository; /* NULL: names none */
} cases[] = {
        { "nginx", "nginx" },
        { "nginx:alpine", "nginx" },
        { "library/nginx:alpine", "nginx" },
        { "docker.io/library/nginx", "nginx" },
        { "docker.io/nginx:1", "nginx" },
        { "index.docker.io/library/nginx:1" DIGEST, "nginx" },
        { "ollama/ollama:latest", "ollama/ollama" },
        { "docker.io/ollama/ollama" DIGEST, "ollama/ollama" },
        { "ghcr.io/open-webui/open-webui:main", "ghcr.io/open-webui/open-webui" },
        { "registry.local:5000/a/b", "registry.local:5000/a/b" },
        { "registry.local:5000/a/b:tag", "registry.local:5000/a/b" },
        { "localhost:5000/ollama/ollama:1", "localhost:5000/ollama/ollama" },
        { "localhost/x", "localhost/x" },
        { "ghcr.io/library/nginx", "ghcr.io/library/nginx" },
        { "", NULL },
        { ":tag", NULL },
        { DIGEST, NULL },
        { "docker.io/", NULL },
        { "ghcr.io/", NULL },
        { "sha256:0123", NULL },
};

Test(image, repository_is_normalised_without_tag_and_digest) {
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                char repository[IMAGE_REPOSITORY_MAX] = "";
                int r = image_repository(cases[i].image, repository);

                cr_expect_eq(r, cases[i].repository ? 0 : -EINVAL, "'%s': %d", cases[i].image, r);
                if (cases[i].repository)
                        cr_expect_str_eq(repository, cases[i].repository, "'%s'", cases[i].image);
        }
}

Test(image, too_long_a_repository_is_refused_not_cut) {
        char image[IMAGE_REPOSITORY_MAX + 1], repository[IMAGE_REPOSITORY_MAX];

        memset(image, 'a', sizeof image - 1);
        image[sizeof image - 1] = '\0';
        cr_expect_eq(image_repository(image, repository), -ENAMETOOLONG);
        image[IMAGE_REPOSITORY_MAX - 1] = '\0';
        cr_expect_eq(image_repository(image, repository), 0);
}

Test(image, is_the_same_in_any_registry_with_any_tag) {
        cr_expect(image_is("ollama/ollama", "ollama/ollama"));
        cr_expect(image_is("docker.io/ollama/ollama:0.5", "ollama/ollama"));
        cr_expect(image_is("registry.local:5000/ollama/ollama:rocm", "ollama/ollama"));
        cr_expect_not(image_is("mirror.example/other/ollama/ollama", "ollama/ollama"));
        cr_expect_not(image_is("ollama/ollama-ui", "ollama/ollama"));
        cr_expect_not(image_is("someone/ollama", "ollama/ollama"));
        cr_expect_not(image_is("", "ollama/ollama"));
}
