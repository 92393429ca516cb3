"""Answers of the site as an https address makes it; run by tests as a program.

Settings are read once in a process, so this needs one of its own.
"""

import json
import os
import sys

if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    import django

    django.setup()

    from django.conf import settings
    from django.core.management import call_command
    from django.test import Client

    settings.STORAGES = {
        "staticfiles": {
            "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        }
    }
    call_command("migrate", verbosity=0)

    from accounts.views.sign_in import LoginView

    def get(view, request, real_get=LoginView.get):
        # No page gives a session to a visitor who only reads.
        request.session["word"] = "kept"
        return real_get(view, request)

    LoginView.get = get
    answers = []
    for remote, proto, path in json.load(sys.stdin):
        client = Client(headers={"host": "www.example.com"}, REMOTE_ADDR=remote)
        client.raise_request_exception = False
        headers = {"x-forwarded-proto": proto} if proto else {}
        response = client.get(path, headers=headers)
        answers.append(
            {
                "status": response.status_code,
                "headers": dict(response.items()),
                "cookies": [
                    morsel.OutputString() for morsel in client.cookies.values()
                ],
                "is_secure": response.wsgi_request.is_secure(),
            }
        )
    json.dump(answers, sys.stdout)
