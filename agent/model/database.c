/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Database: one list of what databases' images are called.
 *
 * Only the last part of a repository counts: the same server is published by its makers, by
 * packagers and from mirrors. An image that is missing here is linked with its stack, which gives a
 * database two variables that it does not read: harmless, but a restart.
 */
#include "model/database.h"

#include <stddef.h>
#include <string.h>

#include "base/macro.h"
#include "model/image.h"

static const char *const database_images[] = {
        /* PostgreSQL, and what builds on it */
        "postgres", "postgresql", "postgresql-repmgr", "postgis", "pgvector", "pgvecto-rs",
        "vchord-postgres", "vectorchord", "timescaledb", "timescaledb-ha", "pgautoupgrade",
        "paradedb", "spilo", "cockroach", "yugabyte", "pgbouncer",
        /* MySQL and MariaDB */
        "mysql", "mysql-server", "mariadb", "mariadb-galera", "percona", "percona-server",
        /* Documents */
        "mongo", "mongodb", "mongodb-community-server", "percona-server-mongodb", "ferretdb",
        "couchdb", "couchbase", "rethinkdb", "surrealdb", "arangodb",
        /* Keys and values */
        "redis", "redis-stack", "redis-stack-server", "valkey", "keydb", "dragonfly", "garnet",
        "memcached", "etcd",
        /* Columns and time */
        "clickhouse", "clickhouse-server", "cassandra", "scylla", "influxdb", "questdb",
        "victoria-metrics", "prometheus",
        /* Search, graphs, vectors */
        "elasticsearch", "opensearch", "meilisearch", "typesense", "neo4j", "qdrant", "milvus",
        "chroma", "oracle-free", "oracle-xe"
};

static bool says(const json_t *labels, const char *name, const char *word) {
        const char *text = json_string_value(json_object_get(labels, name));

        return text != NULL && strcmp(text, word) == 0;
}

bool database_is(const json_t *labels, const char *image) {
        char repository[IMAGE_REPOSITORY_MAX];

        if (says(labels, "coolify.type", "database")
            || says(labels, "coolify.service.subType", "database"))
                return true;
        if (image == NULL || image_repository(image, repository) < 0)
                return false;

        const char *slash = strrchr(repository, '/');
        const char *last = slash ? slash + 1 : repository;
        for (size_t i = 0; i < ARRAY_LEN(database_images); i++)
                if (strcmp(last, database_images[i]) == 0)
                        return true;
        return false;
}
