# Everything runs in .venv, which the first target makes from the lock file.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
UV_VERSION := 0.13.8
FAMILY ?= elastic_cgcnn
PACKAGE ?=
PORT ?= 8080
SOURCE ?=
TEST_WORKERS ?= 2
OVERLAY ?= local
# Where the cluster of make cluster lies, and what runs on it beside the node: devtools/cluster/*.
CLUSTER_DIR ?= $(CURDIR)/.tools/cluster
CLUSTER_PARTS ?= dns storage gateway prometheus argo policies
export CLUSTER_DIR
# What the demo's steps are: process, or docker with the images that make images has built.
RUNNER ?= process
# Their last versions that the Go proxy has; they are built from source, once.
MINIO := github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c
MLFLOW := mlflow==3.17.2
GITLEAKS := github.com/zricethezav/gitleaks/v8@v8.30.1
VERSITYGW := github.com/versity/versitygw/cmd/versitygw@v1.8.0
KUSTOMIZE := sigs.k8s.io/kustomize/kustomize/v5@v5.5.0
KUBE_SCORE := github.com/zegl/kube-score/cmd/kube-score@v1.20.0
# Modules that bring the definitions of their kinds along.
GATEWAY_API := sigs.k8s.io/gateway-api@v1.5.1
PROMETHEUS_OPERATOR := github.com/prometheus-operator/prometheus-operator@v0.92.0

# An empty file says which module the definitions in its folder are of.
GATEWAY_CRDS := .tools/crds/gateway-api/$(notdir $(GATEWAY_API))
OPERATOR_CRDS := .tools/crds/prometheus-operator/$(notdir $(PROMETHEUS_OPERATOR))

KUBECTL := kubectl $(if $(MATOPS_KUBERNETES_CONTEXT),--context $(MATOPS_KUBERNETES_CONTEXT))

# One Dockerfile; an image a target. VERSION and the base image stand in one place each.
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
BASE_IMAGE := $(shell sed -n 's/^ARG BASE_IMAGE=//p' Dockerfile)
# Of the code that is in the images, with -dirty where files were changed since or no commit has them.
CODE := src components pipelines pyproject.toml requirements.lock Dockerfile devtools/images
COMMIT = $(shell git rev-parse HEAD)$(if $(shell git status --porcelain -- $(CODE)),-dirty)
# A commit is one build for good; the version alone is the latest build of it.
TAG = $(VERSION)-$(shell echo $(COMMIT) | cut -c 1-12)$(findstring -dirty,$(COMMIT))
SOURCE_URL ?=
IMAGES := cpu train serve
NAME_cpu := matops-python
NAME_train := matops-train-python
NAME_serve := matops-serve-python

# Commands see the tools of .venv, and the checkout they belong to.
export PATH := $(CURDIR)/$(BIN):$(PATH)
export MATOPS_PROJECT := $(CURDIR)
# Byte code is kept: without it every process, and each step of a pipeline is one, would compile
# the libraries that it imports.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo test slow-tests check docs docs-serve format bench accuracy pipelines serve deploy undeploy lock clean \
  minio minio-image mlflow versitygw kustomize kube-score crds api-server object-store object-tests live-tests \
  cluster cluster-down cluster-tests \
  images base-image image-tests sbom scan gitleaks $(IMAGES:%=image-%)

help: ## explain each target
	@awk -F ':.*## ' '/^[a-z -]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## install everything into .venv, exactly as locked

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' \
	  || { echo "matops needs Python 3.11; name it with make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --requirements requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	touch $@

demo: $(READY) ## simulate, ingest, train, judge, release, serve and ask: minutes on 2 cores
	MATOPS_RUNNER=$(RUNNER) matops demo --family $(FAMILY)

test: $(READY) ## what to run before each commit: minutes
	python -m pytest -n $(TEST_WORKERS) --dist loadfile -m "not slow and not s3 and not live and not docker and not cluster"

slow-tests: $(READY) ## whole pipelines, trainings that are killed, exhaustive searches
	python -m pytest -n $(TEST_WORKERS) -m "slow and not s3 and not live and not docker and not cluster"

object-tests: $(READY) minio ## tests of the data store on real S3 servers, faults included
	python -m pytest -n0 -m "s3 and not cluster" -rs tests

