# One file, named stages:
#   serve     Seldon's model server with our predictor: what a SeldonDeployment names
#   web       the page that people use
#   train     the steps of pipelines and sweeps: TensorFlow, Kubeflow Pipelines, pylib
#   notebook  train with JupyterLab, as Kubeflow's notebook controller starts it
#   mlflow    MLflow's tracking server
#
#   docker build --target serve --tag ghcr.io/example/images-serve:0.1.0 .
#
# Packages are pinned by hash in locks/; the base is pinned where it is given by digest:
#   --build-arg BASE=python:3.11-slim@sha256:...
# All run as user 1000 on a read-only root file system with a writable /tmp, and have a shell.
ARG BASE=python:3.11-slim

FROM ${BASE} AS base
RUN groupadd --gid 1000 app && useradd --uid 1000 --gid app --no-create-home --home-dir /tmp app
# HOME and caches of libraries go where a pod may write; nothing writes bytecode at run time.
ENV HOME=/tmp TMPDIR=/tmp PATH=/opt/venv/bin:$PATH PYTHONPATH=/app PYTHONUNBUFFERED=1
WORKDIR /app

FROM base AS serve-packages
COPY locks/serve.txt /locks/serve.txt
RUN python3 -m venv /opt/venv \
 && pip install --no-cache-dir --require-hashes --requirement /locks/serve.txt \
 && pip uninstall --yes pip

FROM base AS web-packages
COPY locks/web.txt /locks/web.txt
RUN python3 -m venv /opt/venv \
 && pip install --no-cache-dir --require-hashes --requirement /locks/web.txt \
 && pip uninstall --yes pip

FROM base AS train-packages
COPY locks/train.txt /locks/train.txt
RUN python3 -m venv /opt/venv \
 && pip install --no-cache-dir --require-hashes --requirement /locks/train.txt

FROM base AS mlflow-packages
COPY locks/mlflow.txt /locks/mlflow.txt
RUN python3 -m venv /opt/venv \
 && pip install --no-cache-dir --require-hashes --requirement /locks/mlflow.txt \
 && pip uninstall --yes pip

FROM base AS serve
COPY --from=serve-packages /opt/venv /opt/venv
COPY pylib pylib
RUN python3 -m compileall -q pylib
ENV PYTHONDONTWRITEBYTECODE=1
USER 1000:1000
EXPOSE 9000 9500 6000
# Seldon's operator adds the model's parameters and the ports as environment variables.
CMD ["python3", "-m", "pylib.serving.protocols.seldon.microservice", "--host", "0.0.0.0"]

FROM base AS web
# git for the history of releases, and for the commit that is one.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends git openssh-client \
 && rm -rf /var/lib/apt/lists/*
COPY --from=web-packages /opt/venv /opt/venv
COPY images.lock ./
COPY gates gates
COPY katib katib
COPY pylib pylib
RUN python3 -m compileall -q katib pylib
ENV PYTHONDONTWRITEBYTECODE=1 PYLIB_OUTPUT=/tmp/out PYLIB_WEB_HOST=0.0.0.0
USER 1000:1000
EXPOSE 8080
# Behind the gateway, whose login it believes; `pylib web` alone would ask for a password.
CMD ["python3", "-c", "from pylib.cli import main; main()", "web"]

FROM base AS train
# git for the commit that is a release.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends git openssh-client \
 && rm -rf /var/lib/apt/lists/*
COPY --from=train-packages /opt/venv /opt/venv
COPY pyproject.toml README.md LICENSE images.lock ./
COPY gates gates
COPY katib katib
COPY locks/train.txt locks/train.txt
COPY pylib pylib
COPY components components
COPY pipelines pipelines
COPY notebooks/report.ipynb notebooks/report.ipynb
RUN pip install --no-cache-dir --no-deps --no-build-isolation --editable . \
 && python3 -m compileall -q katib pylib components pipelines
# The commit that the image was built from is part of each step's provenance.
ARG GIT_COMMIT=""
# Results go where a pod may write; the local runner says the same of ./out.
ENV PYLIB_GIT_COMMIT=$GIT_COMMIT PYTHONDONTWRITEBYTECODE=1 PYLIB_OUTPUT=/tmp/out
USER 1000:1000
CMD ["pylib", "--help"]

FROM train AS notebook
USER root
COPY locks/notebook.txt locks/notebook.txt
# Kubeflow calls the user jovyan and mounts a volume where its home is.
RUN pip install --no-cache-dir --require-hashes --requirement locks/notebook.txt \
 && usermod --login jovyan --home /home/jovyan app \
 && install --directory --owner=1000 --group=1000 /home/jovyan
ENV HOME=/home/jovyan PYLIB_OUTPUT=/home/jovyan/out SHELL=/bin/bash
WORKDIR /home/jovyan
USER 1000:1000
EXPOSE 8888
# Below NB_PREFIX, which the controller sets; without a password, because the gateway has asked who it is.
CMD exec jupyter lab --no-browser --ip=0.0.0.0 --port=8888 --ServerApp.base_url="${NB_PREFIX:-/}" \
  --IdentityProvider.token='' --ServerApp.allow_remote_access=True

FROM base AS mlflow
COPY --from=mlflow-packages /opt/venv /opt/venv
ENV PYTHONDONTWRITEBYTECODE=1
USER 1000:1000
EXPOSE 5000
CMD ["mlflow", "server", "--host", "0.0.0.0"]
