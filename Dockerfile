# docker build -t penstock .
# Any base with Python 3.11 or newer will do: --build-arg BASE=…
ARG BASE=python:3.11-slim


FROM ${BASE} AS builder

# Where packages come from is the builder's business, and stays out of the image that is shipped.
# Without a network: `pip download --require-hashes -r requirements.lock -r requirements-build.lock
# -d wheelhouse`, then --build-arg PIP_NO_INDEX=1.
ARG PIP_INDEX_URL
ARG PIP_NO_INDEX
ENV PIP_FIND_LINKS=/build/locked PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1

WORKDIR /build
RUN python3 -m venv /tools && python3 -m venv --without-pip /opt/penstock
COPY requirements.lock requirements-build.lock wheelhouse* locked/
RUN /tools/bin/pip install --require-hashes -r locked/requirements-build.lock \
 && /tools/bin/pip --python /opt/penstock/bin/python install --require-hashes -r locked/requirements.lock

COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN /tools/bin/pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
 && /tools/bin/pip --python /opt/penstock/bin/python install --no-deps --no-index dist/*.whl


# Penstock alone, to put projects on: `docker build --target runtime -t penstock-runtime .`, then
# `penstock build --docker penstock-runtime`, or `docker save` and `penstock build --base`.
FROM ${BASE} AS runtime

LABEL org.opencontainers.image.title="Penstock" \
      org.opencontainers.image.description="Turn databases into secured, versioned query APIs" \
      org.opencontainers.image.licenses="Apache-2.0"

# Keys and everything else that lasts is in /state; the rest of the image may be read-only.
# What the gateway and its manager share where they are two containers is in /state/gateway.
RUN mkdir -p /state/gateway && chown -R 10001:10001 /state && chmod 0700 /state/gateway
COPY --from=builder /opt/penstock /opt/penstock

ENV PATH=/opt/penstock/bin:$PATH \
    PENSTOCK_HOME=/state \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:10001
VOLUME /state
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=3 \
  CMD ["python3", "-c", "from http.client import HTTPConnection as C; c = C('127.0.0.1', 8080, timeout=2); c.request('GET', '/readyz'); exit(c.getresponse().status != 200)"]
ENTRYPOINT ["penstock"]
CMD ["serve", "/project", "--host", "0.0.0.0", "--port", "8080"]


# The project of this repository, to try things out with.
FROM runtime

COPY penstock.yaml /project/
COPY connectors /project/connectors
COPY models /project/models
COPY policies /project/policies
COPY queries /project/queries
COPY data /project/data
