# A thin face on CMake. `make deps` installs what Debian 12 has; everything else builds in build/.
SHELL := /bin/bash
JOBS ?= $(shell nproc)
# Several tests at a time, whose threads must not wait for each other by spinning.
CTEST := OMP_WAIT_POLICY=passive ctest --output-on-failure -j $(JOBS)
# To build; to test too; and to format, to lint, to fuzz and whatever else those who change dc3 do.
PACKAGES_BUILD := build-essential cmake ninja-build pkg-config libdnnl-dev libvips-dev libjpeg-dev libpng-dev \
  libtiff-dev libwebp-dev libglib2.0-dev libopenblas-dev liblapacke-dev libjansson-dev libarchive-dev libsqlite3-dev \
  libcurl4-openssl-dev libjs-chart.js
PACKAGES_TEST := libcmocka-dev python3 python3-venv python3-numpy python3-pil
PACKAGES_DEVELOP := clang libclang-rt-dev libomp-dev clang-format clang-tidy cppcheck gcovr valgrind git \
  libopenmpi-dev openmpi-bin
PACKAGES := $(PACKAGES_BUILD)
MISSING = $(shell for p in $(PACKAGES); do \
  dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || echo $$p; done)
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
SOURCES = $(shell git ls-files '*.c' '*.h')

.PHONY: all everything deps deps-test deps-dev demo test bench bench-dispatch format format-check lint \
  install uninstall deb wheel sanitize fuzz coverage valgrind tsan clean

# The program, the library and the manuals.
all: build/build.ninja
	cmake --build build -j $(JOBS) --target product

# The tests and benchmarks too.
everything:
	@bash tools/check_deps.sh tests
	cmake -S . -B build -G Ninja
	cmake --build build -j $(JOBS)

build/build.ninja:
	@bash tools/check_deps.sh
	cmake -S . -B build -G Ninja

# Installs what is missing of Debian's packages: deps to build, deps-test to test too, deps-dev all. And fetches the
# weights of a network of photos, which nothing needs.
deps-test: PACKAGES += $(PACKAGES_TEST)
deps-dev: PACKAGES += $(PACKAGES_TEST) $(PACKAGES_DEVELOP)
deps deps-test deps-dev:
	@missing="$(MISSING)"; if [ -n "$$missing" ]; then \
	  echo "installing $$missing"; \
	  $(SUDO) apt-get update -q && \
	  DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -q --no-install-recommends $$missing; \
	else echo "all packages are there"; fi
	@bash tools/fetch_backbone.sh

# What is given as DATA=... reaches the recipe through the environment, as it is.
demo: deps all
	bash tools/demo.sh "$$DATA"

# Like demo it installs what is missing.
test:
	@bash tools/check_deps.sh tests 2> /dev/null || $(MAKE) deps-test
	@$(MAKE) everything
	$(CTEST) --test-dir build

sanitize:
	@bash tools/check_deps.sh tests
	cmake -S . -B build-sanitize -G Ninja -DDC3_SANITIZE=ON
	cmake --build build-sanitize -j $(JOBS)
	ASAN_OPTIONS=detect_leaks=1 LSAN_OPTIONS=suppressions=$(CURDIR)/tests/lsan.supp:print_suppressions=0 \
	  UBSAN_OPTIONS=print_stacktrace=1 $(CTEST) --test-dir build-sanitize

# Each fuzz target for SECONDS_EACH=20 seconds, with clang.
fuzz:
	CC=clang cmake -S . -B build-fuzz -G Ninja -DDC3_FUZZ=ON -DCMAKE_C_FLAGS_RELEASE="-O1 -g"
	cmake --build build-fuzz -j $(JOBS)
	tools/fuzz.sh

# What the tests run of src and cli, a line each folder. COVERAGE_TESTS='unit|fuzz|cli' runs those labels only.
coverage:
	@bash tools/check_deps.sh tests
	cmake -S . -B build-coverage -G Ninja -DDC3_COVERAGE=ON -DCMAKE_C_FLAGS_RELEASE="-O1 -g"
	cmake --build build-coverage -j $(JOBS)
	tools/coverage.sh

