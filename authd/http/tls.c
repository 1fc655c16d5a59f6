#include "http/tls.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <fcntl.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "loop/loop.h"

#define FILE_SIZE_MAX    (256 * 1024)
#define CERTIFICATES_MAX 16
#define FINGERPRINT_SIZE 64
#define WATCH_INTERVAL_S 5

static const char priorities[] =
    "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-KX-ALL:+ECDHE-RSA:+ECDHE-ECDSA:"
    "-CIPHER-ALL:+AES-256-GCM:+CHACHA20-POLY1305:+AES-128-GCM:%SERVER_PRECEDENCE";

struct tls_pair {
    unsigned holders;
    gnutls_pcert_st certificates[CERTIFICATES_MAX];
    unsigned count;
    gnutls_privkey_t key;
    time_t expires;
};

/* Distinguishes the contents that a file had at different times. */
struct stamp {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed;
};

struct stamps {
    struct stamp certificate;
    struct stamp key;
};

struct tls_files {
    char *certificate;
    char *key;
    gnutls_certificate_credentials_t credentials; /* show the pair of the session */
    struct tls_pair *pair;
    struct stamps seen;   /* the files when they were last checked */
    struct stamps loaded; /* the files when they were last read, whether they were good or not */
    struct event timer;
};

/* ---- files --------------------------------------------------------------------------------- */

/* Only its owner may write a key. A group may read the key, which is the administrator's choice. */
static bool key_is_private(const char *path, const struct stat *status, struct err *err)
{
    if ((status->st_mode & (S_IRWXO | S_IWGRP)) == 0) {
        return true;
    }
    return err_set(err,
                   "%s: others may %s the key (mode %04o): chmod 640, and give it to a group "
                   "of authd's user",
                   path, (status->st_mode & S_IROTH) != 0 ? "read" : "change",
                   (unsigned)(status->st_mode & 07777));
}

static bool file_read_open(int fd, const char *path, struct buf *out, struct err *err)
{
    ssize_t got = 1;

    while (got > 0) {
        char *room = buf_reserve(out, 4096);

        if (room == NULL) {
            return err_set(err, "%s: longer than %d KiB; it is no PEM file", path,
                           FILE_SIZE_MAX / 1024);
        }
        got = read(fd, room, 4096);
        if (got > 0) {
            out->len += (size_t)got;
        }
    }
    return got == 0 || err_set(err, "%s: %s", path, strerror(errno));
}

static bool file_read(const char *path, bool secret, struct buf *out, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status;

    if (fd < 0) {
        return err_set(err, "%s: %s: authd reads it as its own user%s", path, strerror(errno),
                       errno == EACCES ? "; give it to a group of this user, mode 640" : "");
    }
    bool good = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);

    if (!good) {
        err_set(err, "%s: not a file", path);
    }
    good = good && (!secret || key_is_private(path, &status, err)) &&
           file_read_open(fd, path, out, err);
    close(fd);
    return good;
}

/* Zeroed when the file is not there. */
static struct stamp stamp_of(const char *path)
{
    struct stat status;

    if (stat(path, &status) != 0) {
        return (struct stamp){0};
    }
    return (struct stamp){status.st_dev, status.st_ino, status.st_size, status.st_ctim};
}

