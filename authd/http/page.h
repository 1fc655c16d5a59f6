/* Pages for people, compiled in: PAGE.html beside this file, one file with its style and script.
 * http/embed_page.py makes the C text.
 *
 * Threat: a page that runs what somebody else has put into it. No page is made at run time, and the
 * policy lets a browser run only the script that was compiled in. */
#ifndef HTTP_PAGE_H
#define HTTP_PAGE_H

struct page {
    const char *text;   /* HTML in UTF-8 */
    const char *policy; /* value of Content-Security-Policy */
};

extern const struct page page_reset;

#endif
