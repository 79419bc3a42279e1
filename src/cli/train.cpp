#include "cli/train.h"

#include <ATen/Parallel.h>

#include <iostream>

#include "cli/config_file.h"
#include "cli/terminal_progress.h"
#include "core/text.h"
#include "core/threads.h"
#include "train/run.h"

namespace pixnerd::cli {
namespace {

struct TrainFlags {
  std::string config, out;
  std::vector<std::string> settings;
  int threads = 0;
};

void define(CLI::App& command, TrainFlags& flags) {
  command.add_option("config", flags.config, "a YAML file, or the name of a built-in configuration")
      ->required()
      ->type_name("CONFIG");
  command.add_option("--out", flags.out, "folder of the run; must be empty or new")->required()->type_name("DIR");
  command.add_option("--set", flags.settings, "a setting in place of the file's; may be repeated")
      ->allow_extra_args(false)
      ->type_name("KEY=VALUE");
  command.add_option("--threads", flags.threads, "threads of one operation; all processors unless given")
      ->check(CLI::Range(1, 4096))
      ->type_name("N");
  command.footer(concat("Settings, as in --set train.steps=1000:\n", config::describe<train::RunConfig>()));
}

void run(const TrainFlags& flags) {
  at::set_num_threads(flags.threads > 0 ? flags.threads : hardware_threads());
  const train::RunConfig config = read_run_config(flags.config, flags.settings);
  TerminalProgress progress("training", "steps");
  const train::RunSummary summary = train::run(config, flags.out, progress);
  progress.finish();
  std::cout << "wrote " << summary.checkpoint.string() << " (loss " << summary.last.loss << " at step "
            << summary.last.step << ")" << std::endl;
  if (summary.broken_pictures > 0) {
    std::cout << summary.broken_pictures << " pictures could not be read and were skipped" << std::endl;
  }
}

}  // namespace

void add_train(CLI::App& program) {
  add_command<TrainFlags>(program, "train", "train a network on a folder of class folders", define, run);
}

}  // namespace pixnerd::cli
