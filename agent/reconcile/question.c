/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Question: what an operator asks or says about one container by name: explain, unlink, relink of a
 * consumer; link of whatever there is.
 *
 *   find by name > (explain: look at its containers, and at what only the newest holds) > answer
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/explain.h"
#include "model/kept.h"
#include "reconcile/candidate.h"
#include "reconcile/core.h"
#include "reconcile/find.h"
#include "reconcile/look-files.h"
#include "reconcile/order.h"

#define QUESTIONS_MAX 16

typedef enum QuestionKind {
        QUESTION_EXPLAIN,
        QUESTION_UNLINK,
        QUESTION_RELINK,
        QUESTION_CANDIDATE, /* from here on: about whatever there is */
        QUESTION_LINK,
        QUESTION_TRUST,
        QUESTION_REVOKE,
} QuestionKind;

typedef struct Question {
        struct Question *next;
        Reconciler *reconciler;
        QuestionKind kind;
        bool for_root;
        VerifyDone *done;
        void *data;
        Find *find;
        CandidateSearch *search;
        Look *look;
        char *identity;
        bool closer; /* the look is at what only one container holds */
} Question;

static void question_free(Question *question) {
        Question **p = &question->reconciler->questions;

        while (*p != NULL && *p != question)
                p = &(*p)->next;
        if (*p == question)
                *p = question->next;
        find_cancel(&question->find);
        candidate_cancel(&question->search);
        (void) look_free(question->look);
        free(question->identity);
        free(question);
}

void question_cancel_all(Reconciler *reconciler) {
        while (reconciler->questions != NULL)
                question_free(reconciler->questions);
}

static void answer(Question *question, unsigned status, json_t *document) {
        VerifyDone *done = question->done;
        void *data = question->data;

        question_free(question);
        done(document ? status : 500, document, data);
        json_decref(document);
}

static void answer_error(Question *question, unsigned status, const char *text) {
        answer(question, status, json_pack("{s:s%}", "error", text, strlen(text)));
}

/* ---- Explain ---- */

typedef struct Explaining {
        ExplainContainer containers[LOOK_CONTAINERS_MAX];
        json_t *kept[LOOK_CONTAINERS_MAX];
        char *paths[LOOK_CONTAINERS_MAX][2];
        size_t n;
} Explaining;

static void explaining_free(Explaining *explaining) {
        for (size_t i = 0; i < explaining->n; i++) {
                json_decref(explaining->kept[i]);
                free(explaining->paths[i][0]);
                free(explaining->paths[i][1]);
        }
        free(explaining);
}

/* Which one of an open swap it is. Ours is known by its name until its id was written down. */
static const char *part_of(const SwapRecord *record, const Container *container) {
        if (record == NULL)
                return NULL;
        if (strcmp(container->id, record->old_id) == 0)
                return "old";
        bool is_new = record->new_id[0] != '\0' ? strcmp(container->id, record->new_id) == 0
                                                : strcmp(container->name, record->name) == 0;
        return is_new ? "new" : NULL;
}

static void
add_container(const Question *question, const Container *container, Explaining *explaining) {
        KeptStore *store = question->reconciler->kept;
        const Consumer *consumer = world_find(question->reconciler->world, question->identity);
        size_t n = explaining->n++;
        const char *number = container->number;

        explaining->kept[n] = kept_find(store, question->identity, container->id);
        explaining->paths[n][0] = kept_document_path(store, question->identity, number);
        explaining->paths[n][1] = kept_create_path(store, question->identity, number);
        bool whole = explaining->paths[n][0] != NULL && explaining->paths[n][1] != NULL;
        explaining->containers[n] = (ExplainContainer){
                .container = container,
                .kept = whole ? explaining->kept[n] : NULL,
                .part = part_of(consumer ? consumer->record : NULL, container),
                .document_path = explaining->paths[n][0],
                .create_path = explaining->paths[n][1],
        };
}

/* The newest first. */
static int compare_age(const void *a, const void *b) {
        const ExplainContainer *left = a, *right = b;

        return -container_compare_created(left->container->created, right->container->created);
}

