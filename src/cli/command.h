// A verb of the program is one file with one function add_<verb>(program): it registers flags and what to do with them.
//
// What a verb does ends in one of four ways, which main.cpp turns into the exit code: it returns (0); it throws
// CLI::ValidationError for flags that make no sense together (2, wrong usage), FaultsFound (3), or anything else (1,
// failure).
// Results go to standard output; progress, warnings and errors to standard error.
#pragma once

#include <CLI/CLI.hpp>
#include <exception>
#include <memory>
#include <string>

namespace pixnerd::cli {

// The work is done, and what was judged is not sound: the results say what is wrong with it.
struct FaultsFound : std::exception {
  const char* what() const noexcept override { return "faults were found"; }
};

// Adds the verb `name`. `Flags` is a struct of what its flags set; `define` registers them, `run` does the work once
// the whole command line has been read.
template <class Flags>
void add_command(CLI::App& program, const std::string& name, const std::string& description,
                 void (*define)(CLI::App& command, Flags& flags), void (*run)(const Flags& flags)) {
  const auto flags = std::make_shared<Flags>();
  CLI::App* const command = program.add_subcommand(name, description);
  define(*command, *flags);
  command->callback([flags, run] { run(*flags); });
}

}  // namespace pixnerd::cli
