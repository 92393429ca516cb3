# Name the image by its digest, so that a build tomorrow is the same as today:
#   docker buildx imagetools inspect python:3.13-slim   # prints Digest: sha256:…
#   docker build --build-arg PYTHON_IMAGE=python:3.13-slim@sha256:… .
ARG PYTHON_IMAGE=python:3.13-slim
FROM ${PYTHON_IMAGE}

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HOST=0.0.0.0 PORT=8000
WORKDIR /site

COPY requirements.lock .
RUN pip install --no-cache-dir --require-hashes -r requirements.lock

COPY manage.py .
COPY config config
COPY accounts accounts
COPY dashboard dashboard
COPY templates templates
COPY static static
COPY locale locale
# The settings want their secrets; these end with this line.
RUN DJANGO_SECRET_KEY="$(head -c 48 /dev/urandom | base64 -w 0)" \
    TOKEN_ENCRYPTION_KEYS="$(head -c 32 /dev/urandom | base64 -w 0 | tr +/ -_)" \
    DIRECTUS_URL=http://directus:8055 \
    python manage.py collectstatic --no-input

RUN useradd --system --no-create-home site
USER site
# The server and uploads need a folder to write to. Where the root is read-only, mount
# one, as compose.yaml does.
ENV TMPDIR=/tmp
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD ["python", "-c", \
    "import os, urllib.parse as p, urllib.request as r; \
host = p.urlsplit(os.environ['PUBLIC_URL']).netloc; \
r.urlopen(r.Request('http://127.0.0.1:8000/healthz', headers={'Host': host}), timeout=2)"]
CMD ["gunicorn", "-c", "config/gunicorn.py", "config.wsgi"]
