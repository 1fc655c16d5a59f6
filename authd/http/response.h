/* The headers of every answer, and its way into libmicrohttpd.
 *
 * Threat: an answer that a browser shows as a page, keeps, or gives to another site: so each one,
 * refusals too, says what it is, that it is nobody else's, and that nothing in it may run. */
#ifndef HTTP_RESPONSE_H
#define HTTP_RESPONSE_H

#include <microhttpd.h>

struct exchange;

/* Queues the answer that the exchange has. */
enum MHD_Result response_send(struct exchange *exchange);

/* Wipes a text and frees it. */
void response_wipe(void *text);

#endif
