"""How gunicorn serves the site: `gunicorn -c config/gunicorn.py config.wsgi`.

Threads wait for Directus; the time-outs leave room for its slowest answer.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from config.startup import WRONG_SETTINGS, require_python_and_packages, stop

require_python_and_packages(WRONG_SETTINGS)

from config.environment import (  # noqa: E402
    BASE_DIR,
    Environment,
    ImproperlyConfigured,
)

# Not the settings: what the master imports, a reload does not read again.
try:
    env = Environment()
    host, port = env.text("HOST", "127.0.0.1"), env.number("PORT", 8000, 1, 65535)
    workers = env.number("WEB_WORKERS", default=2, least=1, most=256)
    threads = env.number("WEB_THREADS", default=16, least=1, most=1000)
    logs_access = env.flag("ACCESS_LOG", default=False)
    is_plain = env.origin("PUBLIC_URL", "http://localhost:8000").startswith("http:")
except ImproperlyConfigured as error:
    stop(str(error), WRONG_SETTINGS)

# The name is prometheus_client's.
METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
worker_class = "config.patience.Worker"
timeout = 30
graceful_timeout = 15
keepalive = 5
max_requests = 20_000
max_requests_jitter = 2_000
limit_request_line = 4094
# No query strings: a link's token would end in the log.
accesslog = "-" if logs_access else None
access_log_format = '%(h)s "%(m)s %(U)s" %(s)s %(b)s %(D)sus'
# The site itself reads forwarding headers, from TRUSTED_PROXIES alone.
forwarded_allow_ips = ""
control_socket_disable = True


def on_starting(server):
    """Refuse settings that no worker starts with; say what plain http leaves out.

    In a process of its own, which says why in one sentence: the master must not import
    the settings, and several workers that fail would each say it.
    """
    code = f"import sys; sys.path.insert(0, {str(BASE_DIR)!r}); import config.wsgi"
    if tried := subprocess.run([sys.executable, "-c", code]).returncode:
        sys.exit(tried)
    if is_plain:
        server.log.warning("PUBLIC_URL is plain http: no Secure cookies, no HSTS.")
    # Where the workers share the figures for /metrics. New, so without those of before.
    os.environ[METRICS_FOLDER] = tempfile.mkdtemp(prefix="site-metrics-")


def pre_fork(server, worker):
    """Give a worker the lowest free number, under which its figures are kept.

    A number, not the process id: the next worker counts on where one ended, so that the
    figures of former workers do not become more and more files.
    """
    taken = {each.number for each in server.WORKERS.values()}
    worker.number = next(number for number in count(1) if number not in taken)


def post_fork(server, worker):
    """Let the worker count under its number."""
    from prometheus_client import values

    values.ValueClass = values.MultiProcessValue(lambda: worker.number)


def post_worker_init(worker):
    """Begin to send the mails that former processes left."""
    from accounts.core import postman

    postman.start()


def child_exit(server, worker):
    """Forget what is true of living workers alone, such as calls that run now."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.number)


def on_exit(server):
    """Delete the figures."""
    if METRICS_FOLDER in os.environ:
        shutil.rmtree(os.environ[METRICS_FOLDER], ignore_errors=True)
