"""What is asked of an ipykernel from within: this text runs there, in any Python that ipykernel runs in."""

# sent as text and executed in a namespace of its own, so nothing of it stays in the user's


def settle():
    """Make the kernel lose nothing that is written, and close its port; its packages' folders, as JSON."""
    import json
    import sys

    from IPython import get_ipython

    kernel = get_ipython().kernel
    sys.__stdout__ = _original_stdout(sys.stdout)
    _never_drop(kernel)
    _close_port(kernel)
    # the first cell of a process is slower than those that follow
    get_ipython().run_cell("pass", store_history=False, silent=True)
    return json.dumps([folder for folder in sys.path if folder])


def adopt(folder, environment, born):
    """Become a kernel that was started in `folder` with `environment`, having been started with `born`."""
    import os
    import tempfile

    from IPython import get_ipython

    environment = dict(environment)
    # what IPython set or dropped at its birth it does in any environment; only MPLBACKEND is left to a user's choice
    for name in set(os.environ) | set(born):
        if os.environ.get(name) == born.get(name) or (name == "MPLBACKEND" and environment.get(name)):
            continue
        if name in os.environ:
            environment[name] = os.environ[name]
        else:
            environment.pop(name, None)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    shell = get_ipython()
    visited = shell.user_ns.get("_dh")
    if visited:
        visited[:] = [type(visited[0])(os.getcwd())]
    shell.starting_dir = os.getcwd()
    # it remembers what TMPDIR was
    tempfile.tempdir = None
    return ""


def describe():
    """Python and its packages, as JSON."""
    import json
    import platform
    from importlib import metadata

    packages = {}
    for distribution in metadata.distributions():
        name = distribution.metadata["Name"]
        # the first one on the path is the one that is imported
        if name and name not in packages:
            packages[name] = distribution.version
    return json.dumps({"python": platform.python_version(), "packages": packages})


def leave():
    """Send what was written to the process's own stdout and stderr, then end as at the end of a program.

    A shutdown request does the same, but ipykernel answers it in a thread that then may wait ten seconds for another
    one that is no longer there.
    """
    import select
    import sys
    import time

    from IPython import get_ipython

    for stream in (sys.stdout, sys.stderr):
        pipe = getattr(stream, "_fid", None)
        for _ in range(50):
            if pipe is None or not select.select([pipe], [], [], 0)[0]:
                break
            time.sleep(0.001)
    shell = get_ipython()
    shell.exit_now = True
    loop = shell.kernel.io_loop
    loop.add_callback(loop.stop)
    return ""


def _never_drop(kernel):
    # a PUB socket drops what its reader is too slow for; this one waits, and so does a print that floods it
    import zmq

    thread = kernel.iopub_thread
    thread.schedule(lambda: thread.socket.setsockopt(zmq.XPUB_NODROP, 1))


def _close_port(kernel):
    # forked processes send what they print to a TCP port of the kernel, the only one it has: a socket file serves, too
    import zmq

    thread, app = kernel.iopub_thread, kernel.parent
    if app.transport != "ipc" or not getattr(thread, "_pipe_flag", False):
        return
    address = "ipc://" + app.ip + "-6"

    def move():
        pipe = thread._pipe_in.socket
        port = pipe.getsockopt(zmq.LAST_ENDPOINT)
        pipe.bind(address)
        pipe.unbind(port)

    def connect():
        context = zmq.Context()
        out = context.socket(zmq.PUSH)
        out.linger = 3000
        out.connect(address)
        return context, out

    thread._setup_pipe_out = connect
    thread.schedule(move)


def _original_stdout(stream):
    # Python buffers it in blocks, because it is no terminal: what a logger writes there (valohai's does) would come
    # cells later, or never. This one takes the way of print, in order, and is the process's stdout to subprocesses.
    import io

    class Original(io.RawIOBase):
        name = "<stdout>"
        mode = "w"

        def writable(self):
            return True

        def fileno(self):
            return 1

        def write(self, data):
            data = bytes(data)
            stream.write(data.decode("utf-8", "replace"))
            return len(data)

    return io.TextIOWrapper(Original(), encoding="utf-8", errors="backslashreplace", write_through=True)
