"""A mail server that keeps the mail it gets, refuses it, or never answers."""

import re
import socket
import threading


class Mail:
    """`parameters` are the words behind the sender's address in MAIL."""

    def __init__(self, envelope, recipients, octets):
        (self.sender, self.parameters), self.recipients, self.octets = envelope, recipients, octets
        head, _, self.body = octets.decode("utf-8").partition("\r\n\r\n")
        unfolded = re.sub(r"\r\n[ \t]+", " ", head)
        self.headers = dict(line.split(": ", 1) for line in unfolded.split("\r\n"))

    def link(self):
        return re.search(r"^(https?://\S+)#(\S+)\r$", self.body, re.M)


class Sink:
    """`refuse` is the reply to the octets of a mail message; `silent` makes the server send no greeting. The server
    takes any octets as an address; `extensions` are those that it offers. None: it knows no EHLO."""

    def __init__(self, port=0, extensions=("SMTPUTF8", "8BITMIME")):
        self.mails, self.refuse, self.silent = [], None, False
        self.extensions = extensions
        self.listener = socket.create_server(("127.0.0.1", port))
        self.url = "smtp://127.0.0.1:%d" % self.listener.getsockname()[1]
        self.held = []
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def links(self):
        """The mail messages with a link. Notices, which have none, may arrive at any time."""
        return [mail for mail in list(self.mails) if mail.link()]

    def to(self, address):
        """The mail messages to an address."""
        return [mail for mail in list(self.mails) if mail.recipients == [address]]

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for client in self.held:
            client.close()
        self.thread.join(10)

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            if self.silent:
                self.held.append(client)
                continue
            with client, client.makefile("rwb") as stream:
                self._serve(stream)

    def _serve(self, stream):
        def say(line):
            stream.write(line.encode("ascii") + b"\r\n")
            stream.flush()

        envelope, recipients = None, []
        say("220 sink")
        while line := stream.readline().decode("utf-8").strip():
            word, argument = line[:4].upper(), line.partition(":")[2]
            if word == "EHLO":
                if self.extensions is None:
                    say("500 what?")
                    continue
                say("250-sink")
                for extension in self.extensions:
                    say(f"250-{extension}")
            elif word == "MAIL":
                address, _, parameters = argument.split("<")[1].partition(">")
                envelope, recipients = (address, parameters.split()), []
            elif word == "RCPT":
                recipients.append(argument.split("<")[1].split(">")[0])
            elif word == "DATA":
                say("354 go on")
                octets = b""
                while (chunk := stream.readline()) != b".\r\n":
                    octets += chunk.removeprefix(b".")
                if self.refuse:
                    say(self.refuse)
                    continue
                self.mails.append(Mail(envelope, recipients, octets))
            elif word == "QUIT":
                say("221 bye")
                return
            say("250 fine")
