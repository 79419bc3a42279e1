#include "cli/plan.h"

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <string>

#include "cli/checks.h"
#include "core/counted.h"
#include "core/file.h"
#include "core/text.h"
#include "train/plan.h"

namespace pixnerd::cli {
namespace {

constexpr double kPatience = 30;  // seconds that torchrun gives after SIGTERM

std::string human(double bytes) {
  return human_bytes(static_cast<uint64_t>(bytes));
}

// Of a file like a checkpoint, synced and taken away again.
double measured_disk() {
  constexpr size_t kBytes = size_t{128} << 20;
  const std::string block(size_t{1} << 20, 'x');
  const std::filesystem::path path = std::filesystem::current_path() / ".pixnerd-plan";
  const auto began = std::chrono::steady_clock::now();
  write_file_atomically(path, [&](std::ostream& file) {
    for (size_t written = 0; written < kBytes; written += block.size()) file << block;
  });
  std::filesystem::remove(path);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return static_cast<double>(kBytes) / seconds;
}

void line(const std::string& name, const std::string& value, const std::string& remark = "") {
  std::printf("%-26s %12s  %s\n", name.c_str(), value.c_str(), remark.c_str());
}

void print_memory(const train::Plan& plan, bool messages) {
  const train::StepMemory& memory = plan.memory;
  line("memory of a process", human(memory.total()), "above that of an idle one, about 200 MB");
  line("  network", human(memory.network),
       plan.ranks == 1 ? "values, gradients, two moments, averages"
                       : concat("values, gradients, and 1/", plan.ranks, " of two moments and averages"));
  if (memory.messages > 0 && messages) {
    line("  messages", human(memory.messages), "gradients that are being summed, at most");
  } else if (memory.messages > 0) {
    line("  shared memory", human(memory.messages), "gradients and values, the other processes' counted as well");
  }
  if (memory.beside > 0) line("  DINOv2", human(memory.beside), "none with repa.features");
  line("  pictures", human(memory.pictures),
       counted(plan.share, "picture", "pictures") + " of a batch, read ahead, noise");
  line("  passes", human(memory.pass), counted(plan.together, "picture", "pictures") + " at once");
  line("on rank 0, beside it", human(plan.collected), "while a checkpoint is collected and written");
}

void print_disk(const train::RunConfig& config, const train::Plan& plan, double disk) {
  const bool is_measured = disk <= 0;
  if (is_measured) disk = measured_disk();
  const double seconds = plan.checkpoint / disk;
  line("a checkpoint", human(plan.checkpoint), concat("every ", config.train.checkpoint_every, " steps"));
  line("  written in", human_duration(seconds),
       concat("in the background, at ", human(disk), " a second",
              is_measured ? " (measured in this folder; --disk says otherwise)" : ""));
  if (seconds < kPatience) return;
  std::cout
      << "warning: after SIGTERM torchrun gives " << kPatience
      << " seconds, and a checkpoint takes longer: what was done since the last one would be lost. Choose a faster "
         "disk, or a smaller train.checkpoint_every"
      << std::endl;
}

}  // namespace

void add_plan_flags(CLI::App& command, PlanFlags& flags) {
  CLI::Option* const plan = command.add_flag("--plan", flags.is_asked,
                                             "train nothing: say what the run would take of memory, network and disk");
  command.add_option("--ranks", flags.ranks, "with --plan: for so many processes")
      ->needs(plan)
      ->check(between(1, 1 << 20))
      ->type_name("N");
  command
      .add_flag("--messages", flags.messages,
                "with --plan: of several machines, or on GPUs, which send messages where processes of one machine's "
                "processors share memory")
      ->needs(plan);
  command
      .add_option("--disk", flags.disk, "with --plan: bytes a second of the disk, such as 2e9; measured unless given")
      ->needs(plan)
      ->check(CLI::PositiveNumber)
      ->type_name("RATE");
}

void print_plan(const train::RunConfig& config, const PlanFlags& flags) {
  const auto exchange = flags.messages ? train::Exchange::messages : train::Exchange::memory;
  const int64_t ranks = flags.ranks;
  const train::Plan plan = train::plan_of(config, ranks, exchange);
  line("processes", std::to_string(ranks));
  line("trained parameters", concat(static_cast<int64_t>(plan.parameters / 1e6), " M"));
  line("batch", std::to_string(config.train.batch_size), concat(plan.share, " a process, ", plan.together, " at once"));
  if (!config.data.more_sizes.empty()) {
    line("largest pictures", concat(config.data.largest_size(), "x", config.data.largest_size()),
         "memory is for these, arithmetic the mean of all sizes");
  }
  print_memory(plan, flags.messages);
  line("a process sends a step", human(plan.sent), ranks == 1 ? "" : "gradients to their owners, new values to all");
  line("a process computes a step", concat(static_cast<int64_t>(plan.operations / 1e9), " GFLOP"),
       "forward and backward passes");
  print_disk(config, plan, flags.disk);
}

}  // namespace pixnerd::cli
