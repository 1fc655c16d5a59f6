/* Canonical logins, addresses and domains; the threats are in name.h.
 *
 * The order matters: first the checks for any octets (length, UTF-8, controls), then the split at
 * the last @, then each part by its own standard. The result of a mapping is checked again, and
 * refused unless a second mapping changes nothing.
 *
 * Most names are ASCII and need no Unicode tables. */
#include "core/name.h"

#include <stdlib.h>

#include <idn2.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

#define LOCAL_MAX  64
#define DOMAIN_MAX 253
#define LABEL_MAX  63

/* UTS #46 without the transitional mappings. IDN2_USE_STD3_ASCII_RULES is not set, because it drops
 * characters that are not LDH: U+FF03, which maps to #, would vanish. Such a character must remain
 * after the mapping, and is then refused. */
#define IDNA_FLAGS (IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT)

/* Room for a mapped local part: NFKC makes at most eleven times the octets. */
struct text {
    size_t len;
    uint8_t octets[NAME_MAX_LENGTH * 11];
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char to_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool is_ascii(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.ptr[i] >= 0x80) {
            return false;
        }
    }
    return true;
}

/* Refuses characters that no part of any name may have. */
static enum name_error check_characters(struct span in)
{
    const uint8_t *text = (const uint8_t *)in.ptr;
    if (in.len == 0) {
        return NAME_EMPTY;
    }
    if (in.len > NAME_MAX_LENGTH) {
        return NAME_TOO_LONG;
    }
    if (u8_check(text, in.len) != NULL) {
        return NAME_NOT_UTF8;
    }
    for (size_t at = 0; at < in.len;) {
        ucs4_t c;
        at += (size_t)u8_mbtouc(&c, text + at, in.len - at);
        if (c <= ' ' || c == 0x7F) {
            return NAME_CONTROL;
        }
        if (c >= 0x80 && uc_is_general_category_withtable(
                             c, UC_CATEGORY_MASK_Cc | UC_CATEGORY_MASK_Cf | UC_CATEGORY_MASK_Z)) {
            return NAME_CONTROL;
        }
    }
    return NAME_OK;
}

/* Local parts */

/* RFC 5321 atext without characters that have a special meaning: # tags an identity, % and ! are
 * old mail routes, * is the wildcard of address lists. */
static bool is_atext(char c)
{
    return is_alnum(c) || (c != '\0' && strchr("$&'+-/=?^_`{|}~", c) != NULL);
}

/* Letters, marks and digits of other scripts (the IdentifierClass of RFC 8264), without invisible
 * characters. */
static bool is_letter(ucs4_t c)
{
    const uint32_t allowed = UC_CATEGORY_MASK_Ll | UC_CATEGORY_MASK_Lu | UC_CATEGORY_MASK_Lo |
                             UC_CATEGORY_MASK_Lm | UC_CATEGORY_MASK_Mn | UC_CATEGORY_MASK_Mc |
                             UC_CATEGORY_MASK_Nd;
    return uc_is_general_category_withtable(c, allowed) &&
           !uc_is_property_default_ignorable_code_point(c);
}

static bool is_mark(ucs4_t c)
{
    return uc_is_general_category_withtable(c, UC_CATEGORY_MASK_M);
}

/* Checks a dot-atom that is already case-folded. */
static enum name_error check_local(const uint8_t *text, size_t len)
{
    bool atom_starts = true;
    for (size_t at = 0; at < len;) {
        ucs4_t c;
        at += (size_t)u8_mbtouc(&c, text + at, len - at);
        if (c == '.') {
            if (atom_starts) {
                return NAME_EMPTY;
            }
            atom_starts = true;
            continue;
        }
        if (c < 0x80 ? !is_atext((char)c) : !is_letter(c) || (atom_starts && is_mark(c))) {
            return NAME_RESERVED;
        }
        atom_starts = false;
    }
    if (atom_starts) {
        return NAME_EMPTY;
    }
    return len > LOCAL_MAX ? NAME_TOO_LONG : NAME_OK;
}

/* False: the result does not fit, so the text is no local part. */
static bool text_normalize(uninorm_t form, const struct text *in, struct text *out)
{
    out->len = sizeof(out->octets);
    uint8_t *result = u8_normalize(form, in->octets, in->len, out->octets, &out->len);
    if (result != out->octets) {
        free(result);
        return false;
    }
    return true;
}

