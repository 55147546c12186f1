# Two images from one file. The web image holds no model library:
#   docker build --target web -t second-reader-web .
#   docker build --target worker -t second-reader-worker .
FROM python:3.11-slim-bookworm AS base
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 \
    PRODUCTION=1 VAR_DIR=/data STATIC_ROOT=/app/staticfiles
WORKDIR /app
RUN useradd --system --uid 1000 site && install -d -o site /data
COPY requirements/web.txt requirements/web.txt
RUN pip install --no-deps -r requirements/web.txt && pip check

FROM base AS web
COPY . .
# Only names files; no secret of a site is needed or kept.
RUN SECRET_KEY=unused PSEUDONYM_SALT=unused python manage.py collectstatic --no-input --verbosity 0
USER site
EXPOSE 8000
CMD ["gunicorn", "config.wsgi:application", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--workers", "2", "--threads", "4", "--no-control-socket"]

FROM base AS worker
ENV OMP_NUM_THREADS=1
COPY requirements/demo.txt requirements/demo.txt
# torch's CPU build. For a GPU, build with --build-arg TORCH_INDEX=https://download.pytorch.org/whl/cu128 and set CRITIC_DEVICE=cuda.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
RUN pip install --index-url "$TORCH_INDEX" "$(grep '^torch==' requirements/demo.txt)" \
 && grep -v '^torch==' requirements/demo.txt > /tmp/rest.txt && pip install --no-deps -r /tmp/rest.txt && pip check
COPY . .
USER site
CMD ["celery", "-A", "config", "worker", "-P", "prefork", "-c", "1", "-Q", "assist", "--without-gossip", "--without-mingle", "--loglevel", "INFO"]
