// What the tests of `pixnerd sample` with prompts share: a small text-to-image checkpoint and a text encoder.
#pragma once

#include <algorithm>

#include "image/codec.h"
#include "sample/record.h"
#include "tests/cli/program.h"
#include "tests/image/pictures.h"
#include "tests/models/qwen3_folder.h"
#include "tests/sample/tiny_model.h"

namespace pixnerd::cli {

using Arguments = std::vector<std::string>;

inline sample::ModelDescription tiny_text_description(models::ModelType type = models::ModelType::t2i) {
  sample::ModelDescription description;
  description.model = models::tiny_text_config(type);
  description.model.txt_embed_dim = 16;
  description.sample.size = {8, 8};
  description.sample.sampler.steps = 3;
  description.sample.sampler.guidance = 3.0;
  return description;
}

class TextProgram : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder;
    sample::write_tiny_model(file("t2i.safetensors"), tiny_text_description());
    sample::write_tiny_model(file("heavy.safetensors"), tiny_text_description(models::ModelType::t2i_heavy));
    sample::write_tiny_model(file("classes.safetensors"), sample::tiny_description());
    models::write_qwen3_folder(file("qwen3"));
  }
  static void TearDownTestSuite() { delete folder_; }

  static std::string file(const std::string& name) { return (*folder_ / name).string(); }
  std::string path(const std::string& name) const { return (own_ / name).string(); }

  // `pixnerd sample` from a checkpoint of the suite into a place of this test's own.
  Outcome sample(const Arguments& more, const std::string& out, const std::string& checkpoint = "t2i") const {
    return program_(arguments(more, out, checkpoint));
  }
  Arguments arguments(const Arguments& more, const std::string& out, const std::string& checkpoint = "t2i") const {
    Arguments all{"sample",         "--checkpoint", file(checkpoint + ".safetensors"),
                  "--text-encoder", file("qwen3"),  "--out",
                  path(out),        "--threads",    "1"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  // The one that a successful run wrote.
  image::Image picture(const Arguments& more, const std::string& checkpoint = "t2i") const {
    Arguments all = more;
    all.emplace_back("--overwrite");
    const Outcome outcome = sample(all, "picture.png", checkpoint);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return image::read_image(path("picture.png"));
  }

  // From a file, with nothing else than what it says itself and where the weights are, into again.png. That file itself
  // is moved away before.
  image::Image again(std::string from, const Arguments& more = {}) const {
    if (from == path("again.png")) {
      std::filesystem::rename(from, path("before.png"));
      from = path("before.png");
    }
    Arguments all{"sample", "--again", from, "--out", path("again.png"), "--overwrite"};
    all.insert(all.end(), more.begin(), more.end());
    const sample::PictureRecord record = sample::read_records(from).front();
    const auto add = [&](const std::string& flag, const std::string& name) {
      if (name.empty() || std::find(all.begin(), all.end(), flag) != all.end()) return;
      all.insert(all.end(), {flag, file(name)});
    };
    add("--checkpoint", record.checkpoint);
    add("--text-encoder", record.text_encoder);
    const Outcome outcome = program_(all);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return image::read_image(path("again.png"));
  }

  image::Image read(const std::string& name) const { return image::read_image(path(name)); }
  void write(const std::string& name, const std::string& content) const {
    std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
    checkpoint::write_whole(path(name), content);
  }

  static inline TemporaryFolder* folder_ = nullptr;
  TemporaryFolder own_;
  Program program_;
};

}  // namespace pixnerd::cli
