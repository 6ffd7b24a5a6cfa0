/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "base/macro.h"
#include "model/database.h"

static const struct {
        const char *image;
        bool is;
} images[] = {
        { "postgres:16-alpine", true },
        { "docker.io/library/postgres", true },
        { "pgvector/pgvector:pg16", true },
        { "timescale/timescaledb-ha:pg16", true },
        { "postgis/postgis:16-3.4", true },
        { "supabase/postgres:15.1", true },
        { "bitnami/postgresql@sha256:0123", true },
        { "mysql:8", true },
        { "mariadb:11", true },
        { "mongo:7", true },
        { "redis:7-alpine", true },
        { "redis/redis-stack-server", true },
        { "valkey/valkey:8", true },
        { "eqalpha/keydb", true },
        { "docker.dragonflydb.io/dragonflydb/dragonfly:v1", true },
        { "clickhouse/clickhouse-server:24", true },
        { "registry.local:5000/mirror/postgres:16", true },
        { "nginx:alpine", false },
        { "rediscommander/redis-commander", false },
        { "ghcr.io/acme/postgres-exporter", false },
        { "vaultwarden/server", false },
        { "ghcr.io/open-webui/open-webui:main", false },
        { "sha256:0123", false },
        { "", false },
        { NULL, false },
};

Test(database, an_image_says_so_whoever_published_it) {
        for (size_t i = 0; i < ARRAY_LEN(images); i++)
                cr_expect_eq(
                        database_is(NULL, images[i].image), images[i].is, "%s",
                        images[i].image ? images[i].image : "(none)"
                );
}

Test(database, coolifys_labels_say_so_whatever_the_image_is) {
        static const struct {
                const char *name, *value;
                bool is;
        } cases[] = {
                { "coolify.type", "database", true },
                { "coolify.service.subType", "database", true },
                { "coolify.type", "service", false },
                { "coolify.service.subType", "application", false },
        };

        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                json_t *labels = json_pack("{s:s}", cases[i].name, cases[i].value);
                cr_expect_eq(database_is(labels, "acme/app"), cases[i].is, "%s", cases[i].name);
                cr_expect(database_is(labels, "postgres"), "its image says so all the same");
                json_decref(labels);
        }
}
