#include "cli/train.h"

#include <iostream>

#include "cli/compute_flags.h"
#include "cli/config_file.h"
#include "cli/terminal_progress.h"
#include "core/interrupt.h"
#include "core/memory.h"
#include "core/text.h"
#include "train/run.h"

namespace pixnerd::cli {
namespace {

struct TrainFlags {
  std::string config, out, init;
  bool resume = false;
  std::vector<std::string> settings;
  ComputeFlags compute;
};

// The settings that only networks that read text have.
std::string text_settings() {
  train::RunConfig text;
  text.model.type = models::ModelType::t2i_heavy;
  return config::describe_beyond(text, train::RunConfig{});
}

void define(CLI::App& command, TrainFlags& flags) {
  command.add_option("config", flags.config, "a YAML file, or the name of a built-in configuration")
      ->required()
      ->type_name("CONFIG");
  command.add_option("--out", flags.out, "folder of the run; empty or new unless it is resumed")
      ->required()
      ->type_name("DIR");
  command.add_flag("--resume", flags.resume,
                   "go on from the last checkpoint in DIR; starts anew where there is none yet");
  command.add_option("--init", flags.init, "begin a new run with the weights of a checkpoint")->type_name("FILE");
  command
      .add_option("--set", flags.settings,
                  "a setting in place of the file's, a text as it is, a list as 1,2; may be repeated")
      ->allow_extra_args(false)
      ->type_name("KEY=VALUE");
  add_device_flags(command, flags.compute);
  command.footer(concat("Settings, as in --set train.steps=1000:\n", config::describe<train::RunConfig>(),
                        "\nof text-to-image networks, model.type t2i or t2i_heavy:\n", text_settings()));
}

void run(const TrainFlags& flags) {
  keep_freed_memory();
  train::RunOptions options;
  options.device = set_up(flags.compute);
  options.resume = flags.resume;
  if (!flags.init.empty()) options.init = flags.init;
  options.stop = InterruptScope::interrupted;
  const train::RunConfig config = read_run_config(flags.config, flags.settings);
  const InterruptScope interrupts;
  TerminalProgress progress("training", "steps");
  const train::RunSummary summary = train::run(config, flags.out, options, progress);
  progress.finish();
  if (summary.steps == 0) {
    std::cout << "the run is complete: " << summary.checkpoint.string() << " is of step " << summary.step << std::endl;
  } else {
    std::cout << "wrote " << summary.checkpoint.string() << " (loss " << summary.loss << " at step " << summary.step
              << ")" << std::endl;
  }
  if (summary.stopped) std::cout << "stopped before the end; the same command with --resume goes on" << std::endl;
  if (summary.broken_pictures > 0) {
    std::cout << summary.broken_pictures << " pictures could not be read and were skipped" << std::endl;
  }
}

}  // namespace

void add_train(CLI::App& program) {
  add_command<TrainFlags>(program, "train", "train a network on pictures with labels", define, run);
}

}  // namespace pixnerd::cli
