#include "cli/ema.h"

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <limits>
#include <optional>

#include "cli/checks.h"
#include "cli/terminal_progress.h"
#include "core/counted.h"
#include "core/destination.h"
#include "core/text.h"
#include "train/rebuilt_average.h"

namespace pixnerd::cli {
namespace {

struct EmaFlags {
  std::string run, out;
  double length = 0;
  std::optional<int64_t> step;
  bool overwrite = false;
};

void define(CLI::App& command, EmaFlags& flags) {
  command.add_option("run", flags.run, "the folder of a run with snapshots of averages")->required()->type_name("RUN");
  CLI::Option* const length = command.add_option(
      "--length", flags.length,
      "length of the average, the standard deviation of its profile as a share of the run (sigma_rel): 0.05 looks back "
      "over about the last seventh, 0.1 over the last third. Without: tell what can be rebuilt");
  length->check(positive(1))->type_name("S");
  command.add_option("--step", flags.step, "as it stood after this step; the last snapshot's unless given")
      ->check(between(1, std::numeric_limits<int64_t>::max()))
      ->type_name("N");
  CLI::Option* const out =
      command.add_option("--out", flags.out, "the file to write (.safetensors), of which sample, eval and serve draw");
  out->type_name("FILE")->needs(length);
  length->needs(out);
  command.add_flag("--overwrite", flags.overwrite, "replace a file that is there already, but never what is read");
  add_progress_flag(command);
}

void print_reach(const train::StoredAverages& stored) {
  std::cout << counted(std::ssize(stored.snapshots()), "snapshot", "snapshots") << " of steps "
            << stored.snapshots().front().profile.step << " to " << stored.snapshots().back().profile.step << '\n';
  const auto reach = stored.reach();
  char lengths[64] = "none";
  if (reach) std::snprintf(lengths, sizeof lengths, "%.3f to %.3f", (*reach)[0], (*reach)[1]);
  std::cout << "lengths that can be rebuilt at step " << stored.step() << ": " << lengths << std::endl;
}

void write(const train::RebuiltAverage& average, const std::string& out) {
  TerminalProgress progress("rebuilding", "tensors");
  const auto total = std::ssize(average.parameters());
  average.write(out, [&](size_t done) { progress.update(static_cast<int64_t>(done), total, ""); });
  progress.finish();
}

void run(const EmaFlags& flags) {
  const train::StoredAverages stored(flags.run, flags.step);
  if (flags.out.empty()) return print_reach(stored);
  if (std::filesystem::path(flags.out).extension() != ".safetensors") {
    throw CLI::ValidationError(concat("--out ", quoted(flags.out), " must end in .safetensors"));
  }
  InputFiles inputs;
  for (const train::Snapshot& each : stored.snapshots()) inputs.add(each.path);
  const Destination destination(flags.out, flags.overwrite, inputs);
  const train::RebuiltAverage average(stored, flags.length);
  require_space(flags.out, average.bytes());
  write(average, flags.out);
  char error[32];
  std::snprintf(error, sizeof error, "%.2g", 100 * average.error());
  std::cout << flags.out << ": average of length " << average.sigma_rel() << " at step " << average.step() << ", of "
            << counted(static_cast<int64_t>(average.snapshots()), "snapshot", "snapshots") << "; its profile is "
            << error << " % off" << std::endl;
}

}  // namespace

void add_ema(CLI::App& program) {
  add_command<EmaFlags>(program, "ema", "rebuild an average of the weights, of any length, after a run", define, run);
}

}  // namespace pixnerd::cli
