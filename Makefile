# The targets that a newcomer needs; `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
QUICKSTART := build/quickstart
DOCS_STAMP := $(VENV)/.docs
PROJECTS := pyproject.toml export/pyproject.toml runtime/pyproject.toml
# The engine in C is compiled when the runtime is installed.
NATIVE := runtime/setup.py $(wildcard runtime/bindings/python/*.c \
  runtime/libedgernn/*/*.[ch] runtime/libedgernn/src/*/*.[ch] runtime/libedgernn/src/*.inc \
  runtime/libedgernn/src/*/*.inc)

NEEDS_VENV := $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
  { echo 'error: this Python cannot make virtual environments'; \
    echo '  next:     apt-get install python3-venv'; exit 1; }

.DEFAULT_GOAL := help
.PHONY: help quickstart install demo test check format clean amalgamation boards wasm wasm-model web-demo java bindings hosts host-javascript \
  host-java host-kotlin host-android host-micropython micropython host-rust host-go host-csharp host-swift tools wheels docs reference

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 24

quickstart: $(QUICKSTART)/.installed  ## classify with the sample bundle, without TensorFlow (1 minute)
	$(QUICKSTART)/bin/python examples/quickstart.py

$(QUICKSTART)/.installed: runtime/pyproject.toml $(NATIVE) $(wildcard runtime/edgernn_runtime/*.py runtime/edgernn_runtime/*/*.py)
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(v < (3, 11) and \
	  "error: the runtime needs Python 3.11 or newer\n  found:    %d.%d ($(PYTHON))\n  next:     make quickstart PYTHON=python3.11" % v)'
	@$(NEEDS_VENV)
	@echo 'installing the runtime into $(QUICKSTART): downloads NumPy (about 20 MB), compiles the C engine'
	$(PYTHON) -m venv $(QUICKSTART)
	$(QUICKSTART)/bin/python -m pip install --quiet --disable-pip-version-check ./runtime
	@touch $@

install: $(STAMP)  ## make .venv with everything in it (3 minutes, 3 GB)

$(STAMP): constraints.txt $(PROJECTS) $(NATIVE)
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(not (3, 11) <= v < (3, 14) and \
	  "error: edgernn needs Python 3.11, 3.12 or 3.13\n  found:    %d.%d ($(PYTHON))\n  next:     make PYTHON=python3.11" % v)'
	@$(NEEDS_VENV)
	@echo 'installing into $(VENV): downloads about 2 GB, most of it TensorFlow; 3 GB on disk; quiet for 3 minutes or more'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt \
	  --editable runtime --editable export --editable '.[demo,dev,examples]'
	@touch $@

demo: $(STAMP)  ## train on film reviews, export, classify, compare (6 to 8 minutes)
	@echo 'train on 25,000 film reviews, export three bundles, benchmark: 6 to 8 minutes on two cores; no download'
	$(BIN)/edgernn train --force
	for format in tflite onnx native; do \
	  $(BIN)/edgernn export --format $$format --quantize int8 --force || exit 1; done
	$(BIN)/edgernn predict model/native-int8.edgernn \
	  "A film to remember, I loved every minute." "Two hours that I will never get back."
	$(BIN)/python -m edgernn_runtime model/onnx-int8.edgernn "An honest, warm and funny film."
	$(BIN)/edgernn bench --quick --html model/report.html
	@echo 'the report with charts: model/report.html'

test: $(STAMP)  ## run the tests
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --durations 25

check: $(STAMP)  ## lint, format, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/test_contracts.py tests/runtime/test_native_layers.py -k cycle\ or\ each_other

format: $(STAMP)  ## put the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

amalgamation:  ## the C library as two files, build/edgernn.c and build/edgernn.h
	$(PYTHON) runtime/libedgernn/amalgamate.py build

boards: $(STAMP)  ## run libedgernn on emulated microcontrollers, and print what it takes there
	$(BIN)/python benchmarks/boards.py

wasm:  ## the WebAssembly module of the npm package, runtime/bindings/javascript
	$(PYTHON) runtime/bindings/javascript/build.py

# The switches of a model are in edgernn_export, which needs no more than the runtime for them.
wasm-model: $(QUICKSTART)/.installed  ## the npm package for some models alone, in build/wasm: make wasm-model BUNDLE=FILE
	PYTHONPATH=export $(QUICKSTART)/bin/python -m runtime.bindings.javascript.build_model $(BUNDLE)

web-demo: wasm  ## the demo page in build/web-demo; another bundle: make web-demo BUNDLE=FILE
	$(PYTHON) examples/web/make.py $(BUNDLE)

hosts: $(STAMP)  ## replay the corpus of tests/hosts with every host
	$(BIN)/python -m tests.hosts.run

tools: build/tools/.installed  ## install Go and Kotlin's compiler into build/tools/bin (0.4 GB)

build/tools/.installed: pyproject.toml runtime/tools/kotlinc.py
	$(PYTHON) -m venv build/tools
	build/tools/bin/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	build/tools/bin/python -m pip install --quiet --group hosts
	build/tools/bin/python runtime/tools/kotlinc.py
	@touch $@

wheels:  ## build the wheels of all platforms into build/wheels/dist, and check them
	$(PYTHON) -m runtime.tools.wheels

bindings:  ## the Rust, Go and C# packages, in build/bindings
	$(PYTHON) -m runtime.tools.bindings

host-rust:  ## replay it with the Rust crate
	$(PYTHON) -m tests.hosts.run rust

host-go:  ## replay it with the Go package
	$(PYTHON) -m tests.hosts.run go

host-csharp:  ## replay it with the C# classes, on Mono
	$(PYTHON) -m tests.hosts.run c#

host-swift:  ## replay it with the Swift package; tests.hosts.swift fetches Swift
	$(PYTHON) -m tests.hosts.run swift

host-javascript: wasm  ## replay it with Node, Chromium and Firefox
	$(PYTHON) -m tests.hosts.run javascript

host-java: $(STAMP)  ## replay it with Java; the same for host-kotlin and host-android
	$(BIN)/python -m tests.hosts.run jvm-java

host-kotlin: $(STAMP)
	$(BIN)/python -m tests.hosts.run jvm-kotlin

host-android: $(STAMP)
	$(BIN)/python -m tests.hosts.run android

micropython:  ## build edgernn.mpy for MicroPython, whose sources MPY_DIR names
	$(PYTHON) -m runtime.tools.micropython

host-micropython:  ## replay it in MicroPython's port to Unix, and on an emulated Cortex-M4
	$(PYTHON) -m tests.hosts.run micropython

java:  ## build the jar of all desktops and Android's AAR into build/java; this machine's jar: make java PLATFORM=host
	$(PYTHON) -m runtime.tools.java $(if $(PLATFORM),--platform $(PLATFORM))

# The tools of the extra `docs` are installed when the site is built for the first time.
$(DOCS_STAMP): $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt \
	  --editable '.[docs]'
	@touch $@

docs: $(DOCS_STAMP)  ## build the documentation site into build/site, and check its links
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	$(BIN)/python -m tools.docs.links build/site /edgernn/

reference: $(STAMP)  ## write the generated files in docs/reference
	$(BIN)/python -m tools.docs.write

clean:  ## remove what make made
	rm -rf $(VENV) model build *.egg-info export/*.egg-info runtime/*.egg-info