static bool text_fold(const struct text *in, struct text *out)
{
    out->len = sizeof(out->octets);
    uint8_t *result = u8_casefold(in->octets, in->len, NULL, UNINORM_NFC, out->octets, &out->len);
    if (result != out->octets) {
        free(result);
        return false;
    }
    return true;
}

static bool text_equal(const struct text *a, const struct text *b)
{
    return span_equal((struct span){(const char *)a->octets, a->len},
                      (struct span){(const char *)b->octets, b->len});
}

/* Writes the NFC form. False: NFKC would change the text, because the text has fullwidth or other
 * compatibility forms of another name's characters. */
static bool text_compose(const struct text *in, struct text *out)
{
    struct text compatible;
    return text_normalize(UNINORM_NFC, in, out) && text_normalize(UNINORM_NFKC, out, &compatible) &&
           text_equal(out, &compatible);
}

static enum name_error map_local_unicode(struct span in, char *out, size_t *len)
{
    struct text given = {.len = in.len};
    struct text composed;
    struct text folded;
    struct text again;

    memcpy(given.octets, in.ptr, in.len);
    if (!text_compose(&given, &composed) || !text_fold(&composed, &folded) ||
        !text_fold(&folded, &again) || !text_equal(&folded, &again) ||
        !text_compose(&folded, &again) || !text_equal(&folded, &again)) {
        return NAME_RESERVED;
    }
    enum name_error error = check_local(folded.octets, folded.len);
    if (error == NAME_OK) {
        memcpy(out, folded.octets, folded.len);
        *len = folded.len;
    }
    return error;
}

static enum name_error map_local(struct span in, char *out, size_t *len)
{
    if (!is_ascii(in)) {
        return map_local_unicode(in, out, len);
    }
    enum name_error error = check_local((const uint8_t *)in.ptr, in.len);
    if (error != NAME_OK) {
        return error;
    }
    for (size_t i = 0; i < in.len; i++) {
        out[i] = to_lower(in.ptr[i]);
    }
    *len = in.len;
    return NAME_OK;
}

/* Domains */

/* Are all labels LDH? The last label must not be all digits, because the domain would be an IPv4
 * address. */
static bool domain_is_ldh(struct span domain)
{
    size_t label = 0;
    bool digits_only = true;
    for (size_t i = 0; i < domain.len; i++) {
        char c = domain.ptr[i];
        if (c == '.') {
            if (label == 0 || domain.ptr[i - 1] == '-') {
                return false;
            }
            label = 0;
            digits_only = true;
            continue;
        }
        if (!is_alnum(c) && (c != '-' || label == 0)) {
            return false;
        }
        digits_only = digits_only && is_digit(c);
        if (++label > LABEL_MAX) {
            return false;
        }
    }
    return label > 0 && domain.ptr[domain.len - 1] != '-' && !digits_only;
}

static bool has_alabel(const char *domain)
{
    return strncmp(domain, "xn--", 4) == 0 || strstr(domain, ".xn--") != NULL;
}

/* The length without one dot at the end, which stands for the DNS root. */
static size_t without_root(const char *domain, size_t len)
{
    return len > 0 && domain[len - 1] == '.' ? len - 1 : len;
}

/* Maps a domain by UTS #46 to A-labels. `out` has room for DOMAIN_MAX octets and a NUL. */
static bool idna_encode(const char *in, char *out)
{
    uint8_t *mapped = NULL;
    if (idn2_lookup_u8((const uint8_t *)in, &mapped, IDNA_FLAGS) != IDN2_OK) {
        return false;
    }
    size_t len = without_root((const char *)mapped, strlen((const char *)mapped));
    bool fits = len <= DOMAIN_MAX;
    if (fits) {
        memcpy(out, mapped, len);
        out[len] = '\0';
    }
    idn2_free(mapped);
    return fits;
}

/* Do the A-labels, decoded and encoded again, yield the same A-labels? Otherwise they are a second
 * spelling. */
static bool idna_is_canonical(const char *domain)
{
    char *unicode = NULL;
    char again[DOMAIN_MAX + 1];
    if (idn2_to_unicode_8z8z(domain, &unicode, IDNA_FLAGS) != IDN2_OK) {
        return false;
    }
    bool same = idna_encode(unicode, again) && strcmp(again, domain) == 0;
    idn2_free(unicode);
    return same && idna_encode(domain, again) && strcmp(again, domain) == 0;
}

