#!/usr/bin/env python3
"""A real PostgreSQL on loopback for specs, and a proxy before it. spec/support/postgres.lua and postgres.h start it.

    postgres.py TEMPLATE [name=value ...]    settings of the server; "standby" beside them: a second, synchronous one;
                                             "password=…": scram instead of trust

TEMPLATE is a folder for a cluster that is made once and copied; it is kept. Prints one line: control=PORT port=PORT proxy=PORT standby=PORT.
The server runs as another user than root, in a folder of its own, and ends with the process that started this one, however that ends.
Commands come over the control port, one a line, and each is answered with "ok" or "error …":

    stop | kill | start            the server: a fast shutdown; SIGKILL to all its processes
    stop standby | kill standby | start standby | promote
    aim standby                    the proxy leads to the standby from now on
    hold | pass                    the proxy forwards nothing and keeps the connections; forwards again
    cut                            the proxy closes its connections and takes no new ones until "pass"
    end                            everything ends, and its folder is removed
    age VERSION                    the proxy says that the server is of this version (two digits)
    bouncer MODE                   starts PgBouncer before the server, with this pool_mode; the answer is "ok" and its port
    lose answer | lose request     at the next COMMIT: the server carries it out, and its answer is lost; the server never hears of it
    sql TEXT                       as the superuser, in the database assistant; the answer is "ok" and the rows, comma and space between
"""
import asyncio
import contextlib
import ctypes
import fcntl
import glob
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

BIN = max(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda p: int(p.split("/")[4]))
ROOT = os.geteuid() == 0
USER = next((u for u in ("postgres", "nobody") if ROOT and u in {e.pw_name for e in pwd.getpwall()}), None)
AS = ["setpriv", "--pdeathsig", "KILL"] + ([f"--reuid={USER}", f"--regid={pwd.getpwnam(USER).pw_gid}", "--clear-groups"] if ROOT else [])
ENV = {"PATH": BIN + ":/usr/bin:/bin", "LANG": "C.UTF-8", "TZ": "UTC", "HOME": "/tmp"}


def run(*command, **more):
    done = subprocess.run(AS + list(command), env=ENV, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd="/", text=True, **more)
    if done.returncode != 0:
        raise RuntimeError(f"{os.path.basename(command[0])}: {done.stdout.strip()[-300:]}")
    return done.stdout


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def own(path):
    if ROOT:
        run_as_root = pwd.getpwnam(USER)
        for folder, _, files in os.walk(path):
            os.chown(folder, run_as_root.pw_uid, run_as_root.pw_gid)
            for name in files:
                os.chown(os.path.join(folder, name), run_as_root.pw_uid, run_as_root.pw_gid)


