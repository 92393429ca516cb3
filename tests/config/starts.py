"""Start the site with one environment after another; run by tests as a program.

Reads a list of changes to its own environment, and writes for each whether the site
started, and its message if not. Forks, because loading Django takes the most time.
"""

import json
import os
import sys
import tempfile
import traceback


def start(variables):
    """Load the site as a server does, in a process of its own."""
    with tempfile.TemporaryFile() as said:
        child = os.fork()
        if not child:
            os.dup2(said.fileno(), 2)
            os.environ.update(variables)
            for name in [name for name, value in variables.items() if value == "unset"]:
                del os.environ[name]
            load()
        status = os.waitpid(child, 0)[1]
        said.seek(0)
        return {"started": status == 0, "said": said.read().decode()}


def load():
    try:
        import config.wsgi  # noqa: F401
    except SystemExit as error:
        sys.stderr.flush()
        os._exit(error.code)
    except BaseException:  # noqa: BLE001 - whatever it is, it is to be told
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    import django.core.management.base
    import django.db.models
    import django.views.debug  # noqa: F401

    import accounts.directus  # noqa: F401

    json.dump([start(variables) for variables in json.load(sys.stdin)], sys.stdout)
