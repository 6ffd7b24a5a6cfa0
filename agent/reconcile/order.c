/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/order.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "model/database.h"
#include "model/opt-in.h"

static const char *const order_names[] = { [ORDER_UNLINK] = "unlink", [ORDER_RELINK] = "relink" };
static_assert(ARRAY_LEN(order_names) == ORDER_RELINK + 1, "a name for every order");

/* The agreement is about the containers that are there now, and about no later one. */
static int write_down(Reconciler *reconciler, Consumer *consumer, Order order, Error *err) {
        const char *identity = consumer->identity.key;
        Remembered *remembered = memory_change(reconciler->memory, identity);
        const char *ids[CONSUMER_CONTAINERS_MAX];

        if (remembered == NULL)
                return error_set(err, -ENOMEM, "out of memory");
        for (size_t i = 0; i < consumer->n_tracked; i++)
                ids[i] = consumer->tracked[i].id;
        bool before = remembered->unlinked;
        remembered->unlinked = order == ORDER_UNLINK;
        remembered_begin_anew(remembered);
        int r = remembered_consent(remembered, ids, consumer->n_tracked);
        if (r < 0)
                (void) error_set(err, r, "out of memory");
        else
                r = memory_save(reconciler->memory, identity, err);
        if (r < 0 && (remembered = memory_change(reconciler->memory, identity)) != NULL)
                remembered->unlinked = before;
        return r;
}

bool order_has_link_of_ours(const Reconciler *reconciler, const Consumer *consumer) {
        for (size_t i = 0; i < consumer->n_tracked; i++) {
                json_t *kept = kept_find(
                        reconciler->kept, consumer->identity.key, consumer->tracked[i].id
                );
                const char *what = json_string_value(json_object_get(kept, "what"));
                bool found = what != NULL && strcmp(what, "link") == 0;

                json_decref(kept);
                if (found)
                        return true;
        }
        return false;
}

static bool is_linked(const Consumer *consumer) {
        return consumer->state == LINK_LINKED || consumer->state == LINK_ONE_STEP_LEFT;
}

Rung order_rung(const Reconciler *reconciler, const Consumer *consumer) {
        bool linked = is_linked(consumer);
        bool ours = linked && order_has_link_of_ours(reconciler, consumer);

        return rung_find(linked, ours, consumer->intent != NULL, consumer->carrier);
}

static json_t *say(const Consumer *consumer, const char *said, const char *next) {
        return json_pack(
                "{s:s, s:s, s:s, s:s}", "name", consumer->identity.human, "identity",
                consumer->identity.key, "said", said, "next", next
        );
}

/* While paused nothing of it is begun, and that comes first. */
static const char *next_of(const Reconciler *reconciler, const char *next) {
        return pause_get(reconciler->pause)->kind == PAUSE_NONE
                       ? next
                       : "coollama resume: while paused nothing is begun";
}

static json_t *answer_unlink(const Reconciler *reconciler, const Consumer *consumer) {
        if (order_has_link_of_ours(reconciler, consumer) || consumer->record != NULL)
                return say(
                        consumer,
                        "what the link put into it is taken out, and what stood there before is put "
                        "back; it is not linked again",
                        next_of(reconciler, "coollama explain says when that is done")
                );
        if (is_linked(consumer))
                return say(
                        consumer,
                        "it is not linked again, but it is left as it is: nothing is kept of what a "
                        "link replaced in it, so what it holds was put there by hand",
                        "to take that out, change it where it was written and deploy it again"
                );
        return say(
                consumer, "it was not linked, and will not be", "coollama relink links it again"
        );
}

static void obey(Reconciler *reconciler, Consumer *consumer, Order order) {
        log_event(
                LOG_INFO, NULL, FIELDS({ "CONSUMER", consumer->identity.key }),
                "%s: %s, says its operator", consumer->identity.human, order_names[order]
        );
        free(consumer->failure);
        consumer->failure = NULL;
        /* An open swap keeps its pace: it is undone or finished first. */
        if (consumer->record == NULL) {
                consumer->retry_usec = 0;
                backoff_reset(&consumer->backoff);
        }
        queue_add(reconciler, consumer);
}