static const Container *newest_of(const Look *look) {
        const Container *newest = NULL;
        size_t n = 0;
        const LookContainer *looked = look_containers(look, &n);

        for (size_t i = 0; i < n; i++)
                if (looked[i].container != NULL
                    && (newest == NULL || container_is_newer(looked[i].container, newest)))
                        newest = looked[i].container;
        return newest;
}

/* What counts: of the label, or of the image; a copy. */
static char *
profile_of(const Reconciler *reconciler, const Consumer *consumer, const Container *container) {
        cleanup(wish_freep) Wish *wish = NULL;
        const OptInSources sources = world_sources(reconciler->world, &consumer->identity);
        Text text = TEXT_INIT(4096);

        if (container == NULL
            || opt_in_wish(
                       container->labels, container->image, &sources, reconciler->profiles, &wish
               ) < 0
            || wish_has_problem(wish))
                return NULL;
        for (size_t i = 0; i < wish->n_profiles; i++)
                (void) text_addf(&text, "%s%s", i > 0 ? "+" : "", wish->profiles[i]);
        if (wish->n_profiles == 0) {
                const Profile *profile =
                        profile_set_for_image(reconciler->profiles, container->image);
                (void) text_add(&text, profile ? profile->name : "");
        }
        return text_take(&text);
}

static json_t *
explain(const Question *question, const Consumer *consumer, const Explaining *explaining) {
        const Reconciler *reconciler = question->reconciler;
        const Look *look = question->look;
        const SwapRecord *record = consumer->record;
        cleanup(freep) char *profile = profile_of(reconciler, consumer, newest_of(look));
        cleanup(freep) char *swap_path = store_swap_path(reconciler->store, question->identity);
        const ExplainInput input = {
                .identity = &consumer->identity,
                .state = consumer->state,
                .reason = consumer->reason,
                .way = consumer->way,
                .way_why = consumer->way_why,
                .next = consumer->next,
                .note = consumer->note,
                .intent = consumer->intent,
                .rung = order_rung(reconciler, consumer),
                .profile = profile,
                .remembered = memory_get(reconciler->memory, question->identity),
                .containers = explaining->containers,
                .n_containers = explaining->n,
                .files_known = look_changes_known(look),
                .files = look_files_precious(look_files(look)),
                .swap_phase = record ? swap_phase_to_string(record->phase) : NULL,
                .swap_path = swap_path,
                .socket = reconciler->setup.config->docker.socket,
                .for_root = question->for_root,
        };
        return explain_document(&input);
}

static void answer_explain(Question *question) {
        const Consumer *consumer = world_find(question->reconciler->world, question->identity);
        Explaining *explaining = calloc(1, sizeof *explaining);
        size_t n = 0;
        const LookContainer *looked = look_containers(question->look, &n);

        if (consumer == NULL || explaining == NULL) {
                free(explaining);
                answer_error(question, 404, "its container is gone");
                return;
        }
        for (size_t i = 0; i < n; i++)
                if (looked[i].container != NULL)
                        add_container(question, looked[i].container, explaining);
        qsort(explaining->containers, explaining->n, sizeof explaining->containers[0], compare_age);
        json_t *document = explain(question, consumer, explaining);
        explaining_free(explaining);
        answer(question, 200, document);
}

/* Whatever cannot be read of its files is said as not known. */
static void on_looked(int result, const Error *error, void *data) {
        Question *question = data;
        const Container *newest = result >= 0 ? newest_of(question->look) : NULL;

        if (result < 0 && !question->closer) {
                answer_error(question, 503, error ? error_text(error) : strerrordesc_np(-result));
                return;
        }
        if (!question->closer && newest != NULL && container_is_up(newest)) {
                question->closer = true;
                if (look_closer(question->look, NEED_CHANGES, newest) >= 0)
                        return;
        }
        answer_explain(question);
}

static void look_at(Question *question, const Consumer *consumer) {
        question->identity = strdup(consumer->identity.key);

        int r = question->identity ? look_new(
                        question->reconciler->engine, &question->reconciler->loners, on_looked,
                        question, &question->look
                )
                                   : -ENOMEM;
        for (size_t i = 0; r >= 0 && i < consumer->n_tracked; i++)
                r = look_add_container(question->look, consumer->tracked[i].id, false);
        if (r >= 0)
                r = look_start(question->look);
        if (r < 0)
                answer_error(question, 500, strerrordesc_np(-r));
}