def template(path):
    """Made once, also when several specs ask at the same time."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.exists(path):
            return
        home = tempfile.mkdtemp(prefix="spec-postgres-")
        own(home)
        run(f"{BIN}/initdb", "-D", f"{home}/data", "-U", "assistant", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--wal-segsize=1", "--no-sync")
        run(f"{BIN}/postgres", "--single", "-D", f"{home}/data", "postgres", input="CREATE DATABASE assistant\n")
        subprocess.run(["cp", "-a", f"{home}/data", path + ".new"], check=True)
        os.rename(path + ".new", path)
        shutil.rmtree(home)


class Server:
    def __init__(self, home, settings):
        self.home, self.data, self.port, self.process = home, home + "/data", free_port(), None
        self.settings = dict(settings, port=self.port)

    def configure(self):
        lines = [f"{name} = '{value}'\n" for name, value in self.settings.items()]
        with open(self.data + "/postgresql.auto.conf", "a") as conf:
            conf.writelines(lines)

    async def start(self):
        with open(self.home + "/log", "ab") as log:
            self.process = subprocess.Popen(AS + [f"{BIN}/postgres", "-D", self.data], env=ENV, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            cwd="/", start_new_session=True)
        for _ in range(3000):
            try:
                with open(self.data + "/postmaster.pid") as f:
                    if f.read().rstrip().endswith("ready"):
                        return
            except OSError:
                pass
            if self.process.poll() is not None:
                break
            await asyncio.sleep(0.02)
        with open(self.home + "/log") as log:
            raise RuntimeError("the server did not start: " + log.read()[-600:].replace("\n", " | "))

    def end(self, how):
        if not self.process:
            return
        pid = self.process.pid
        with contextlib.suppress(OSError):
            with open(f"/proc/{pid}/task/{pid}/children") as f:
                children = [int(word) for word in f.read().split()]  # each in a session of its own
            if how == signal.SIGKILL:
                for one in [pid] + children:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(one, how)
            else:
                self.process.send_signal(how)
            self.process.wait()
            while any(os.path.exists(f"/proc/{one}") for one in children):
                time.sleep(0.005)
        self.process = None
        with contextlib.suppress(OSError):
            os.unlink(self.data + "/postmaster.pid")

    def sql(self, text):
        out = run(f"{BIN}/psql", "-XAtq", "-F", ", ", "-v", "ON_ERROR_STOP=1", "-h", self.home, "-p", str(self.port), "-U", "assistant", "-d",
                  "assistant", "-c", text)
        return " ".join(out.split("\n")).strip()


class Proxy:
    def __init__(self, port):
        self.to, self.flows, self.cut, self.lose, self.age, self.pairs = port, asyncio.Event(), False, None, None, []
        self.flows.set()

    async def serve(self):
        self.server = await asyncio.start_server(self.client, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]

    async def client(self, reader, writer):
        pair = {"writers": [writer], "eats": False}
        self.pairs.append(pair)
        pair["close"] = lambda: [w.transport.abort() for w in pair["writers"]]
        try:
            if self.cut:
                return
            there, back = await asyncio.open_connection("127.0.0.1", self.to)
            pair["writers"].append(back)
            await asyncio.gather(self.pump(pair, reader, back, True), self.pump(pair, there, writer, False))
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            pair["close"]()
            self.pairs.remove(pair)

    async def pump(self, pair, reader, writer, request):
        while True:
            data = await reader.read(65536)
            await self.flows.wait()
            if not data or self.cut:
                break
            if self.age:
                data = re.sub(rb"server_version\0\d\d", b"server_version\0" + self.age, data)
            if request and self.lose and b"COMMIT\0" in data:
                lose, self.lose = self.lose, None
                if lose == "request":
                    break
                pair["eats"] = True
            elif not request and pair["eats"]:
                break
            writer.write(data)
            await writer.drain()
        pair["close"]()

    def cut_all(self):
        self.cut = True
        for pair in self.pairs:
            pair["close"]()


class All:
    def __init__(self, arguments):
        self.template = arguments[0]
        self.settings = {"listen_addresses": "127.0.0.1", "fsync": "on", "shared_buffers": "16MB", "max_wal_senders": "4", "max_connections": "40",
                         "min_wal_size": "4MB", "max_wal_size": "64MB", "logging_collector": "off", "log_statement": "none"}
        self.password, self.with_standby, self.standby, self.bouncer = None, False, None, None
        for word in arguments[1:]:
            name, _, value = word.partition("=")
            if word == "standby":
                self.with_standby = True
            elif name == "password":
                self.password = value
            else:
                self.settings[name] = value
        self.home = tempfile.mkdtemp(prefix="spec-postgres-")

    def folder(self, name):
        path = f"{self.home}/{name}"
        os.mkdir(path)
        return path

    async def start(self):
        template(self.template)
        home = self.folder("one")
        subprocess.run(["cp", "-a", "--reflink=auto", self.template, home + "/data"], check=True)
        self.server = Server(home, dict(self.settings, unix_socket_directories=home))
        self.server.configure()
        if self.password:
            with open(home + "/data/pg_hba.conf", "w") as hba:
                hba.write("local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\nhost replication all 127.0.0.1/32 trust\n")
        own(self.home)
        await self.server.start()
        if self.password:
            self.server.sql(f"ALTER ROLE assistant PASSWORD '{self.password}'")
        if self.with_standby:
            await self.start_standby()
        self.proxy = Proxy(self.server.port)
        await self.proxy.serve()

    async def start_standby(self):
        home = self.folder("two")
        own(home)
        run(f"{BIN}/pg_basebackup", "-D", home + "/data", "-h", "127.0.0.1", "-p", str(self.server.port), "-U", "assistant", "-R", "-X", "stream",
            "-c", "fast", "--no-sync")
        self.standby = Server(home, {"unix_socket_directories": home})
        self.standby.configure()
        await self.standby.start()
        self.server.sql("ALTER SYSTEM SET synchronous_standby_names = '*'")
        self.server.sql("SELECT pg_reload_conf()")
        while self.server.sql("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") != "1":
            await asyncio.sleep(0.05)

    async def start_bouncer(self, mode):
        if self.bouncer:
            self.bouncer.kill()
            self.bouncer.wait()
        port, path = free_port(), f"{self.home}/bouncer.ini"
        with open(path, "w") as ini:
            ini.write(f"[databases]\nassistant = host=127.0.0.1 port={self.server.port} user=assistant\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
                      f"listen_port = {port}\nunix_socket_dir =\nauth_type = any\npool_mode = {mode}\ndefault_pool_size = 5\n"
                      "ignore_startup_parameters = extra_float_digits\n")
        program = f"{self.home}/pgbouncer"
        shutil.copy(os.environ.get("PGBOUNCER") or "/usr/sbin/pgbouncer", program)
        own(self.home)
        self.bouncer = subprocess.Popen(AS + [program, "-q", path], env=ENV, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(500):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                return str(port)
            await asyncio.sleep(0.02)
        raise RuntimeError("PgBouncer did not start")

    async def command(self, line):
        words = line.split()
        server = self.standby if words[-1] == "standby" else self.server
        if words[0] == "sql":
            return self.server.sql(line[4:]) if self.server.process else self.standby.sql(line[4:])
        if words[0] == "start":
            await server.start()
        elif words[0] == "stop":
            server.end(signal.SIGINT)
        elif words[0] == "kill":
            server.end(signal.SIGKILL)
        elif words[0] == "promote":
            run(f"{BIN}/pg_ctl", "promote", "-w", "-D", self.standby.data)
        elif words[0] == "aim":
            self.proxy.to = server.port
        elif words[0] == "hold":
            self.proxy.flows.clear()
        elif words[0] == "pass":
            self.proxy.cut = False
            self.proxy.flows.set()
        elif words[0] == "cut":
            self.proxy.cut_all()
        elif words[0] == "lose":
            self.proxy.lose = words[1]
        elif words[0] == "end":
            os.kill(os.getpid(), signal.SIGTERM)
        elif words[0] == "age":
            self.proxy.age = words[1].encode()
        elif words[0] == "bouncer":
            return await self.start_bouncer(words[1])
        else:
            raise RuntimeError("there is no such command")
        return ""

    async def control(self, reader, writer):
        with contextlib.suppress(asyncio.CancelledError):
            await self.commands(reader, writer)

    async def commands(self, reader, writer):
        while line := (await reader.readline()).decode().strip():
            try:
                answer = "ok " + (await self.command(line))
            except Exception as fault:  # the spec sees it
                answer = "error " + str(fault).replace("\n", " ")
            writer.write(answer.encode() + b"\n")
            await writer.drain()
        writer.close()

    def end(self):
        if self.bouncer:
            self.bouncer.kill()
            self.bouncer.wait()
        for server in (getattr(self, "server", None), self.standby):
            if server:
                server.end(signal.SIGKILL)
        shutil.rmtree(self.home, ignore_errors=True)


async def main():
    parent = os.getppid()
    signal.pthread_sigmask(signal.SIG_SETMASK, [])  # the host blocks signals, and its children with it
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
    stop = asyncio.Event()
    ends = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ends)  # a process of ours that starts this one blocks them
    for number in ends:
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    everything = All(sys.argv[1:])
    try:
        await everything.start()
        control = await asyncio.start_server(everything.control, "127.0.0.1", 0)
        print(f"control={control.sockets[0].getsockname()[1]} port={everything.server.port} proxy={everything.proxy.port} "
              f"standby={everything.standby.port if everything.standby else 0}", flush=True)
        if os.getppid() == parent:
            await stop.wait()
    finally:
        everything.end()


asyncio.run(main())
