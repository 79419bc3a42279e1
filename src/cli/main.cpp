// pixnerd, the program: its verbs, its exit codes, and errors as one line on standard error.
#include <torch/version.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "cli/bench.h"
#include "cli/checks.h"
#include "cli/convert.h"
#include "cli/data.h"
#include "cli/doctor.h"
#include "cli/edit.h"
#include "cli/ema.h"
#include "cli/eval.h"
#include "cli/info.h"
#include "cli/progress_form.h"
#include "cli/sample.h"
#include "cli/schedule.h"
#include "cli/serve.h"
#include "cli/sweep.h"
#include "cli/train.h"
#include "core/descriptor.h"
#include "core/failure.h"
#include "core/interrupt.h"
#include "core/memory.h"
#include "core/text.h"

namespace {

enum ExitCode { kSuccess = 0, kFailure = 1, kWrongUsage = 2, kFaultsFound = 3 };

ExitCode fail(ExitCode code, const std::string& message) {
  std::cout.flush();
  pixnerd::cli::print_error(code, message);
  return code;
}

void define(CLI::App& program) {
  program.set_version_flag("--version", pixnerd::concat("pixnerd ", PIXNERD_VERSION, " (LibTorch ", TORCH_VERSION, ")"),
                           "print the version and stop");
  program.set_help_flag("-h,--help", "print this and stop");
  program.require_subcommand(1);
  pixnerd::cli::add_sample(program);
  pixnerd::cli::add_edit(program);
  pixnerd::cli::add_serve(program);
  pixnerd::cli::add_train(program);
  pixnerd::cli::add_ema(program);
  pixnerd::cli::add_sweep(program);
  pixnerd::cli::add_eval(program);
  pixnerd::cli::add_doctor(program);
  pixnerd::cli::add_data(program);
  pixnerd::cli::add_info(program);
  pixnerd::cli::add_convert(program);
  pixnerd::cli::add_schedule(program);
  pixnerd::cli::add_bench(program);
  pixnerd::cli::finish_checks(program);
}

// What `unknown` may have been meant for: a verb, or a flag of `command`.
std::string suggestion(const CLI::App& command, const std::string& unknown) {
  std::vector<std::string> known;
  for (const CLI::App* verb : command.get_subcommands([](const CLI::App*) { return true; })) {
    known.push_back(verb->get_name());
  }
  for (const CLI::Option* flag : command.get_options()) known.push_back(flag->get_name());
  const std::string meant = pixnerd::nearest(unknown, known);
  return meant.empty() ? "" : pixnerd::concat(" (did you mean ", meant, "?)");
}

std::string usage(const CLI::App& program, const CLI::ParseError& error) {
  const CLI::App* command = &program;
  std::string name;
  while (!command->get_subcommands().empty()) {
    command = command->get_subcommands()[0];
    name += command->get_name() + " ";
  }
  const std::vector<std::string> unknown = program.remaining(true);
  constexpr size_t kMostBytes = 300;  // a value of a flag may be of any length
  std::string what = error.what();
  std::replace(what.begin(), what.end(), '\n', ' ');
  what = pixnerd::printable(what, kMostBytes);
  if (!unknown.empty()) {
    what = pixnerd::concat("unexpected ", pixnerd::quoted(unknown[0]), suggestion(*command, unknown[0]));
  }
  return pixnerd::concat(what, "; see pixnerd ", name, "--help");
}

// What was printed has arrived, or else the work has failed.
ExitCode finish() {
  return std::cout.flush() ? kSuccess : fail(kFailure, "standard output cannot be written");
}

ExitCode run(int argc, char** argv) {
  CLI::App program{"Pixel neural field diffusion: pictures from a network that draws pixels, not latents", "pixnerd"};
  try {
    define(program);
    pixnerd::cli::require_values({argv, static_cast<size_t>(argc)});
    program.parse(argc, argv);
    return finish();
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0) {
      pixnerd::cli::take_progress_form({argv, static_cast<size_t>(argc)});
      return fail(kWrongUsage, usage(program, error));
    }
    program.exit(error);  // prints what --help and --version ask for
    return finish();
  } catch (const pixnerd::cli::FaultsFound&) {
    const ExitCode code = finish();
    return code == kSuccess ? kFaultsFound : code;
  } catch (const std::exception& error) {
    return fail(kFailure, pixnerd::message_of(error));
  }
}

}  // namespace

int main(int argc, char** argv) {
  pixnerd::open_standard_streams();
  pixnerd::set_up_signals();
  pixnerd::use_huge_pages();
  const ExitCode code = run(argc, argv);
#ifdef __SANITIZE_ADDRESS__
  return code;  // what is looked for at the end is found
#else
  // Everything is written and closed. Taking LibTorch's registries apart, entry by entry, takes as long as a few steps
  // of a small picture.
  std::cerr.flush();
  std::fflush(nullptr);
  std::_Exit(code);
#endif
}