static bool stamp_equal(const struct stamp *a, const struct stamp *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

static bool stamps_equal(const struct stamps *a, const struct stamps *b)
{
    return stamp_equal(&a->certificate, &b->certificate) && stamp_equal(&a->key, &b->key);
}

static struct stamps stamps_of(const struct tls_files *files)
{
    return (struct stamps){stamp_of(files->certificate), stamp_of(files->key)};
}

/* ---- a pair -------------------------------------------------------------------------------- */

static gnutls_datum_t datum_of(const struct buf *buf)
{
    return (gnutls_datum_t){(unsigned char *)buf->data, (unsigned)buf->len};
}

static bool fingerprint_equal(gnutls_pubkey_t a, gnutls_pubkey_t b)
{
    unsigned char of_a[FINGERPRINT_SIZE], of_b[FINGERPRINT_SIZE];
    size_t len_a = sizeof(of_a), len_b = sizeof(of_b);

    return gnutls_pubkey_get_key_id(a, GNUTLS_KEYID_USE_SHA256, of_a, &len_a) == 0 &&
           gnutls_pubkey_get_key_id(b, GNUTLS_KEYID_USE_SHA256, of_b, &len_b) == 0 &&
           span_equal((struct span){(char *)of_a, len_a}, (struct span){(char *)of_b, len_b});
}

static bool pair_matches(const struct tls_pair *pair)
{
    gnutls_pubkey_t of_key;

    if (gnutls_pubkey_init(&of_key) != 0) {
        abort(); /* no memory */
    }
    bool matches = gnutls_pubkey_import_privkey(of_key, pair->key, 0, 0) == 0 &&
                   fingerprint_equal(of_key, pair->certificates[0].pubkey);

    gnutls_pubkey_deinit(of_key);
    return matches;
}

static bool pair_read_dates(struct tls_pair *pair)
{
    gnutls_x509_crt_t certificate;

    if (gnutls_pcert_export_x509(&pair->certificates[0], &certificate) != 0) {
        return false;
    }
    pair->expires = gnutls_x509_crt_get_expiration_time(certificate);
    gnutls_x509_crt_deinit(certificate);
    return pair->expires != (time_t)-1;
}

static bool pair_import(struct tls_pair *pair, const struct tls_files *files,
                        const gnutls_datum_t *certificate, const gnutls_datum_t *key,
                        struct err *err)
{
    unsigned count = CERTIFICATES_MAX;
    int error = gnutls_pcert_list_import_x509_raw(pair->certificates, &count, certificate,
                                                  GNUTLS_X509_FMT_PEM, GNUTLS_X509_CRT_LIST_SORT);

    if (error != 0) {
        return err_set(err, "%s: no certificate with its chain in PEM: %s", files->certificate,
                       gnutls_strerror(error));
    }
    pair->count = count;
    error = gnutls_privkey_import_x509_raw(pair->key, key, GNUTLS_X509_FMT_PEM, NULL, 0);
    if (error != 0) {
        return err_set(err, "%s: no key in PEM, or one with a passphrase: %s", files->key,
                       gnutls_strerror(error));
    }
    if (!pair_matches(pair)) {
        return err_set(err, "%s is not the key of %s: give both files of one pair", files->key,
                       files->certificate);
    }
    return pair_read_dates(pair) || err_set(err, "%s: has no date of expiry", files->certificate);
}

/* NULL: see `err`. */
static struct tls_pair *pair_load(const struct tls_files *files, struct err *err)
{
    struct tls_pair *pair = mem_new(struct tls_pair);
    struct buf certificate, key;

    pair->holders = 1;
    if (gnutls_privkey_init(&pair->key) != 0) {
        abort(); /* no memory */
    }
    buf_init(&certificate, FILE_SIZE_MAX);
    buf_init(&key, FILE_SIZE_MAX);
    bool good = file_read(files->certificate, false, &certificate, err) &&
                file_read(files->key, true, &key, err);

    if (good) {
        gnutls_datum_t certificate_datum = datum_of(&certificate), key_datum = datum_of(&key);

        good = pair_import(pair, files, &certificate_datum, &key_datum, err);
    }
    buf_finish(&certificate);
    buf_finish(&key);
    if (!good) {
        tls_pair_release(pair);
        return NULL;
    }
    return pair;
}

struct tls_pair *tls_pair_take(const struct tls_files *files)
{
    files->pair->holders++;
    return files->pair;
}

void tls_pair_release(struct tls_pair *pair)
{
    if (pair == NULL || --pair->holders > 0) {
        return;
    }
    for (unsigned i = 0; i < pair->count; i++) {
        gnutls_pcert_deinit(&pair->certificates[i]);
    }
    gnutls_privkey_deinit(pair->key);
    free(pair);
}

/* ---- sessions ------------------------------------------------------------------------------ */

static int tls_retrieve(gnutls_session_t session, const gnutls_datum_t *authorities,
                        int authority_count, const gnutls_pk_algorithm_t *algorithms,
                        int algorithm_count, gnutls_pcert_st **certificates, unsigned *count,
                        gnutls_privkey_t *key)
{
    struct tls_pair *pair = gnutls_session_get_ptr(session);

    (void)authorities;
    (void)authority_count;
    (void)algorithms;
    (void)algorithm_count;
    *certificates = pair->certificates;
    *count = pair->count;
    *key = pair->key;
    return 0;
}

static gnutls_certificate_credentials_t credentials_create(void)
{
    gnutls_certificate_credentials_t credentials;

    if (gnutls_certificate_allocate_credentials(&credentials) != 0) {
        abort(); /* no memory */
    }
    gnutls_certificate_set_retrieve_function2(credentials, tls_retrieve);
    return credentials;
}

gnutls_session_t tls_session_create(const struct tls_files *files, struct tls_pair *pair, int fd)
{
    static unsigned char http[] = "http/1.1";
    const gnutls_datum_t protocol = {http, sizeof(http) - 1};
    gnutls_session_t session;

    if (gnutls_init(&session, GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) != 0 ||
        gnutls_priority_set_direct(session, priorities, NULL) != 0 ||
        gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, files->credentials) != 0 ||
        gnutls_alpn_set_protocols(session, &protocol, 1, 0) != 0) {
        abort(); /* no memory */
    }
    gnutls_session_set_ptr(session, pair);
    gnutls_transport_set_int(session, fd);
    return session;
}

