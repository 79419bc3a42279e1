#include "checkpoint/checkpoint_path.h"

#include "checkpoint/weights_file.h"
#include "core/log.h"
#include "core/text.h"
#include "tests/checkpoint/files.h"

namespace pixnerd::checkpoint {
namespace {

namespace fs = std::filesystem;

class CheckpointPath : public testing::Test {
 protected:
  void write(const fs::path& path, std::string_view content = "{}") {
    fs::create_directories((folder_.path() / path).parent_path());
    write_whole(folder_.path() / path, content);
  }
  void write_weights(const fs::path& path) {
    write(path, file_with(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4));
  }
  fs::path found(const fs::path& given) {
    return checkpoint_path(folder_.path() / given).lexically_relative(folder_.path());
  }
  std::string path_error(const fs::path& given) {
    return thrown<CheckpointError>([&] { checkpoint_path(folder_.path() / given); });
  }

  TemporaryFolder folder_;
};

TEST_F(CheckpointPath, AFileIsItself) {
  EXPECT_EQ(found("none.safetensors"), "none.safetensors");
}

TEST_F(CheckpointPath, ARunIsItsNewestCheckpoint) {
  write("run/config.yaml", "");
  for (const int step : {9, 10, 100}) write_weights(concat("run/checkpoints/step-00000", step, ".safetensors"));
  write("run/checkpoints/step-x.safetensors");
  EXPECT_EQ(found("run"), "run/checkpoints/step-00000100.safetensors");
  EXPECT_EQ(found("run/checkpoints"), "run/checkpoints/step-00000100.safetensors");
  EXPECT_EQ(WeightsFile::open(folder_ / "run")->source(), (folder_.path() / found("run")).string());
}

TEST_F(CheckpointPath, ACutCheckpointIsPassedOverWithAWord) {
  write_weights("run/checkpoints/step-00000010.safetensors");
  write("run/checkpoints/step-00000020.safetensors", "cut");
  std::string said;
  set_log_sink([&](std::string_view line) { said += line; });
  EXPECT_EQ(found("run"), "run/checkpoints/step-00000010.safetensors");
  set_log_sink({});
  expect_contains(said, "step-00000020.safetensors");
  expect_contains(said, "the checkpoint before it is used");
}

TEST_F(CheckpointPath, DiffusersOfPixNerd) {
  write("pipe/model_index.json");
  expect_contains(path_error("pipe"), "is a Diffusers pipeline, but none of PixNerd");
  write_weights("pipe/transformer/diffusion_pytorch_model.safetensors");
  EXPECT_EQ(found("pipe"), "pipe/transformer/diffusion_pytorch_model.safetensors");
  EXPECT_EQ(found("pipe/transformer"), "pipe/transformer/diffusion_pytorch_model.safetensors");
  write("pipe/transformer/diffusion_pytorch_model.safetensors.index.json");
  EXPECT_EQ(found("pipe"), "pipe/transformer/diffusion_pytorch_model.safetensors.index.json");
}

TEST_F(CheckpointPath, DeepSpeedNamesItsNewestFolder) {
  write("ds/latest", "global_step7\n");
  write("ds/global_step7/mp_rank_00_model_states.pt");
  EXPECT_EQ(found("ds"), "ds/global_step7/mp_rank_00_model_states.pt");
  EXPECT_EQ(found("ds/global_step7"), "ds/global_step7/mp_rank_00_model_states.pt");
  write("ds/global_step7/mp_rank_01_model_states.pt");
  expect_contains(path_error("ds/global_step7"), "DeepSpeed");
  write("ds/latest", "../../etc");
  expect_contains(path_error("ds"), "is a folder");
}

TEST_F(CheckpointPath, OtherFoldersAreNamedAsWhatTheyAre) {
  write("dcp/__0_0.distcp");
  expect_contains(path_error("dcp"), "torch.distributed.checkpoint");
  write("run/config.yaml");
  expect_contains(path_error("run"), "no checkpoint yet");
  fs::create_directories(folder_ / "other/checkpoints/step-00000001.safetensors");
  expect_contains(path_error("other"), "no checkpoint yet");
  fs::create_directories(folder_ / "empty");
  expect_contains(path_error("empty"), "name a file in it");
}

TEST_F(CheckpointPath, FilesThatAreNoWeightsAreNamedAsWhatTheyAre) {
  const auto refused = [&](std::string_view content) {
    write("x.safetensors", content);
    return thrown<CheckpointError>([&] { WeightsFile::open(folder_ / "x.safetensors"); });
  };
  expect_contains(refused("version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 5\n"), "git lfs pull");
  expect_contains(refused("<!DOCTYPE html><html>"), "web page");
  expect_contains(refused("what is this"), "is no file of weights");
}

}  // namespace
}  // namespace pixnerd::checkpoint
