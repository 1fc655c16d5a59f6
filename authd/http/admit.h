/* Who asks, and whether he may: everything that is decided before a body is looked at.
 *
 * Threats: a stranger who makes us parse, hash or store; a name that is not ours (DNS rebinding); a
 * page of another site that uses a signed-in user's cookie; a proxy or a browser that would get a
 * local administrator's rights. */
#ifndef HTTP_ADMIT_H
#define HTTP_ADMIT_H

#include <stdbool.h>

struct exchange;

/* After the headers were seen and a route was looked for. It may refuse the exchange at once, or
 * leave it paused until the database has said who asks. */
void admit_begin(struct exchange *exchange);

/* The body is wanted, as far as the route bounds it. */
bool admit_wants_body(const struct exchange *exchange);
/* Octets that are read of it at most. */
unsigned long admit_body_max(const struct exchange *exchange);

/* After the body's end. False: refused. */
bool admit_end(struct exchange *exchange);

/* Refuses by a verdict of http/rights about the route. */
void admit_refuse(struct exchange *exchange, unsigned verdict, const char *field);

#endif
