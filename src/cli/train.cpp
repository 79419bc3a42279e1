#include "cli/train.h"

#include <iostream>

#include "cli/compute_flags.h"
#include "cli/config_file.h"
#include "cli/half_blocks.h"
#include "cli/plan.h"
#include "cli/processes.h"
#include "cli/terminal_progress.h"
#include "core/counted.h"
#include "core/interrupt.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/text.h"
#include "train/run.h"

namespace pixnerd::cli {
namespace {

struct TrainFlags {
  std::string config, out, init, resume_from;
  bool resume = false, or_new = false, init_other_prediction = false, watch = false;
  PlanFlags plan;
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
  command.add_option("--out", flags.out, "folder of the run; empty or new unless it is resumed")->type_name("DIR");
  add_plan_flags(command, flags.plan);
  CLI::Option* const resume = command.add_flag("--resume", flags.resume, "go on from the last checkpoint in DIR");
  command.add_flag("--or-new", flags.or_new, "with --resume: begin a run where there is none to go on with yet")
      ->needs(resume);
  CLI::Option* const init =
      command.add_option("--init", flags.init, "begin a new run with the weights of a checkpoint")->type_name("FILE");
  command
      .add_option("--resume-from", flags.resume_from,
                  "begin a new run that goes on with the training in a checkpoint, of the official code or of another "
                  "run: weights, average, optimiser and step")
      ->excludes(init)
      ->type_name("FILE");
  command.add_flag("--init-other-prediction", flags.init_other_prediction,
                   "take them even if they predict something else than model.prediction, or under other noise than "
                   "model.noise_scale");
  command
      .add_option("--set", flags.settings,
                  "a setting in place of the file's, a text as it is, a list as 1,2; may be repeated")
      ->allow_extra_args(false)
      ->type_name("KEY=VALUE");
  command.add_flag("--watch", flags.watch,
                   "show each grid of train.sample_every in the terminal, or its file where that has no 24-bit colour");
  add_device_flags(command, flags.compute);
  add_progress_flag(command);
  command.footer(concat("Settings, as in --set train.steps=1000:\n", config::describe<train::RunConfig>(),
                        "\nof text-to-image networks, model.type t2i or t2i_heavy:\n", text_settings()));
}

train::RunOptions options_of(const TrainFlags& flags) {
  train::RunOptions options;
  const Processes processes = start_processes(flags.compute);
  options.device = processes.device;
  options.group = processes.group;
  if (flags.resume) options.start = flags.or_new ? train::Start::resume_or_anew : train::Start::resume;
  if (!flags.init.empty()) options.init = flags.init;
  if (!flags.resume_from.empty()) options.resume_from = flags.resume_from;
  options.init_other_prediction = flags.init_other_prediction;
  options.stop = InterruptScope::interrupted;
  return options;
}

// Above the progress bar, or the name of the file.
train::GridShown shown_by(TerminalProgress& progress, const Screen& screen) {
  if (!screen.terminal || !has_true_colour()) {
    return [](int64_t step, const std::filesystem::path& file, const image::Image&) {
      log_info(concat("step ", step, ": pictures in ", quoted(file)));
    };
  }
  return
      [&progress, columns = screen.columns](int64_t step, const std::filesystem::path& file, const image::Image& grid) {
        progress.show_above(concat(half_blocks(grid, columns - 1), "\nstep ", step, ": ", printable(file.string())));
      };
}

void report(const train::RunSummary& summary) {
  if (summary.steps > 0) {
    std::cout << "wrote " << summary.checkpoint.string() << " (loss " << summary.loss << " at step " << summary.step
              << ")" << std::endl;
  } else if (summary.checkpoint.empty()) {
    std::cout << "stopped before the first step; nothing was trained" << std::endl;
    return;
  } else {
    std::cout << (summary.stopped ? "no step was taken: " : "the run is complete: ") << summary.checkpoint.string()
              << " is of step " << summary.step << std::endl;
  }
  if (summary.stopped) std::cout << "stopped before the end; the same command with --resume goes on" << std::endl;
  if (summary.broken_pictures > 0) {
    std::cout << counted(summary.broken_pictures, "picture", "pictures") << " could not be read and skipped"
              << std::endl;
  }
}

void run(const TrainFlags& flags) {
  const train::RunConfig config = read_run_config(flags.config, flags.settings);
  if (flags.plan.is_asked) return print_plan(config, flags.plan);
  if (flags.out.empty()) throw CLI::RequiredError("--out");
  keep_freed_memory();
  train::RunOptions options = options_of(flags);
  const InterruptScope interrupts("the state after the last whole step is saved first");
  try {
    if (!options.group->is_first()) {
      NoProgress none;
      train::run(config, flags.out, options, none);
      return;
    }
    TerminalProgress progress("training", "steps");
    if (flags.watch) options.show_grid = shown_by(progress, standard_error());
    const train::RunSummary summary = train::run(config, flags.out, options, progress);
    progress.finish();
    report(summary);
  } catch (const train::NothingToResume& error) {
    throw CLI::ValidationError(error.what());
  }
}

}  // namespace

void add_train(CLI::App& program) {
  add_command<TrainFlags>(program, "train", "train a network on pictures with labels", define, run);
}

}  // namespace pixnerd::cli