/* ---- All ---- */

static void give_order(Question *question, Consumer *consumer) {
        Order order = question->kind == QUESTION_UNLINK ? ORDER_UNLINK : ORDER_RELINK;
        json_t *document = NULL;
        Error err = { 0 };

        if (order_give(question->reconciler, consumer, order, &document, &err) < 0)
                answer_error(question, 500, error_text(&err));
        else
                answer(question, 200, document);
}

static void on_found(Consumer *consumer, unsigned status, const char *text, void *data) {
        Question *question = data;

        if (consumer == NULL)
                answer_error(question, status, text);
        else if (question->kind == QUESTION_EXPLAIN)
                look_at(question, consumer);
        else
                give_order(question, consumer);
}

static unsigned status_of(int r) {
        return r == -EPERM || r == -ENOSPC || r == -ENODATA ? 409 : 500;
}

static void
on_candidate(const Candidate *candidate, unsigned status, const char *text, void *data) {
        Question *question = data;
        json_t *document = NULL;
        Error err = { 0 };
        int r = 0;

        if (candidate == NULL) {
                answer_error(question, status, text);
                return;
        }
        if (question->kind == QUESTION_CANDIDATE)
                document = order_describe(question->reconciler, candidate);
        else if (question->kind == QUESTION_LINK)
                r = order_link(question->reconciler, candidate, &document, &err);
        else
                r = order_trust(
                        question->reconciler, candidate, question->kind == QUESTION_REVOKE,
                        &document, &err
                );
        if (r < 0)
                answer_error(question, status_of(r), error_text(&err));
        else
                answer(question, 200, document);
}

static void
ask(Reconciler *reconciler,
    QuestionKind kind,
    const char *name,
    bool for_root,
    VerifyDone *done,
    void *data) {
        Question *question = calloc(1, sizeof *question);
        unsigned under_way = 0;

        if (question == NULL) {
                done(500, NULL, data);
                return;
        }
        for (const Question *other = reconciler->questions; other != NULL; other = other->next)
                under_way++;
        *question = (Question){ .next = reconciler->questions,
                                .reconciler = reconciler,
                                .kind = kind,
                                .for_root = for_root,
                                .done = done,
                                .data = data };
        reconciler->questions = question;
        if (!reconciler->standing)
                answer_error(question, 503, "coollamad is waiting for the Docker Engine");
        else if (under_way >= QUESTIONS_MAX)
                answer_error(question, 429, "others are asking: ask again in a moment");
        else if (kind >= QUESTION_CANDIDATE)
                candidate_search(reconciler, name, on_candidate, question, &question->search);
        else
                find_start(reconciler, name, on_found, question, &question->find);
}

void reconciler_explain(
        Reconciler *reconciler, const char *name, bool for_root, VerifyDone *done, void *data
) {
        ask(reconciler, QUESTION_EXPLAIN, name, for_root, done, data);
}

void reconciler_unlink(Reconciler *reconciler, const char *name, VerifyDone *done, void *data) {
        ask(reconciler, QUESTION_UNLINK, name, false, done, data);
}

void reconciler_relink(Reconciler *reconciler, const char *name, VerifyDone *done, void *data) {
        ask(reconciler, QUESTION_RELINK, name, false, done, data);
}

void reconciler_candidate(Reconciler *reconciler, const char *name, VerifyDone *done, void *data) {
        ask(reconciler, QUESTION_CANDIDATE, name, false, done, data);
}

void reconciler_link(Reconciler *reconciler, const char *name, VerifyDone *done, void *data) {
        ask(reconciler, QUESTION_LINK, name, false, done, data);
}

void reconciler_trust(
        Reconciler *reconciler, const char *name, bool revoke, VerifyDone *done, void *data
) {
        ask(reconciler, revoke ? QUESTION_REVOKE : QUESTION_TRUST, name, false, done, data);
}
