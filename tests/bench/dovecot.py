"""A private Dovecot 2.3 that runs only its auth service, with the best settings for this load: no delay of failures,
no penalty by address, eight database connections, no cache."""

import os
import subprocess

from harness.private import HarnessError, make_directory, process_end, read_text, remove_directory, wait_until

CONFIGURATION = """\
base_dir = {directory}/base
state_dir = {directory}/state
log_path = {directory}/dovecot.log
auth_verbose = no
protocols =
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
default_client_limit = 5000
auth_mechanisms = plain
auth_failure_delay = 0
first_valid_uid = 0
service anvil {{
  client_limit = 5000
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service auth {{
  client_limit = 5000
  user = root
  unix_listener auth-client {{
    mode = 0666
  }}
}}
passdb {{
  driver = sql
  args = {directory}/sql.conf
}}
userdb {{
  driver = static
  args = uid=65534 gid=65534 home=/nonexistent
}}
"""

SQL_CONFIGURATION = """\
driver = pgsql
connect = host={host} dbname={database} user={user} maxconns=8
default_pass_scheme = PLAIN
password_query = SELECT login AS "user", password FROM {table} WHERE login = '%u' AND NOT suspended
"""


class Dovecot:
    """Needs root for Dovecot's master process. `table` has the columns login, password and suspended."""

    def __init__(self, postgres, database, table, user="postgres"):
        self.directory = make_directory()
        self.socket = os.path.join(self.directory, "base", "auth-client")
        self.process = None
        self._write("dovecot.conf", CONFIGURATION.format(directory=self.directory))
        self._write("sql.conf", SQL_CONFIGURATION.format(host=postgres.directory, database=database,
                                                         user=user, table=table))

    def _write(self, name, text):
        with open(os.path.join(self.directory, name), "w", encoding="ascii") as file:
            file.write(text)

    def __enter__(self):
        self.process = subprocess.Popen(
            ["/usr/sbin/dovecot", "-F", "-c", os.path.join(self.directory, "dovecot.conf")],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd="/")
        try:
            wait_until(self._listening, what="Dovecot's auth socket")
        except HarnessError as error:
            log = self.log_text()
            self.__exit__()
            raise HarnessError(f"{error}\n{log}") from None
        return self

    def __exit__(self, *_):
        if self.process is not None:
            process_end(self.process)
        remove_directory(self.directory)

    def _listening(self):
        if self.process.poll() is not None:
            raise HarnessError("Dovecot ended")
        return os.path.exists(self.socket)

    def log_text(self):
        return read_text(os.path.join(self.directory, "dovecot.log"))
