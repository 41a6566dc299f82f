# The images of matops: targets cpu, train and serve. `make images` builds them; docs/images.md
# says what is in them. None has a compiler, an installer or a secret; all run as user 10001 on a
# root file system that is read-only.
ARG BASE_IMAGE=debian:bookworm-20260824-slim

# Debian with its Python 3.11, and what is fixed in both since the tag.
FROM ${BASE_IMAGE} AS python
RUN apt-get update -qq \
 && apt-get upgrade -qq -y \
 && apt-get install -qq -y --no-install-recommends ca-certificates libstdc++6 python3 \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/*

# Everything that builds and never runs. Where a network inspects TLS, its authority's certificate
# goes into build/certificates; LICENSE keeps COPY content where there is none.
FROM python AS build
ARG UV_VERSION=0.13.8
COPY LICENSE build/certificates*/*.crt /usr/local/share/ca-certificates/
RUN update-ca-certificates \
 && apt-get update -qq \
 && apt-get install -qq -y --no-install-recommends gcc libc6-dev python3-pip \
 && pip3 install --quiet --no-cache-dir --break-system-packages uv==${UV_VERSION}
ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt UV_NO_CACHE=1 UV_PYTHON_DOWNLOADS=never \
    UV_LINK_MODE=copy
RUN uv venv --quiet --python /usr/bin/python3 /opt/matops
WORKDIR /build

# Lists of names, so that libraries are installed again only where one of them changed.
FROM build AS lists
COPY pyproject.toml requirements.lock devtools/images/resolve.sh ./
RUN ./resolve.sh /lists

FROM build AS installer
COPY devtools/images/install.sh ./
COPY --from=lists /lists/hashes.lock ./

FROM installer AS libraries
COPY --from=lists /lists/common.txt ./
RUN ./install.sh common.txt /opt/matops

FROM installer AS cuda
COPY --from=lists /lists/cuda.txt ./
RUN ./install.sh cuda.txt /opt/cuda

# Torch's wheel is linked to CUDA even where it computes without.
FROM libraries AS stubs
COPY --from=cuda /opt/cuda /opt/cuda
COPY devtools/images/cuda_stubs.py ./
RUN python3 cuda_stubs.py /opt/matops/lib/python3.11/site-packages \
      /opt/cuda/lib/python3.11/site-packages /opt/stubs/lib/python3.11/site-packages

FROM installer AS cpu-libraries
COPY --from=lists /lists/cpu.txt ./
RUN ./install.sh cpu.txt /opt/cpu

FROM installer AS train-libraries
COPY --from=lists /lists/train.txt ./
RUN ./install.sh train.txt /opt/train

FROM installer AS serve-libraries
COPY --from=lists /lists/serve.txt ./
RUN ./install.sh serve.txt /opt/serve

FROM build AS code
COPY pyproject.toml LICENSE README.md ./
COPY src src
RUN uv pip install --quiet --python /opt/matops/bin/python --prefix /opt/code --no-deps \
      --compile-bytecode . \
 && rm -f /opt/code/.lock

# What the images share, and what any of them is.
FROM python AS runtime
COPY --from=libraries /opt/matops /opt/matops
RUN groupadd --gid 10001 matops \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin matops \
 && install -d -o 10001 -g 10001 /workspace
ENV PATH=/opt/matops/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    DVC_SITE_CACHE_DIR=/tmp/dvc \
    MATOPS_WORKSPACE=/workspace
WORKDIR /workspace
USER 10001:10001
ENTRYPOINT []
CMD ["matops", "--help"]

FROM runtime AS cpu
COPY --from=stubs /opt/stubs /opt/matops
COPY --from=cpu-libraries /opt/cpu /opt/matops
COPY components /opt/project/components
COPY pipelines /opt/project/pipelines
COPY --from=code /opt/code /opt/matops
ARG VERSION=unknown
ARG COMMIT=unknown
ARG SOURCE=
ENV MATOPS_PROJECT=/opt/project MATOPS_COMMIT=${COMMIT} CUDA_VISIBLE_DEVICES=""
LABEL org.opencontainers.image.title="matops: steps of pipelines, judge, monitor" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${COMMIT}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.licenses="Apache-2.0"

FROM runtime AS train
COPY --from=cuda /opt/cuda /opt/matops
COPY --from=train-libraries /opt/train /opt/matops
COPY --from=code /opt/code /opt/matops
ARG VERSION=unknown
ARG COMMIT=unknown
ARG SOURCE=
ENV MATOPS_COMMIT=${COMMIT}
LABEL org.opencontainers.image.title="matops: training on CUDA" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${COMMIT}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.licenses="Apache-2.0"

FROM runtime AS serve
COPY --from=stubs /opt/stubs /opt/matops
COPY --from=serve-libraries /opt/serve /opt/matops
COPY --from=code /opt/code /opt/matops
ARG VERSION=unknown
ARG COMMIT=unknown
ARG SOURCE=
ENV MATOPS_COMMIT=${COMMIT} CUDA_VISIBLE_DEVICES=""
LABEL org.opencontainers.image.title="matops: served models" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${COMMIT}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.licenses="Apache-2.0"
EXPOSE 8080 8081
CMD ["matops", "serve", "/mnt/models", "--port", "8080", "--grpc-port", "8081"]
