"""How gunicorn serves the site: `gunicorn -c config/gunicorn.py config.wsgi`.

Threads wait for Directus; the time-outs leave room for its slowest answer.
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

# Not from the environment alone: these may stand in the environment file.
from config.settings import HTTPS, WEB_THREADS, WEB_WORKERS

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
worker_class = "gthread"
workers = WEB_WORKERS
threads = WEB_THREADS
timeout = 30
graceful_timeout = 15
keepalive = 5
max_requests = 20_000
max_requests_jitter = 2_000
limit_request_line = 4094
# No query strings: a link's token would end in the log.
accesslog = "-" if os.environ.get("ACCESS_LOG") else None
access_log_format = '%(h)s "%(m)s %(U)s" %(s)s %(b)s %(D)sus'
# The site itself reads forwarding headers, from TRUSTED_PROXIES alone.
forwarded_allow_ips = ""
control_socket_disable = True


def on_starting(server):
    """Say once what an address without https leaves out."""
    if not HTTPS:
        server.log.warning("PUBLIC_URL is plain http: no Secure cookies, no HSTS.")