/* ---- reading again ------------------------------------------------------------------------- */

static void log_loaded(const struct tls_files *files)
{
    char day[16] = "";
    struct tm when;

    strftime(day, sizeof(day), "%F", gmtime_r(&files->pair->expires, &when));
    if (files->pair->expires <= time(NULL)) {
        log_message(LOG_WARNING, "certificate-expired", "%s: expired on %s; renew it",
                    files->certificate, day);
        return;
    }
    log_message(LOG_INFO, "certificate-loaded", "%s: until %s", files->certificate, day);
}

void tls_files_reload(struct tls_files *files)
{
    struct err err;

    files->seen = files->loaded = stamps_of(files);
    struct tls_pair *pair = pair_load(files, &err);

    if (pair != NULL && pair->expires <= time(NULL)) {
        err_set(&err, "%s: has expired; renew it", files->certificate);
        tls_pair_release(pair);
        pair = NULL;
    }
    if (pair == NULL) {
        log_message(LOG_ERROR, "certificate-refused", "%s; the previous one stays in use",
                    err.text);
        return;
    }
    tls_pair_release(files->pair);
    files->pair = pair;
    log_loaded(files);
}

/* Two files that belong together are not written at once, so files are read only if two checks
 * in a row find them unchanged. */
static void on_watch(int fd, short events, void *arg)
{
    struct tls_files *files = arg;
    struct stamps now = stamps_of(files);
    bool unchanged = stamps_equal(&now, &files->seen);

    (void)fd;
    (void)events;
    files->seen = now;
    if (unchanged && !stamps_equal(&now, &files->loaded)) {
        tls_files_reload(files);
    }
}

struct tls_files *tls_files_create(const char *certificate, const char *key, struct err *err)
{
    struct tls_files *files = mem_new(struct tls_files);

    files->certificate = mem_strdup(certificate);
    files->key = mem_strdup(key);
    files->credentials = credentials_create();
    files->seen = files->loaded = stamps_of(files);
    files->pair = pair_load(files, err);
    if (files->pair == NULL) {
        tls_files_destroy(files);
        return NULL;
    }
    log_loaded(files);
    return files;
}

void tls_files_watch(struct tls_files *files, struct loop *loop)
{
    const struct timeval interval = {.tv_sec = WATCH_INTERVAL_S};

    event_assign(&files->timer, loop_base(loop), -1, EV_PERSIST, on_watch, files);
    event_add(&files->timer, &interval);
}

void tls_files_destroy(struct tls_files *files)
{
    if (files == NULL) {
        return;
    }
    if (event_initialized(&files->timer)) {
        event_del(&files->timer);
    }
    tls_pair_release(files->pair);
    gnutls_certificate_free_credentials(files->credentials);
    free(files->certificate);
    free(files->key);
    free(files);
}