static enum name_error map_domain(struct span in, char *out)
{
    char mapped[DOMAIN_MAX + 1];
    char text[NAME_MAX_LENGTH + 1];
    size_t len = in.len;

    if (len > NAME_MAX_LENGTH) {
        return NAME_BAD_DOMAIN;
    }
    for (size_t i = 0; i < in.len; i++) {
        unsigned char c = (unsigned char)in.ptr[i];
        if (c < 0x80 && !is_alnum((char)c) && c != '-' && c != '.') {
            return NAME_BAD_DOMAIN;
        }
        text[i] = to_lower(in.ptr[i]);
    }
    text[len] = '\0';

    if (!is_ascii(in) || has_alabel(text)) {
        if (!idna_encode(text, mapped) || !idna_is_canonical(mapped)) {
            return NAME_BAD_DOMAIN;
        }
        strcpy(text, mapped);
        len = strlen(text);
    } else {
        len = without_root(text, len);
    }
    if (len > DOMAIN_MAX || !domain_is_ldh((struct span){text, len})) {
        return NAME_BAD_DOMAIN;
    }
    memcpy(out, text, len);
    out[len] = '\0';
    return NAME_OK;
}

/* Whole names */

static enum name_error map_name(struct span in, const char *at, const char *default_domain,
                                char *out)
{
    size_t local_len = at != NULL ? (size_t)(at - in.ptr) : in.len;
    struct span domain;
    if (at != NULL) {
        domain = (struct span){at + 1, in.len - local_len - 1};
    } else if (default_domain != NULL) {
        domain = span_of(default_domain);
    } else {
        return NAME_NO_DOMAIN;
    }

    char local[NAME_MAX_LENGTH];
    size_t len = 0;
    enum name_error error = map_local((struct span){in.ptr, local_len}, local, &len);
    if (error != NAME_OK) {
        return error;
    }
    char mapped[NAME_MAX_LENGTH + 1];
    error = map_domain(domain, mapped);
    if (error != NAME_OK) {
        return error;
    }
    memcpy(out, local, len);
    out[len] = '@';
    strcpy(out + len + 1, mapped);
    return NAME_OK;
}

static const char *last_at(struct span in)
{
    return memrchr(in.ptr, '@', in.len);
}

enum name_error name_login(struct span in, const char *default_domain,
                           char out[static NAME_MAX_LENGTH + 1])
{
    enum name_error error = check_characters(in);
    return error != NAME_OK ? error : map_name(in, last_at(in), default_domain, out);
}

enum name_error name_address(struct span in, char out[static NAME_MAX_LENGTH + 1])
{
    enum name_error error = check_characters(in);
    if (error != NAME_OK) {
        return error;
    }
    if (in.len < 2 || in.ptr[0] != '*' || in.ptr[1] != '@') {
        return map_name(in, last_at(in), NULL, out);
    }
    char domain[NAME_MAX_LENGTH + 1];
    error = map_domain((struct span){in.ptr + 2, in.len - 2}, domain);
    if (error == NAME_OK) {
        strcpy(out, "*@");
        strcpy(out + 2, domain);
    }
    return error;
}

enum name_error name_domain(struct span in, char out[static NAME_MAX_LENGTH + 1])
{
    enum name_error error = check_characters(in);
    return error != NAME_OK ? error : map_domain(in, out);
}

const char *name_error_text(enum name_error error)
{
    switch (error) {
    case NAME_OK:
        return "is valid";
    case NAME_EMPTY:
        return "is empty, or has nothing before the @ or between two dots";
    case NAME_TOO_LONG:
        return "is too long: 64 octets before the @, 320 in all";
    case NAME_NOT_UTF8:
        return "is not valid UTF-8";
    case NAME_CONTROL:
        return "has a control character or a blank";
    case NAME_RESERVED:
        return "has a forbidden character, or one that maps to a forbidden one";
    case NAME_NO_DOMAIN:
        return "has no @ and a domain after it";
    case NAME_BAD_DOMAIN:
        return "has a domain that is no host name";
    }
    return "is not valid";
}