# Two at a time: they wait for most of their seconds, and each file has servers of its own.
live-tests: $(READY) ## tests with the distribution's Prometheus and proxy
	python -m pytest -n 2 --dist loadfile -m "live and not cluster" -rs tests

# The cluster that make cluster has started, unless another is named.
cluster-tests: export KUBECONFIG := $(or $(KUBECONFIG),$(if $(MATOPS_KUBERNETES_CONTEXT),,$(wildcard $(CLUSTER_DIR)/kubeconfig)))
cluster-tests: $(READY) ## tests on the cluster that KUBECONFIG or MATOPS_KUBERNETES_CONTEXT names
	python -m pytest -n0 -m cluster -rs tests

object-store: $(READY) minio ## start MinIO for development and print the settings that use it
	python -m devtools.object_store

minio versitygw kustomize kube-score gitleaks: ## find a tool, or build it into .tools/bin: minutes, once
	@command -v $@ || test -x .tools/bin/$@ || $(MAKE) .tools/bin/$@

.tools/bin/minio: MODULE := $(MINIO)
.tools/bin/versitygw: MODULE := $(VERSITYGW)
.tools/bin/kustomize: MODULE := $(KUSTOMIZE)
.tools/bin/kube-score: MODULE := $(KUBE_SCORE)
.tools/bin/gitleaks: MODULE := $(GITLEAKS)
.tools/bin/%:
	@command -v go || { echo "$* needs Go to be built, or put $* on the PATH"; exit 1; }
	CGO_ENABLED=0 GOBIN=$(CURDIR)/.tools/bin nice -n 19 go install $(MODULE)

mlflow: .tools/mlflow/bin/mlflow ## install MLflow into .tools, apart from all else: a minute, once

# Its libraries and ours don't agree; no test needs both in one process.
.tools/mlflow/bin/mlflow: $(READY)
	uv venv --quiet --clear --python $(BIN)/python .tools/mlflow
	uv pip install --quiet --python .tools/mlflow/bin/python $(MLFLOW)

minio-image: .tools/bin/minio ## the image of MinIO for manifests/overlays/local, from source
	tar -c -C .tools/bin minio -C $(CURDIR)/manifests/components/object-store Dockerfile \
	  | docker build --tag matops-minio:0.2.0 -

api-server: ## build a Kubernetes API server into .tools/bin: minutes, once
	@command -v go > /dev/null || { echo "the API server needs Go to be built"; exit 1; }
	devtools/cluster/kubernetes/build.sh kube-apiserver kubectl etcd

cluster: $(READY) $(GATEWAY_CRDS) ## build and start a cluster of one node here, as root: half an hour once, then a minute
	python -m devtools.cluster check
	devtools/cluster/build.sh kubernetes pause $(CLUSTER_PARTS)
	CLUSTER_PARTS="$(CLUSTER_PARTS)" python -m devtools.cluster up

cluster-down: $(READY) ## end that cluster; nothing of it is left
	python -m devtools.cluster down


crds: $(GATEWAY_CRDS) $(OPERATOR_CRDS) ## fetch what manifests are checked by

