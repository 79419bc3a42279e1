// Networks whose weights lie in a mapped file that somebody overwrites or cuts.
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <functional>
#include <thread>

#include "core/errors.h"
#include "tests/core/temporary_folder.h"
#include "tests/core/thrown.h"
#include "tests/sample/drawn.h"

namespace pixnerd::sample {
namespace {

namespace fs = std::filesystem;

class ChangedFileTest : public testing::Test {
 protected:
  ChangedFileTest() {
    write_tiny_model(path_, tiny_description());
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // the clock of files is coarse
  }

  void overwrite_in_place() const {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(fs::file_size(path_)) - 4);
    file << "\1\2\3\4";
  }

  // How many pictures, one after the other.
  static int64_t draw(const ModelFile& file) {
    return std::ssize(drawn(*file.network, requests_for({0, 1, 2}, file.description.sample), {.batch = 1}));
  }

  TemporaryFolder folder_;
  fs::path path_ = folder_ / "tiny.safetensors";
};

TEST_F(ChangedFileTest, NoPictureIsDrawnFromWhatIsThereNow) {
  const std::vector<std::function<void()>> changes = {[&] { overwrite_in_place(); },
                                                      [&] { fs::resize_file(path_, 5000); }};
  for (const auto& change : changes) {
    write_tiny_model(path_, tiny_description());
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    const ModelFile file = load_model(path_);
    EXPECT_EQ(draw(file), 3);
    change();
    const std::string message = thrown<CheckpointError>([&] { draw(file); });
    EXPECT_NE(message.find("tiny.safetensors': was overwritten or cut while it was read"), std::string::npos)
        << message;
  }
}

TEST_F(ChangedFileTest, WeightsArePackedFromWhatWasThere) {
  const ModelFile file = load_model(path_);
  overwrite_in_place();
  EXPECT_THROW(file.network->prepare_for_inference(at::kCPU, at::kFloat), CheckpointError);
}

TEST_F(ChangedFileTest, ReplacingItByRenameIsHarmless) {
  const ModelFile file = load_model(path_);
  write_tiny_model(path_, tiny_description(), 2);
  EXPECT_EQ(draw(file), 3);
}

TEST_F(ChangedFileTest, ParametersCanBeChangedInPlace) {
  const ModelFile file = load_model(path_);
  const c10::NoGradGuard no_gradients;
  for (const auto& [name, parameter] : file.network->parameters()) parameter.mul_(0.5);
  EXPECT_EQ(draw(file), 3);
}

TEST_F(ChangedFileTest, TensorsAreCopiedFromWhatWasThere) {
  const checkpoint::Loaded loaded = checkpoint::load_safetensors(path_);
  checkpoint::NamedTensors copies;
  for (const auto& [name, tensor] : loaded.tensors) copies.emplace_back(name, tensor.clone());
  fs::resize_file(path_, 5000);
  EXPECT_THROW(checkpoint::copy_into(copies, loaded.tensors, "x"), CheckpointError);
  const fs::path other = folder_ / "other.safetensors";
  EXPECT_THROW(checkpoint::save_safetensors(other, {loaded.tensors.begin(), loaded.tensors.end()}), CheckpointError);
  EXPECT_FALSE(fs::exists(other));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator()), 1);
}

}  // namespace
}  // namespace pixnerd::sample
