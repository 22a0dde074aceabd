# Dipper as an image: built from source, run as a user of its own, the data folder a volume.
FROM swift:6.2-bookworm AS build
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        libpq-dev librdkafka-dev libroaring-dev libsnappy-dev libsqlite3-dev libzstd-dev pkg-config zlib1g-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY Package.swift ./
COPY Sources Sources
COPY Tests Tests
COPY Fuzz Fuzz
RUN swift build -c release --product dipper --static-swift-stdlib \
    && install -D "$(swift build -c release --show-bin-path)/dipper" /out/dipper

# DuckDB's library lies in its own wheel; without it everything works but SQL.
FROM python:3.11-slim-bookworm AS duckdb
RUN pip install --no-cache-dir --no-deps --target /opt/duckdb duckdb==1.5.5 \
    && ln -s "$(basename /opt/duckdb/_duckdb.*.so)" /opt/duckdb/library.so

FROM debian:bookworm-slim
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        ca-certificates curl libpq5 libpython3.11 librdkafka1 libroaring0 libsnappy1v5 libsqlite3-0 libzstd1 tini zlib1g \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --create-home --home-dir /data dipper
COPY --from=build /out/dipper /usr/local/bin/dipper
COPY --from=duckdb /opt/duckdb /opt/duckdb
# The library needs Python's first, which it finds by this file.
RUN find / -xdev -name 'libpython3.11.so.1.0' >/opt/duckdb/libpython.path
ENV DIPPER_LIBDUCKDB=/opt/duckdb/library.so
USER 10001
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["curl", "-fsS", "http://127.0.0.1:8080/healthz"]
ENTRYPOINT ["tini", "--", "dipper"]
CMD ["serve", "--data-dir", "/data", "--listen", "127.0.0.1:8080"]
