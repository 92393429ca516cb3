FROM python:3.13-slim

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HOST=0.0.0.0 PORT=8000
WORKDIR /site

COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt

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
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD ["python", "-c", \
    "import os, urllib.parse as p, urllib.request as r; \
host = p.urlsplit(os.environ['PUBLIC_URL']).netloc; \
r.urlopen(r.Request('http://127.0.0.1:8000/healthz', headers={'Host': host}), timeout=2)"]
CMD ["gunicorn", "-c", "config/gunicorn.py", "config.wsgi"]
