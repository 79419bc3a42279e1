#include "train/network_choice.h"

#include "config/builtin.h"
#include "core/errors.h"
#include "core/file.h"
#include "core/log.h"
#include "core/text.h"
#include "sample/model_file.h"
#include "tests/core/thrown.h"
#include "tests/train/tiny_run.h"

namespace pixnerd::train {
namespace {

class NetworkChoice : public TinyRun {};

// The built-in configuration for pictures of one's own, on these.
RunConfig own_pictures(const RunConfig& few) {
  RunConfig own = read_run_config(config::parse(*config::builtin("own_pictures"), "own_pictures.yaml"));
  own.data = few.data;
  own.train = few.train;
  own.sample.size = few.sample.size;
  own.sample.sampler.steps = 2;
  return own;
}

TEST_F(NetworkChoice, ANetworkThatIsLeftOpenIsThatOfTheFileItBeginsFrom) {
  config_.model.prediction = models::Prediction::image;
  const fs::path first = run(config_, folder_ / "first", {}, progress_).checkpoint;
  for (const char* name : {"a.png", "b.png"}) {  // another class
    fs::create_directories(folder_ / "data/third");
    fs::copy_file(folder_ / "data/dark" / name, folder_ / "data/third" / name);
  }
  RunConfig own = own_pictures(config_);
  RunOptions options;
  options.init = first;
  std::string log;
  set_log_sink([&](std::string_view line) { log += line; });
  const fs::path second = run(own, folder_ / "second", options, progress_).checkpoint;
  set_log_sink({});
  const models::ModelConfig network = sample::load_model(second).description.model;
  EXPECT_EQ(network.hidden_size, config_.model.hidden_size);
  EXPECT_EQ(network.prediction, models::Prediction::image);
  EXPECT_EQ(network.num_classes, 3);
  EXPECT_NE(log.find(concat("the network is that of ", quoted(first), ": width 16,")), std::string::npos) << log;

  // The same command with --resume, or with more steps and without --init.
  EXPECT_EQ(run(own, folder_ / "second", resuming(), progress_).steps, 0);
  own.train.steps = 4;
  EXPECT_EQ(run(own, folder_ / "second", resuming(), progress_).step, 4);
}

// Resumed without the file, and with what the folder says of the network lost.
TEST_F(NetworkChoice, ARunWhoseConfigurationIsDamagedSaysWhatDiffers) {
  RunOptions options;
  options.init = run(config_, folder_ / "first", {}, progress_).checkpoint;
  run(own_pictures(config_), folder_ / "second", options, progress_);
  for (const char* text : {"model: [", ""}) {
    write_file_atomically(folder_ / "second/config.yaml", [&](std::ostream& file) { file << text; });
    const std::string message =
        thrown<ConfigError>([&] { run(own_pictures(config_), folder_ / "second", resuming(), progress_); });
    EXPECT_NE(message.find("model.hidden_size is 16 in the run and "), std::string::npos) << message;
  }
}

TEST_F(NetworkChoice, ANetworkThatIsSaidIsNotThatOfAnotherFile) {
  RunOptions options;
  options.init = run(config_, folder_ / "first", {}, progress_).checkpoint;
  RunConfig own = own_pictures(config_);
  own.is_model_open = false;
  EXPECT_THROW(run(own, folder_ / "second", options, progress_), CheckpointError);
  EXPECT_FALSE(fs::exists(folder_ / "second"));
}

TEST_F(NetworkChoice, AFileOfAnotherKindOfNetworkIsRefused) {
  const models::ModelConfig text = models::tiny_text_config(models::ModelType::t2i);
  const auto network = models::fresh_network(text, 1);
  checkpoint::save_safetensors(folder_ / "text.safetensors", network->parameters(),
                               sample::describe({text, {}, {}, {}}, 1));
  RunOptions options;
  options.init = folder_ / "text.safetensors";
  const std::string message =
      thrown<CheckpointError>([&] { run(own_pictures(config_), folder_ / "run", options, progress_); });
  EXPECT_NE(message.find("model.type t2i"), std::string::npos) << message;
}

}  // namespace
}  // namespace pixnerd::train
