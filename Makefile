# `make` alone lists the targets. Each installs what it needs and is missing (tools/setup.sh); what it then does is
# one line here or one script in tools/.
.DEFAULT_GOAL := help
.PHONY: help setup build test fuzz sanitize races demo serve learn bench data judge-data features format lint clean

# What `make demo` draws, a class a row; `pixnerd info --classes $(DEMO_CHECKPOINT)` lists the classes there are.
DEMO_CHECKPOINT := assets/emoji64.safetensors
DEMO_PICTURE := out/demo.png
DEMO_SAMPLE := build/pixnerd sample --checkpoint $(DEMO_CHECKPOINT) --count 8 --seed 0 --batch 40 \
    --out $(DEMO_PICTURE) --overwrite --labels \
    --class "grinning face" --class "face with tears of joy" --class "smiling face with sunglasses" \
    --class "red heart" --class ghost --class fox --class penguin --class sunflower --class pizza --class watermelon

# What else it draws: prompts, a language a column, and prompts at 64 x 64, 128 x 128 and 256 x 256 pixels.
PROMPT_CHECKPOINT := assets/emoji_t2i.safetensors
DEMO_PROMPTS := build/pixnerd sample --checkpoint $(PROMPT_CHECKPOINT) --overwrite --labels

# The run of `make learn`, and all that it draws in the end.
LEARN_RUN := out/learn
LEARN_PICTURE := out/faces.png

# Options for `make serve`, for example SERVE_OPTIONS='--port 8000'.
SERVE_OPTIONS :=

# What `make bench` runs: each is a program of bench/ that measures a question and its baseline in the same run.
BENCHMARKS := kernels_bench product_bench optimizer_bench network_bench engine_bench picture_bench memory_bench inception_bench tokenizer_bench

# What `make races` runs.
RACES := ThreadsTest.*:EngineTest.*

# Tests that run at once, of which most take one or two threads, and options for ctest, for example
# `make test TEST_OPTIONS='-L golden -V'`.
TEST_JOBS := 2
TEST_OPTIONS :=

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 16

setup: ## install what is missing: Debian packages, LibTorch and what tests compare with in .venv
	@tools/setup.sh

build: setup ## build the program (build/pixnerd) and all tests
	@tools/tokenizer.sh --or-warn
	@tools/page_packages.sh --or-warn
	@tools/build.sh

test: build ## run all tests
	ctest --test-dir build -j $(TEST_JOBS) --no-tests=error --output-on-failure $(TEST_OPTIONS)

fuzz: ## feed broken files to every reader, FUZZ_SECONDS=600 each; TARGETS="zip yaml" names some
	@tools/setup.sh build torch test fuzz
	@tools/fuzz.sh $(TARGETS)

sanitize: setup ## run all tests in a build that watches its memory and arithmetic (slow)
	@BUILD_FOLDER=build-sanitize BUILD_OPTIONS=-DPIXNERD_SANITIZE=ON tools/build.sh
	ASAN_OPTIONS=allocator_may_return_null=1 ctest --test-dir build-sanitize --output-on-failure $(TEST_OPTIONS)

races: setup ## run the tests of the engine's threads in a build that watches for data races (slow)
	@BUILD_FOLDER=build-races BUILD_OPTIONS=-DPIXNERD_RACES=ON tools/build.sh test_engine
	OMP_NUM_THREADS=1 TSAN_OPTIONS=halt_on_error=1 setarch -R build-races/test_engine --gtest_filter='$(RACES)'

demo: ## draw classes and prompts with the shipped weights
	@tools/setup.sh build torch
	@tools/build.sh pixnerd
	@mkdir -p $(dir $(DEMO_PICTURE))
	$(DEMO_SAMPLE)
	$(DEMO_PROMPTS) --prompts assets/emoji_prompts.jsonl --columns 12 --out out/prompts.png
	$(DEMO_PROMPTS) --prompts assets/emoji_sizes.jsonl --columns 3 --out out/sizes.png
	@echo "the pictures are in $(CURDIR)/out: $(notdir $(DEMO_PICTURE)), prompts.png, sizes.png"

serve: ## draw in a browser with the shipped weights: http://127.0.0.1:7860
	@tools/setup.sh build torch
	@tools/build.sh pixnerd
	build/pixnerd serve --checkpoint $(DEMO_CHECKPOINT) --folder out/serve $(SERVE_OPTIONS)

learn: ## watch a network learn to draw faces, from nothing: ten minutes on two cores
	@tools/setup.sh build torch data
	@tools/build.sh pixnerd
	@.venv/bin/python tools/emoji/build.py --out data/faces --subset faces --styles twemoji
	build/pixnerd train learn --out $(LEARN_RUN) --resume --or-new --watch
	build/pixnerd sample --checkpoint $(LEARN_RUN) --classes all --count 1 --labels --out $(LEARN_PICTURE) --overwrite
	@echo "what it draws now is in $(CURDIR)/$(LEARN_PICTURE); rm -r $(LEARN_RUN) to see it learn again"

bench: ## measure speed against the plain reference
	@tools/setup.sh build torch
	@tools/tokenizer.sh --or-warn
	@tools/build.sh pixnerd $(BENCHMARKS)
	@set -e; for benchmark in $(BENCHMARKS); do build/$$benchmark; done

data: ## fetch and draw the emoji training pictures: WebDataset shards in data/emoji
	@tools/setup.sh data
	.venv/bin/python tools/emoji/build.py --out data/emoji

judge-data: ## fetch and draw the emoji of other artists, for pixnerd eval --judge-also: data/emoji_judge
	@tools/setup.sh data
	.venv/bin/python tools/emoji/build.py --for-judging --out data/emoji_judge

features: ## fetch EfficientNet-Lite0, trained on ImageNet, for pixnerd eval --efficientnet-lite
	@tools/setup.sh data
	@tools/features.sh

format: ## format the C++ sources
	@tools/setup.sh format
	@find src tests bench \( -name '*.h' -o -name '*.cpp' \) -print0 | xargs -0 -r clang-format -i

lint: ## check formatting, layering and, in torch-free and changed files, clang-tidy's rules
	@tools/setup.sh build torch test format lint
	@tools/build.sh configure
	@tools/lint.sh

clean: ## remove what was built; .venv and the downloads in .cache stay
	rm -rf build build-fuzz build-sanitize build-races