/* Trust flags of what its labels ask for, of its own or of whoever speaks for its stack. */
static unsigned asked_by(const Reconciler *reconciler, const Candidate *candidate) {
        const OptInSources sources = world_sources(reconciler->world, &candidate->identity);
        const char *role = json_string_value(json_object_get(candidate->labels, "coollama.role"));
        cleanup(wish_freep) Wish *wish = NULL;
        unsigned asked = 0;

        if (opt_in_wish(candidate->labels, candidate->image, &sources, reconciler->profiles, &wish)
                    >= 0
            && wish->has_access
            && access_is_more(wish->access, reconciler->setup.config->proxy.access))
                asked |= TRUST_ACCESS;
        if (role != NULL && strcmp(role, role_to_string(ROLE_PROVIDER)) == 0)
                asked |= TRUST_PROVIDER;
        return asked;
}

static const char *trust_text(unsigned trust) {
        if (trust == (TRUST_ACCESS | TRUST_PROVIDER))
                return "what coollama.access asks for, and to be the provider";
        if (trust == TRUST_ACCESS)
                return "what coollama.access asks for";
        return trust == TRUST_PROVIDER ? "to be the provider" : NULL;
}

/* The role counts where the choice is still open; what was chosen stays, whoever is trusted. */
static char *next_of_trust(unsigned trust, const char *human) {
        return text_format(
                "%s%s%scoollama trust %s --revoke takes it back",
                (trust & TRUST_PROVIDER) != 0
                        ? "where another Ollama is shared already it stays so until coollama provider use "
                        : "",
                (trust & TRUST_PROVIDER) != 0 ? human : "",
                (trust & TRUST_PROVIDER) != 0 ? "; " : "", human
        );
}

static int write_trust(Reconciler *reconciler, const char *identity, unsigned trusted, Error *err) {
        Remembered *remembered = memory_change(reconciler->memory, identity);
        if (remembered == NULL)
                return error_set(err, -ENOMEM, "out of memory");

        unsigned before = remembered->trusted;
        remembered->trusted = trusted;
        int r = memory_save(reconciler->memory, identity, err);
        if (r < 0 && (remembered = memory_change(reconciler->memory, identity)) != NULL)
                remembered->trusted = before;
        return r;
}

int order_trust(
        Reconciler *reconciler, const Candidate *candidate, bool revoke, json_t **ret, Error *err
) {
        const char *identity = candidate->identity.key, *human = candidate->identity.human;
        const Remembered *remembered = memory_get(reconciler->memory, identity);
        unsigned before = remembered ? remembered->trusted : 0;
        unsigned asked = asked_by(reconciler, candidate);
        unsigned changed = revoke ? before : asked;
        Consumer *consumer = world_find(reconciler->world, identity);

        if (changed == 0)
                return error_set(
                        err, -ENODATA,
                        revoke ? "%.200s was given nothing that could be taken back"
                               : "%.200s asks for nothing that takes your word: neither for more access "
                                 "than [proxy] gives, nor for the role of the provider",
                        human
                );
        int r = write_trust(reconciler, identity, revoke ? 0 : before | asked, err);
        if (r < 0)
                return r;
        /* It may be the one that the choice of the provider waits for. */
        if ((changed & TRUST_PROVIDER) != 0 && reconciler->standing)
                provider_look(reconciler->provider);
        cleanup(freep) char *said = text_format(
                "%s is %s", trust_text(changed), revoke ? "taken back from it" : "given to it"
        );
        cleanup(freep) char *next = revoke ? NULL : next_of_trust(changed, human);
        *ret = json_pack(
                "{s:s, s:s, s:s, s:s}", "name", human, "identity", identity, "said",
                said ? said : "", "next", next ? next : ""
        );
        log_event(
                LOG_INFO, NULL, FIELDS({ "CONSUMER", identity }), "%s: %s, says its operator",
                human, said ? said : ""
        );
        if (consumer != NULL)
                queue_add(reconciler, consumer);
        provider_look(reconciler->provider);
        return 0;
}

static int may_be_linked(const Reconciler *reconciler, const Candidate *candidate, Error *err) {
        const char *provider = provider_facts(reconciler->provider)->own_identity;

        if (provider != NULL && strcmp(provider, candidate->identity.key) == 0)
                return error_set(
                        err, -EPERM, "%.200s is the shared Ollama itself: it needs no link",
                        candidate->identity.human
                );
        return opt_in_refusal(candidate->labels, candidate->name, err);
}

