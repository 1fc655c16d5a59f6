/* Seals anew what is sealed under a key that another one has replaced, so that it can be taken out
 * of the key files. Belongs to nobody's request, and holds up nobody: a few hundred rows at a time,
 * with pauses, on the slow lane; of the nodes on one database one works at a time.
 *
 * There is nothing to resume: whatever is left under an old key is found by the name of that key,
 * also after a kill. What cannot be opened stays, and is counted in the log. */
#ifndef CORE_RESEAL_H
#define CORE_RESEAL_H

struct core;
struct reseals;

struct reseals *reseals_create(struct core *core);
void reseals_destroy(struct reseals *reseals); /* NULL is fine; gives up what is under way */

/* This node's keys are those of the database. Begins, if there is an old key, and no run has ended
 * lately without finding anything. */
void reseal_consider(struct reseals *reseals);

#endif