# By hand: memory errors that the sanitizers do not see in libraries (valgrind), and races between threads (tsan).
valgrind: everything
	tools/valgrind.sh

tsan:
	CC=clang cmake -S . -B build-tsan -G Ninja -DDC3_TSAN=ON -DCMAKE_C_FLAGS_RELEASE="-O1 -g"
	cmake --build build-tsan -j $(JOBS)
	tools/tsan.sh

bench: all
	cmake --build build --target benchmarks -j $(JOBS)
	tools/bench.sh

# Every candidate for each shape of the networks, and where the rules (src/kernels/rules.c) do not choose the best; a
# machine that is quiet, results to bench/results.
bench-dispatch: all
	cmake --build build --target bench_dispatch -j $(JOBS)
	@sed -n 's/^model name\t*: //p' /proc/cpuinfo | head -1
	build/bench/bench_dispatch f32
	build/bench/bench_dispatch bf16

format:
	@clang-format -i $(SOURCES)

format-check:
	@clang-format --dry-run -Werror $(SOURCES)

lint: all
	clang-tidy --quiet -p build $$(git ls-files 'src/*.c' 'cli/*.c' | grep -vE 'src/kernels/(vector|amx)/')
	cppcheck --quiet --error-exitcode=1 --inline-suppr --enable=warning,portability --suppress=missingIncludeSystem \
	  --suppress=normalCheckLevelMaxBranches -I include -I src src cli

# PREFIX: where the files belong, remembered by build/ (at first /usr/local). DESTDIR: a folder that stands for /
# meanwhile. What the last call installed is listed for uninstall.
install: build/build.ninja
	cmake -S . -B build $${PREFIX:+-DCMAKE_INSTALL_PREFIX:PATH="$$PREFIX"} > build/install.log
	cmake --build build -j $(JOBS) --target product
	$${DESTDIR:+env DESTDIR="$$(realpath -m -- "$$DESTDIR")"} cmake --install build >> build/install.log || \
	  { tail build/install.log; exit 1; }
	@mv build/install_manifest.txt build/installed.txt
	@[ -n "$$DESTDIR" ] || [ "$$(id -u)" != 0 ] || ldconfig
	@echo "installed $$(grep -c '' build/installed.txt) files below" \
	  "$$DESTDIR$$(sed -n 's/^CMAKE_INSTALL_PREFIX:PATH=//p' build/CMakeCache.txt)"

uninstall:
	@bash tools/uninstall.sh build/installed.txt

# Debian packages of the program, the library and its headers, in build-deb/; tools/deb_chroot.sh tries them in a new
# Debian. Files have the time of the changelog, so that the same sources give the same packages.
deb: export SOURCE_DATE_EPOCH = $(shell date -d "$$(sed -n 's/^ -- .*>  //p' packaging/deb/changelog)" +%s)
deb:
	@bash tools/check_deps.sh
	@command -v file > /dev/null || { echo "install Debian's package 'file' first" >&2; exit 1; }
	cmake -S . -B build-deb -G Ninja -DCMAKE_INSTALL_PREFIX=/usr -DBUILD_TESTING=OFF \
	  -DCMAKE_EXE_LINKER_FLAGS=-Wl,-z,relro,-z,now -DCMAKE_SHARED_LINKER_FLAGS=-Wl,-z,relro,-z,now
	cmake --build build-deb -j $(JOBS) --target product
	rm -f build-deb/*.deb
	cd build-deb && cpack -G DEB
	@if command -v lintian > /dev/null; then lintian --fail-on error,warning build-deb/*.deb; \
	  else echo "not checked: lintian is not there"; fi

# The Python package, in build/wheel/; with the libraries under dc3 in it where auditwheel and patchelf are there.
wheel: PYTHON := python3
wheel: BUILD := build
wheel: WHEELS := build/wheel
wheel: all
	$(PYTHON) python/make_wheel.py $(BUILD) $(WHEELS) repair

clean:
	rm -rf build build-sanitize build-fuzz build-coverage build-tsan build-deb