$(GATEWAY_CRDS): MODULE := $(GATEWAY_API)
$(GATEWAY_CRDS): FOLDER := config/crd/standard
$(OPERATOR_CRDS): MODULE := $(PROMETHEUS_OPERATOR)
$(OPERATOR_CRDS): FOLDER := example/prometheus-operator-crd
$(GATEWAY_CRDS) $(OPERATOR_CRDS):
	@command -v go > /dev/null || { echo "definitions are in a Go module, $(MODULE); this needs Go"; exit 1; }
	rm -rf $(@D) && mkdir -p $(@D)
	cp "$$(go mod download -json $(MODULE) | sed -n 's/.*"Dir": "\(.*\)",/\1/p')"/$(FOLDER)/*.yaml $(@D)
	grep -L '^kind: CustomResourceDefinition' $(@D)/*.yaml | xargs -r rm -f
	touch $@

check: $(READY) ## lint, format, types, import contracts, the site
	ruff check .
	ruff format --check .
	mypy
	lint-imports
	$(MAKE) --no-print-directory docs

docs: $(READY) ## build the site in build/site; a link that leads nowhere fails
	NO_MKDOCS_2_WARNING=1 mkdocs build --strict --quiet

docs-serve: $(READY) ## show the site while its pages are written: make docs-serve PORT=8080
	NO_MKDOCS_2_WARNING=1 mkdocs serve --dev-addr 127.0.0.1:$(PORT)

format: $(READY) ## let ruff format the code
	ruff format .
	ruff check --fix .

bench: $(READY) ## print the benchmarks' ratios (SOURCE=path adds crystals, PACKAGE=path a model)
	python -m benchmarks.elastic_cgcnn_speed $(if $(SOURCE),--source $(SOURCE))
	python -m benchmarks.continuum_speed
	python -m benchmarks.data_ingest
	python -m benchmarks.hostile_input --rows 10000 --rows 1000000
	python -m benchmarks.start_up
	python -m benchmarks.canary_judge --releases 100
	python -m benchmarks.serving_load
	python -m benchmarks.serving_profile
	python -m benchmarks.fanout
	$(if $(PACKAGE),python -m benchmarks.serving_fuzz $(PACKAGE))
	$(if $(PACKAGE),python -m benchmarks.serving_attacks $(PACKAGE))
	python -m benchmarks.screening_speed $(if $(PACKAGE),--package $(PACKAGE))
	$(if $(PACKAGE),python -m benchmarks.rolling_releases --package $(PACKAGE))

accuracy: $(READY) ## held-out accuracy beside baselines: make accuracy FAMILY=name SOURCE=path
	python -m benchmarks.$(FAMILY)_accuracy --source $(SOURCE)

images: $(IMAGES:%=image-%) ## build the container images of this commit: minutes, 10 GB of disk

$(IMAGES:%=image-%): image-%:
	docker build --quiet --target $* --tag $(NAME_$*):$(TAG) --tag $(NAME_$*):$(VERSION) \
	  --build-arg VERSION=$(VERSION) --build-arg COMMIT=$(COMMIT) --build-arg SOURCE=$(SOURCE_URL) .

image-tests: $(READY) ## tests of the images, with Docker; make images first
	python -m pytest -n0 -m docker -rs tests

sbom: $(READY) ## bills of materials of the images in build/sbom, as CycloneDX
	for name in $(foreach image,$(IMAGES),$(NAME_$(image))); do \
	  python -m devtools.sbom $$name:$(VERSION) build/sbom/$$name.cdx.json || exit 1; done

scan: $(READY) gitleaks ## look for secrets and known vulnerabilities in repository and images
	PATH=$(CURDIR)/.tools/bin:$$PATH \
	  devtools/images/scan.sh $(foreach image,$(IMAGES),$(NAME_$(image)):$(VERSION))

base-image: ## where no registry is reached: make the images' base with debootstrap, as root
	devtools/images/base_image.sh $(BASE_IMAGE)

pipelines: $(READY) ## compile the pipelines in build/pipelines, to IR YAML and Kubernetes objects
	python -m pipelines build/pipelines --native

serve: $(READY) ## serve a package: make serve PACKAGE=directory PORT=8080
	matops serve $(PACKAGE) --port $(PORT)

deploy: $(READY) ## check the cluster, then apply an overlay: make deploy OVERLAY=local
	mkdir -p build/manifests
	$(KUBECTL) kustomize manifests/overlays/$(OVERLAY) > build/manifests/$(OVERLAY).yaml
	matops platform check build/manifests/$(OVERLAY).yaml
	$(KUBECTL) apply -f build/manifests/$(OVERLAY).yaml

undeploy: ## take an overlay away; the namespace, its secrets and all data stay
	$(KUBECTL) delete -k manifests/overlays/$(OVERLAY) -l 'matops/keep!=data' --ignore-not-found

lock: $(READY) ## resolve pyproject.toml anew into requirements.lock
	uv pip compile pyproject.toml --all-extras --python-version 3.11 \
	  --generate-hashes --no-header --no-annotate --no-emit-index-url \
	  --output-file requirements.lock

clean: ## remove what can be made again: .venv, demo, build and caches
	rm -rf $(VENV) .tools demo build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
