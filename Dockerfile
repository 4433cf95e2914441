# Two steps: build the wheel with everything it needs, then run it with nothing else.
FROM python:3.13-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends make \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY requirements.lock pyproject.toml package.json package-lock.json Makefile README.md ./
COPY marketplace marketplace
COPY workers workers
COPY migrations migrations
COPY templates templates
COPY static static
RUN make wheel
RUN python -m venv /shop \
    && .venv/bin/uv pip install --python /shop/bin/python --constraint requirements.lock \
       "$(echo dist/*.whl)[observability,s3]"

FROM python:3.13-slim
# The newest pg_dump and pg_restore, for `marketplace backup` and `marketplace restore`.
RUN apt-get update && apt-get install -y --no-install-recommends postgresql-common ca-certificates \
    && /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y \
    && apt-get install -y --no-install-recommends postgresql-client-18 \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /shop /shop
RUN useradd --system --uid 10001 --home-dir /data shop && install -d -o shop /data
USER shop
WORKDIR /data
VOLUME /data
ENV PATH=/shop/bin:$PATH PYTHONUNBUFFERED=1 DATA_DIR=/data HOST=0.0.0.0 PORT=8000
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/healthz', timeout=4)"]
CMD ["marketplace", "serve"]