json_t *order_describe(const Reconciler *reconciler, const Candidate *candidate) {
        const char *asks_for = trust_text(asked_by(reconciler, candidate));
        Error err = { 0 };
        bool refused = may_be_linked(reconciler, candidate, &err) < 0;

        return json_pack(
                "{s:s, s:s, s:s, s:s, s:b, s:o, s:o}", "name", candidate->identity.human,
                "identity", candidate->identity.key, "container",
                candidate->id ? candidate->name : "", "image",
                candidate->image ? candidate->image : "", "database",
                database_is(candidate->labels, candidate->image), "refused",
                refused ? json_string(error_text(&err)) : json_null(), "asks_for",
                asks_for ? json_string(asks_for) : json_null()
        );
}

/* Undone when it cannot be written down. */
static int write_order(Reconciler *reconciler, Consumer *consumer, Error *err) {
        const char *identity = consumer->identity.key;
        Remembered *remembered = memory_change(reconciler->memory, identity);
        bool before = remembered != NULL && remembered->unlinked;

        int r = world_order(reconciler->world, consumer, true);
        if (r == -ENOSPC)
                return error_set(
                        err, r,
                        "%d are linked by order already: end some of these with coollama unlink, or "
                        "use labels",
                        WORLD_ORDERS_MAX
                );
        r = remembered ? remembered_order(remembered, consumer->identity.human) : -ENOMEM;
        if (r < 0)
                (void) error_set(err, r, "out of memory");
        else
                r = memory_save(reconciler->memory, identity, err);
        if (r >= 0)
                return 0;
        (void) world_order(reconciler->world, consumer, false);
        remembered = memory_change(reconciler->memory, identity);
        if (remembered != NULL) {
                remembered_end_order(remembered);
                remembered->unlinked = before;
        }
        return r;
}

/* It has opted in by a label, its own or its stack's: what may be in the way is that it was
 * unlinked. */
static int link_again(Reconciler *reconciler, Consumer *consumer, json_t **ret, Error *err) {
        const Remembered *remembered = memory_get(reconciler->memory, consumer->identity.key);

        if (remembered == NULL || !remembered->unlinked) {
                *ret =
                        say(consumer,
                            consumer->opt_in == OPT_IN_ORDER
                                    ? "it is linked by your order already"
                                    : "it has opted in by its label already",
                            "coollama status says how it stands");
                return 0;
        }
        return order_give(reconciler, consumer, ORDER_RELINK, ret, err);
}

int order_link(Reconciler *reconciler, const Candidate *candidate, json_t **ret, Error *err) {
        const Identity *identity = &candidate->identity;
        const OptInSources sources = world_sources(reconciler->world, identity);
        Consumer *consumer = world_find(reconciler->world, identity->key);

        int r = may_be_linked(reconciler, candidate, err);
        if (r < 0)
                return r;
        bool is_in = opt_in_of(candidate->labels, candidate->image, &sources) != OPT_IN_NOT;
        if (is_in && consumer != NULL)
                return link_again(reconciler, consumer, ret, err);

        r = world_ensure(reconciler->world, identity, &consumer);
        if (r < 0)
                return error_set(err, r, "there are too many consumers");
        r = write_order(reconciler, consumer, err);
        if (r < 0) {
                (void) world_drop_if_empty(reconciler->world, consumer);
                return r;
        }
        *ret = say(
                consumer,
                "it is linked as soon as nothing is in the way, and so is whatever takes its place",
                next_of(reconciler, "coollama status says what it waits for")
        );
        log_event(
                LOG_INFO, NULL, FIELDS({ "CONSUMER", identity->key }),
                "%s: link, says its operator", identity->human
        );
        listing_add(reconciler->listing, identity->project, identity->member);
        queue_add(reconciler, consumer);
        return 0;
}

int order_give(Reconciler *reconciler, Consumer *consumer, Order order, json_t **ret, Error *err) {
        if (order == ORDER_RELINK && is_linked(consumer)) {
                *ret = say(consumer, "it is linked: there is nothing to do", "");
                return 0;
        }

        int r = write_down(reconciler, consumer, order, err);
        if (r < 0)
                return r;
        *ret = order == ORDER_UNLINK
                       ? answer_unlink(reconciler, consumer)
                       : say(consumer, "it is linked as soon as nothing is in the way",
                             next_of(reconciler, "coollama status says what it waits for"));
        obey(reconciler, consumer, order);
        return 0;
}
