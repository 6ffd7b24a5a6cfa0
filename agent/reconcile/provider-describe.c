/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the stack should be: the template, filled with what is settled at the first start (the alias
 * that nobody can guess, the proxy's user) and what the engine says (its gateway addresses).
 */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/random.h"
#include "base/text.h"
#include "reconcile/provider-inside.h"

#define TEMPLATE_FILE_MAX ((size_t) 256 * 1024)
#define PROXY_USER        "coollama-proxy"
#define NOBODY            65534

static int
read_template(Provider *provider, const char *name, char **ret, size_t *ret_size, Error *err) {
        cleanup(freep) char *path = text_format("%s/%s", provider->setup.templates_dir, name);
        if (path == NULL)
                return error_set(err, -ENOMEM, "out of memory");
        return file_read(path, TEMPLATE_FILE_MAX, ret, ret_size, err);
}

static int read_pattern(Provider *provider, Error *err) {
        cleanup(freep) char *text = NULL;
        size_t size = 0;
        json_error_t where;

        int r = read_template(provider, "stack.json", &text, &size, err);
        if (r < 0)
                return r;
        provider->pattern = json_loadb(text, size, 0, &where);
        if (provider->pattern == NULL)
                return error_set(err, -EBADMSG, "stack.json: line %d: %s", where.line, where.text);
        return 0;
}

/* The alias of Ollama that the proxy uses: made once, so that no tenant can have chosen it. */
static int read_alias(Provider *provider, Error *err) {
        cleanup(freep) char *path = text_format("%s/api-alias", provider->setup.state_dir);
        if (path == NULL)
                return error_set(err, -ENOMEM, "out of memory");

        size_t size = 0;
        int r = file_read(path, 64, &provider->api_alias, &size, NULL);
        if (r >= 0 && size > 0
            && strspn(provider->api_alias, "abcdefghijklmnopqrstuvwxyz0123456789-") == size)
                return 0;

        free(provider->api_alias);
        provider->api_alias = text_format("ollama-%08x%08x", random_u32(), random_u32());
        if (provider->api_alias == NULL)
                return error_set(err, -ENOMEM, "out of memory");
        return file_replace(path, provider->api_alias, strlen(provider->api_alias), 0600, err);
}

/* A user of the proxy's own where the package made one; its group is ours, so that it reads what we
 * write. */
static void find_proxy_user(Provider *provider) {
        const struct passwd *user = getpwnam(PROXY_USER);
        unsigned uid = user ? (unsigned) user->pw_uid : NOBODY;

        (void) snprintf(
                provider->proxy_user, sizeof provider->proxy_user, "%u:%u", uid,
                (unsigned) getegid()
        );
}

static int open_proxy_files(Provider *provider, Error *err) {
        const char *state_dir = provider->setup.state_dir;
        size_t size = 0;

        int r = read_template(provider, "nginx/nginx.conf", &provider->nginx, &size, err);
        if (r >= 0)
                r = proxy_paths_init(&provider->paths, state_dir, err);
        if (r >= 0)
                r = proxy_paths_make(&provider->paths, getegid(), err);
        if (r < 0)
                return r;

        r = provider_upstream_open(provider, err);
        if (r >= 0)
                provider_upstream_settle(provider);
        return r;
}

int provider_describe_open(Provider *provider, Error *err) {
        int r = read_pattern(provider, err);
        if (r >= 0)
                r = read_alias(provider, err);
        if (r >= 0)
                r = provider_choice_open(provider, err);
        if (r < 0)
                return r;
        find_proxy_user(provider);
        return provider->setup.config->proxy.secured ? open_proxy_files(provider, err) : 0;
}

/* Unsecured, Ollama's port is where consumers find it; on all addresses, it is on our own too. */
static void note_bound(Provider *provider, const char *address) {
        if (address == NULL)
                return;
        if (strcmp(address, "0.0.0.0") == 0)
                address = "127.0.0.1";
        else if (strcmp(address, "::") == 0)
                address = "::1";
        (void) snprintf(
                provider->bound, sizeof provider->bound,
                strchr(address, ':') != NULL ? "[%s]:%u" : "%s:%u", address,
                provider->setup.config->proxy.port
        );
}

const Stack *provider_describe(const ProviderLook *look, void *data) {
        Provider *provider = data;
        const Config *config = provider->setup.config;
        const char *const fixed[] = { config->proxy.bind, NULL };
        bool gateway = strcmp(config->proxy.bind, "gateway") == 0;
        const char *const *bind = gateway ? provider_look_addresses(look) : fixed;
        const PortWanted wanted = { .bind = bind, .port = config->proxy.port };

        provider_adopt(provider, look, &wanted);
        provider_upstream_note_gateway(provider, provider_look_addresses(look));
        provider_upstream_settle(provider);
        provider_settle_facts(provider);
        const StackSettings settings = {
                .api_image = config->provider.image,
                .proxy_image = config->proxy.image,
                .api_alias = provider->api_alias,
                .bind = provider_publishes(provider) ? bind : NULL,
                .port = config->proxy.port,
                .proxy_user = provider->proxy_user,
                .conf_dir = provider->paths.conf,
                .run_dir = provider->paths.run,
                .dirs_made = provider->paths.made,
                .secured = config->proxy.secured,
                .foreign = provider->choice.kind != PROVIDER_IS_MANAGED,
                .cloud = config->provider.cloud,
                .gpu = provider->gpu.gpu,
        };
        Stack *stack = NULL;

        note_bound(provider, bind[0]);
        provider->undescribed = (Error){ 0 };
        if (stack_build(provider->pattern, &settings, &stack, &provider->undescribed) < 0)
                return NULL;
        (void) stack_free(provider->stack);
        provider->stack = stack;
        return stack;
}
