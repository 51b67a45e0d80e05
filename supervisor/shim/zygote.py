"""A process that has loaded all that a shim needs, and forks one in a moment."""

import errno
import gc
import os
import socket
from contextlib import suppress
from typing import NoReturn

from . import beginning
from .frames import encode


def serve(descriptor: int) -> None:
    """Fork a shim for each connection that comes over this socket, until its end.

    A byte and a descriptor (SCM_RIGHTS in unix(7)) ask for one. It is forked twice, so that it is nobody's
    child here: it becomes a child of the nearest subreaper above, which is the server.
    """
    beginning.deafen()
    orders = socket.socket(fileno=descriptor)
    orders.set_inheritable(False)
    gc.collect()
    gc.freeze()  # so that no collection in a shim writes to memory that all of them share
    while True:
        try:
            data, given, _, _ = socket.recv_fds(orders, 1, 1)
        except ConnectionError:
            return
        if not data:
            return
        for each in given:
            connection = socket.socket(fileno=each)
            connection.set_inheritable(False)
            _launch(orders, connection)
            connection.close()


def listen(folder: str) -> NoReturn:
    """Be a shim that a server will find in this folder."""
    beginning.in_folder(folder)


def _launch(orders: socket.socket, connection: socket.socket) -> None:
    try:
        between = os.fork()
    except OSError as error:
        _refuse(connection, error)
        return
    if between:
        os.waitpid(between, 0)
        return
    try:
        if os.fork():
            os._exit(0)
        orders.close()
        beginning.for_connection(connection)
    except Exception as error:  # it must not go on as a second zygote
        _refuse(connection, error)
    finally:
        os._exit(1)


def _refuse(connection: socket.socket, error: Exception) -> None:
    number = error.errno if isinstance(error, OSError) and error.errno else errno.EIO
    with suppress(OSError):
        connection.sendall(encode({"is": "failed", "errno": number, "file": "fork"}))
