/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/provider-order.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "reconcile/provider-find.h"

struct ProviderOrder {
        Reconciler *reconciler;
        char *name;
        ProviderFind *find;
        VerifyDone *done;
        void *data;
};

ProviderOrder *provider_order_free(ProviderOrder *order) {
        if (order == NULL)
                return NULL;
        (void) provider_find_free(order->find);
        free(order->name);
        free(order);
        return NULL;
}

static void answer(VerifyDone *done, void *data, unsigned status, json_t *document) {
        done(document ? status : 500, document, data);
        json_decref(document);
}

static void refuse(VerifyDone *done, void *data, unsigned status, const char *text) {
        answer(done, data, status, json_pack("{s:s%}", "error", text, strlen(text)));
}

static void
obey(Reconciler *reconciler, const ProviderChoice *choice, VerifyDone *done, void *data) {
        Error err = { 0 };
        int r = provider_use(reconciler->provider, choice, &err);

        if (r < 0) {
                refuse(done, data, r == -EPERM ? 409 : 500, error_text(&err));
                return;
        }
        const char *name =
                choice->name[0] != '\0' ? choice->name : provider_kind_to_string(choice->kind);
        answer(done, data, 200,
               json_pack(
                       "{s:s, s:s, s:s, s:s}", "name", name, "mode",
                       provider_kind_to_string(choice->kind), "said",
                       "it is the shared Ollama from now on", "next",
                       "coollama status says when it is up"
               ));
}

static int choose(const ProviderOrder *order, ProviderChoice *ret, Error *err) {
        size_t n = 0;
        const ProviderCandidate *candidates = provider_find_candidates(order->find, &n);
        const ProviderCandidate *candidate = NULL;

        int r = provider_candidate_named(candidates, n, order->name, &candidate, err);
        if (r >= 0)
                provider_choice_of(candidate, ret);
        return r;
}

static void on_found(int result, const Error *error, void *data) {
        ProviderOrder *order = data;
        Reconciler *reconciler = order->reconciler;
        VerifyDone *done = order->done;
        void *done_data = order->data;
        ProviderChoice choice;
        Error err = { 0 };

        int r = result < 0 ? result : choose(order, &choice, &err);
        reconciler->provider_order = provider_order_free(order);
        if (r >= 0)
                obey(reconciler, &choice, done, done_data);
        else
                refuse(done, done_data,
                       r == -ENOENT     ? 404
                       : r == -ENOTUNIQ ? 409
                                        : 502,
                       result < 0 && error != NULL ? error_text(error) : error_text(&err));
}

static int find(Reconciler *reconciler, const char *name, VerifyDone *done, void *data) {
        ProviderOrder *order = calloc(1, sizeof *order);
        if (order == NULL)
                return -ENOMEM;
        order->reconciler = reconciler;
        order->done = done;
        order->data = data;
        order->name = strdup(name);

        const ProviderFindSetup setup = {
                .engine = reconciler->engine,
                .memory = reconciler->memory,
                .named = order->name,
                .done = on_found,
                .data = order,
        };
        int r = order->name ? provider_find_start(&setup, &order->find) : -ENOMEM;
        if (r < 0)
                (void) provider_order_free(order);
        else
                reconciler->provider_order = order;
        return r;
}

void reconciler_provider_use(
        Reconciler *reconciler, const char *name, VerifyDone *done, void *data
) {
        ProviderChoice choice = { .ordered = true };

        if (strcmp(name, provider_kind_to_string(PROVIDER_IS_MANAGED)) == 0)
                choice.kind = PROVIDER_IS_MANAGED;
        else if (strcmp(name, provider_kind_to_string(PROVIDER_IS_HOST)) == 0)
                choice.kind = PROVIDER_IS_HOST;

        if (choice.kind != PROVIDER_IS_UNDECIDED)
                obey(reconciler, &choice, done, data);
        else if (!reconciler->standing)
                refuse(done, data, 503, "the Docker Engine does not answer");
        else if (reconciler->provider_order != NULL)
                refuse(done, data, 409, "another such order is under way: try again");
        else if (find(reconciler, name, done, data) < 0)
                refuse(done, data, 500, "out of memory");
}
