/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/recall.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/log-ids.h"
#include "base/log.h"

bool recall_unlinks(const Reconciler *reconciler, const Consumer *consumer) {
        const Remembered *remembered = memory_get(reconciler->memory, consumer->identity.key);

        return pause_get(reconciler->pause)->kind == PAUSE_UNLINK_DOWN
               || (remembered != NULL && remembered->unlinked);
}

static int recall_order(const Remembered *remembered, void *data) {
        Reconciler *reconciler = data;
        Consumer *consumer = NULL;
        Identity identity;

        if (!remembered->ordered)
                return 0;
        int r = identity_from_key(remembered->identity, remembered->human, &identity);
        if (r >= 0)
                r = world_ensure(reconciler->world, &identity, &consumer);
        if (r >= 0)
                r = world_order(reconciler->world, consumer, true);
        if (r < 0 && r != -ENOMEM) {
                log_event(
                        LOG_WARNING, MSG_RECORD_BROKEN, NO_FIELDS,
                        "The order to link %s cannot be obeyed any more: %s; give it again",
                        remembered->identity, strerrordesc_np(-r)
                );
                r = 0;
        }
        return r;
}

int recall_orders(Reconciler *reconciler, Error *err) {
        int r = memory_visit(reconciler->memory, recall_order, reconciler);

        return r < 0 ? error_set(err, r, "out of memory") : 0;
}

/* Only for one that is to lose its link a file is read. */
void recall(
        const Reconciler *reconciler,
        const Consumer *consumer,
        SeenContainer *seen,
        size_t n,
        json_t **ret_kept
) {
        const char *identity = consumer->identity.key;
        const Remembered *remembered = memory_get(reconciler->memory, identity);

        for (size_t i = 0; i < n; i++) {
                seen[i].consented = remembered != NULL
                                    && remembered_consents(remembered, seen[i].container->id);
                if (recall_unlinks(reconciler, consumer))
                        ret_kept[i] =
                                kept_read(reconciler->kept, identity, seen[i].container->number);
                seen[i].kept = ret_kept[i];
        }
}

/* Is the container that was tried gone, or is there a newer one in its place? Another replica says
 * nothing of it. */
static bool was_deployed_again(const SeenContainer *seen, size_t n, const char *tried_id) {
        const Container *tried = NULL;

        for (size_t i = 0; i < n; i++)
                if (strcmp(seen[i].container->id, tried_id) == 0)
                        tried = seen[i].container;
        if (tried == NULL)
                return true;
        for (size_t i = 0; i < n; i++)
                if (strcmp(seen[i].container->number, tried->number) == 0
                    && container_compare_created(seen[i].container->created, tried->created) > 0)
                        return true;
        return false;
}

void recall_forget(
        Reconciler *reconciler, const Consumer *consumer, const SeenContainer *seen, size_t n
) {
        const char *identity = consumer->identity.key;
        const char *ids[LOOK_CONTAINERS_MAX];
        Error err = { 0 };

        if (memory_get(reconciler->memory, identity) == NULL)
                return;
        for (size_t i = 0; i < n; i++)
                ids[i] = seen[i].container->id;

        Remembered *remembered = memory_change(reconciler->memory, identity);
        bool changed = remembered_keep_consents(remembered, ids, n);
        if (remembered->attempts_of != NULL
            && was_deployed_again(seen, n, remembered->attempts_of)) {
                remembered_begin_anew(remembered);
                changed = true;
        }
        if (changed && memory_save(reconciler->memory, identity, &err) < 0)
                log_debug("%s: %s", consumer->identity.human, error_text(&err));
}

void recall_end_order(Reconciler *reconciler, Consumer *consumer) {
        const char *identity = consumer->identity.key;
        Error err = { 0 };

        const Remembered *before = memory_get(reconciler->memory, identity);
        if (!consumer->ordered || before == NULL || !before->unlinked)
                return; /* coollama down takes every link away, and ends no order */
        Remembered *remembered = memory_change(reconciler->memory, identity);
        /* Whoever else opted in for it would have it linked again. */
        remembered->unlinked = consumer->opt_in == OPT_IN_LABEL || consumer->opt_in == OPT_IN_STACK;
        remembered_end_order(remembered);
        if (memory_save(reconciler->memory, identity, &err) < 0)
                log_debug("%s: %s", consumer->identity.human, error_text(&err));
        (void) world_order(reconciler->world, consumer, false);
        consumer->dirty = true;
}

int recall_note(
        Reconciler *reconciler, const Consumer *consumer, const Action *action, Error *err
) {
        const char *identity = consumer->identity.key;

        if (action->kind == ACTION_KEEP)
                return kept_write(reconciler->kept, action->u.record, err);

        Remembered *remembered = memory_change(reconciler->memory, identity);
        uint64_t now = clock_realtime_usec() / USEC_PER_SEC;
        int r = remembered ? remembered_count(remembered, action->u.record, now) : -ENOMEM;
        return r < 0 ? error_set(err, r, "cannot remember the attempt: %s", strerrordesc_np(-r))
                     : memory_save(reconciler->memory, identity, err);
}
