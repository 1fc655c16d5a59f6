"""A private Exim 4. Its package is only unpacked, because `exim4-daemon-heavy` conflicts with Postfix's package. Exim
offers one port with STARTTLS, and PLAIN and LOGIN by its dovecot driver; accepted mail is discarded."""

import os
import shutil

from .postfix import make_certificate
from .private import free_ports, make_directory, port_answers, read_text, remove_directory, run, wait_until

PROGRAM = "/var/cache/smtp-authd/unpacked/exim4-daemon-heavy/usr/sbin/exim4"
USER = "Debian-exim"

CONFIGURATION = """\
exim_path = {program}
primary_hostname = mail.example.org
spool_directory = {directory}/spool
log_file_path = {directory}/log/%slog
pid_file_path = {directory}/exim.pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
add_environment =
keep_environment =
host_lookup =
rfc1413_hosts =
tls_advertise_hosts = *
tls_certificate = {directory}/tls/cert.pem
tls_privatekey = {directory}/tls/key.pem
auth_advertise_hosts = ${{if def:tls_in_cipher {{*}}{{}}}}
log_selector = +smtp_connection +incoming_port
acl_smtp_rcpt = acl_rcpt

begin acl
acl_rcpt:
  require message = 530 5.7.0 Authentication required
          authenticated = *
  accept

begin routers
all:
  driver = redirect
  data = :blackhole:

begin authenticators
"""

AUTHENTICATOR = """\
{name}:
  driver = dovecot
  public_name = {mechanism}
  server_socket = {auth}
  server_set_id = $auth1
"""


class Exim:
    """`auth` is the absolute path of the Dovecot auth socket, to which Exim connects as Debian-exim. `authenticators`
    replaces the default text of that section."""

    def __init__(self, auth, authenticators=None):
        self.directory = make_directory()
        (self.port,) = free_ports()
        for name in ("spool", "log"):
            os.mkdir(os.path.join(self.directory, name), 0o750)
            shutil.chown(os.path.join(self.directory, name), USER, USER)
        make_certificate(os.path.join(self.directory, "tls"))
        shutil.chown(f"{self.directory}/tls/key.pem", USER)
        self.configuration = os.path.join(self.directory, "exim.conf")
        with open(self.configuration, "w", encoding="ascii") as file:
            file.write(CONFIGURATION.format(program=PROGRAM, directory=self.directory, port=self.port))
            file.write(authenticators or "".join(
                AUTHENTICATOR.format(name=mechanism.lower(), mechanism=mechanism, auth=auth)
                for mechanism in ("PLAIN", "LOGIN")))

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.destroy()

    def start(self):
        run(PROGRAM, "-C", self.configuration, "-bd")
        wait_until(lambda: port_answers(self.port, b"220 "), what="Exim's greeting")

    def stop(self):
        pid = read_text(f"{self.directory}/exim.pid").strip()
        if pid:
            os.kill(int(pid), 15)
            wait_until(lambda: not os.path.exists(f"/proc/{pid}"), what="Exim's end")

    def destroy(self):
        self.stop()
        remove_directory(self.directory)

    def log_text(self):
        return read_text(f"{self.directory}/log/mainlog")
