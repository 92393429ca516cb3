# Name the image by its digest, so that each build starts from the same image:
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
COPY items items
COPY templates templates
COPY static static
COPY locale locale
# The settings do not load without secrets; these exist for this command alone.
RUN DJANGO_SECRET_KEY="$(head -c 48 /dev/urandom | base64 -w 0)" \
    TOKEN_ENCRYPTION_KEYS="$(head -c 32 /dev/urandom | base64 -w 0 | tr +/ -_)" \
    DIRECTUS_URL=http://directus:8055 \
    python manage.py collectstatic --no-input

RUN useradd --system --no-create-home site
USER site
# The server and uploads write to this folder. Mount one where the root is read-only, as
# compose.yaml does.
ENV TMPDIR=/tmp
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD ["python", "-c", \
    "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
CMD ["gunicorn", "-c", "config/gunicorn.py", "config.wsgi"]
