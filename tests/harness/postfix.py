"""A private Postfix with its own configuration, queue, data and log directories; smtpd is chrooted into the queue, as
Debian ships it. Only the programs of the system's Postfix are used, none of its files.

Services, each on a free port of 127.0.0.1: `submission` (STARTTLS), `submissions` (TLS from the start) and `cyrus`
(STARTTLS, passwords by libsasl2 and the saslauthd that write_sasl_config names)."""

import os
import pwd

from .private import free_ports, make_directory, port_answers, read_text, remove_directory, run, wait_until

UNPACKED = "/var/cache/smtp-authd/unpacked/postfix"

MAIN = """\
compatibility_level = 3.6
queue_directory = {directory}/queue
data_directory = {directory}/data
command_directory = {root}/usr/sbin
daemon_directory = {root}/usr/lib/postfix/sbin
shlib_directory = {root}/usr/lib/postfix
meta_directory = {root}/etc/postfix
sendmail_path = {root}/usr/sbin/sendmail
mailq_path = {root}/usr/bin/mailq
newaliases_path = {root}/usr/bin/newaliases
html_directory = no
readme_directory = no
manpage_directory = {root}/usr/share/man
import_environment = MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ LANG=C LD_LIBRARY_PATH
maillog_file = {directory}/log/mail.log
maillog_file_prefixes = {directory}/log
myhostname = mail.example.org
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
mynetworks = 192.0.2.1/32
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtp_dns_support_level = disabled
smtpd_peername_lookup = no
default_transport = discard:
relay_transport = discard:
smtpd_tls_cert_file = {directory}/tls/cert.pem
smtpd_tls_key_file = {directory}/tls/key.pem
tls_random_source = dev:/dev/urandom
smtpd_sasl_auth_enable = no
smtpd_relay_restrictions = permit_sasl_authenticated, reject
# The same code and sentence at every AUTH: Postfix's own counters are not under test.
smtpd_soft_error_limit = 1000
smtpd_hard_error_limit = 1000
"""

SERVICE = """\
127.0.0.1:{port} inet n - {chroot} - - smtpd
  -o syslog_name=postfix/{name}
  -o {tls}
  -o smtpd_tls_auth_only=yes
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_sasl_type={type}
  -o smtpd_sasl_path={path}
"""

INTERNAL = """\
cleanup   unix       n - n - 0     cleanup
qmgr      unix       n - n 300 1   qmgr
tlsmgr    unix       - - n 1000? 1 tlsmgr
rewrite   unix       - - n - -     trivial-rewrite
bounce    unix       - - n - 0     bounce
defer     unix       - - n - 0     bounce
trace     unix       - - n - 0     bounce
proxymap  unix       - - n - -     proxymap
anvil     unix       - - n - 1     anvil
error     unix       - - n - -     error
retry     unix       - - n - -     error
discard   unix       - - n - -     discard
postlog   unix-dgram n - n - 1     postlogd
"""


def make_certificate(directory):
    """Makes key.pem and a self-signed cert.pem for localhost."""
    os.makedirs(directory, exist_ok=True)
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-days", "2",
        "-keyout", f"{directory}/key.pem", "-out", f"{directory}/cert.pem")


class Postfix:
    """`auth` is the Dovecot auth socket as smtpd_sasl_path names it. Relative paths are in the queue directory, whose
    `private/` exists before Postfix starts so that the service can bind there first."""

    def __init__(self, auth="private/authd-auth"):
        self.directory = make_directory()
        self.root = UNPACKED if os.path.isdir(UNPACKED) and not os.path.exists("/usr/sbin/postfix") else ""
        self.auth = auth
        self.port, self.tls_port, self.cyrus_port = free_ports(3)
        self.queue = os.path.join(self.directory, "queue")
        for name in ("etc", "log", "queue", "queue/private", "data"):
            os.mkdir(os.path.join(self.directory, name), 0o755)
        owner = pwd.getpwnam("postfix").pw_uid
        for name in ("queue/private", "data"):
            os.chown(os.path.join(self.directory, name), owner, -1)
            os.chmod(os.path.join(self.directory, name), 0o700)
        make_certificate(os.path.join(self.directory, "tls"))
        self._write_configuration()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.destroy()

    def _write_configuration(self):
        dovecot = {"type": "dovecot", "path": self.auth, "chroot": "y"}
        master = SERVICE.format(name="submission", port=self.port,
                                tls="smtpd_tls_security_level=encrypt", **dovecot)
        master += SERVICE.format(name="submissions", port=self.tls_port,
                                 tls="smtpd_tls_wrappermode=yes", **dovecot)
        master += SERVICE.format(name="cyrus", port=self.cyrus_port, type="cyrus", path="smtpd",
                                 tls="smtpd_tls_security_level=encrypt", chroot="n")
        with open(os.path.join(self.directory, "etc", "main.cf"), "w", encoding="ascii") as file:
            file.write(MAIN.format(directory=self.directory, root=self.root))
        self.write_services(master)

    def write_sasl_config(self, saslauthd):
        """Configures libsasl2 below Postfix's own configuration directory, where Debian's Postfix looks for it."""
        os.mkdir(os.path.join(self.directory, "etc", "sasl"), 0o755)
        with open(os.path.join(self.directory, "etc", "sasl", "smtpd.conf"), "w", encoding="ascii") as file:
            file.write(f"pwcheck_method: saslauthd\nmech_list: PLAIN LOGIN\nsaslauthd_path: {saslauthd}\n")

    def write_services(self, text):
        """Writes master.cf with these services and the internal services of Postfix."""
        with open(os.path.join(self.directory, "etc", "master.cf"), "w", encoding="ascii") as file:
            file.write(text + INTERNAL)

    def listener(self, **options):
        """The listener of authd for this Postfix, inside the chroot of its smtpd."""
        return {"protocol": "dovecot", "path": f"{self.queue}/private/authd-auth", "owner": "postfix",
                "group": "postfix", "mode": "0660", **options}

    def _postfix(self, command, check=True):
        environment = dict(os.environ, LD_LIBRARY_PATH=f"{self.root}/usr/lib/postfix")
        return run(f"{self.root}/usr/sbin/postfix", "-c", f"{self.directory}/etc", command,
                   check=check, env=environment)

    def start(self):
        """Starts Postfix and waits for its greeting. The auth service must be up: an smtpd that cannot reach the auth
        service at its start exits, and master waits a minute before it starts another."""
        self._postfix("start")
        wait_until(lambda: port_answers(self.port, b"220 "), what="Postfix's greeting")

    def reload(self):
        """Makes Postfix replace every smtpd by a new one."""
        self._postfix("reload")

    def stop(self):
        self._postfix("stop", check=False)

    def destroy(self):
        self.stop()
        remove_directory(self.directory)

    def log_text(self):
        return read_text(f"{self.directory}/log/mail.log")
