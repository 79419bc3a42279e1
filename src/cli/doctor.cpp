#include "cli/doctor.h"

#include <cmath>
#include <iostream>
#include <utility>

#include "cli/checks.h"
#include "cli/compute_flags.h"
#include "cli/terminal_progress.h"
#include "cli/words.h"
#include "config/json.h"
#include "core/counted.h"
#include "core/text.h"
#include "doctor/examine.h"

namespace pixnerd::cli {
namespace {

struct DoctorFlags {
  std::string run, data;
  int64_t pictures = 128;
  bool json = false;
  ComputeFlags compute;
};

void define(CLI::App& command, DoctorFlags& flags) {
  command.add_option("run", flags.run, "the folder of a run, which may be at work")->required()->type_name("RUN");
  command.add_option("--data", flags.data, "where the pictures are now, if not where the run has read them")
      ->type_name("PATH");
  command.add_option("--pictures", flags.pictures, "pictures whose losses tell of labels and averages")
      ->check(between(8, 65536))
      ->type_name("N")
      ->capture_default_str();
  command.add_flag("--json", flags.json, "print all of it as one line of JSON");
  add_device_flags(command, flags.compute);
  add_progress_flag(command);
  command.footer(
      "Looks for grey pictures, a grid at the borders of patches, dead and exploding layers, an average that is too "
      "long "
      "for the run, data that ends early, a learning rate that is not where the schedule says, and labels or captions "
      "that are ignored. Ends with 0 where nothing is wrong, and with 3 where something is.");
}

void print_examination(const doctor::Examination& all) {
  std::cout << all.checkpoint << ": step " << all.step << " of " << all.steps << '\n';
  for (const doctor::Finding& finding : all.findings) {
    std::cout << '\n' << key_of(finding.fault) << ": " << finding.what << "\n  " << finding.advice << '\n';
  }
  if (!all.findings.empty() && !all.not_looked_at.empty()) std::cout << '\n';
  for (const std::string& each : all.not_looked_at) std::cout << "not looked at: " << each << '\n';
  if (all.findings.empty()) std::cout << "nothing wrong was found\n";
  std::cout << std::flush;
}

config::Value value_of(const doctor::Finding& finding) {
  config::Value numbers = config::map_value({});
  for (const auto& [name, number] : finding.numbers) {
    numbers.fields.emplace_back(name, std::isfinite(number) ? config::plain_value(shortest(number)) : config::Value());
  }
  return config::map_value({{"fault", config::text_value(key_of(finding.fault))},
                            {"what", words(finding.what)},
                            {"advice", config::text_value(finding.advice)},
                            {"numbers", std::move(numbers)}});
}

void print_examination_json(const doctor::Examination& all) {
  config::Value findings, not_looked_at;
  findings.kind = not_looked_at.kind = config::Value::Kind::list;
  for (const doctor::Finding& each : all.findings) findings.items.push_back(value_of(each));
  for (const std::string& each : all.not_looked_at) {
    not_looked_at.items.push_back(words(each));
  }
  std::cout << config::to_json(config::map_value({{"checkpoint", words(all.checkpoint)},
                                                  {"step", config::plain_value(concat(all.step))},
                                                  {"steps", config::plain_value(concat(all.steps))},
                                                  {"findings", std::move(findings)},
                                                  {"not_looked_at", std::move(not_looked_at)}}))
            << std::endl;
}

void run(const DoctorFlags& flags) {
  doctor::ExamineOptions options;
  options.data = flags.data;
  options.pictures = flags.pictures;
  options.device = set_up(flags.compute);
  TerminalProgress progress("examining", "parts");
  const doctor::Examination all = doctor::examine(flags.run, options, progress);
  progress.finish();
  (flags.json ? print_examination_json : print_examination)(all);
  if (!all.findings.empty()) throw FaultsFound();
}

}  // namespace

void add_doctor(CLI::App& program) {
  add_command<DoctorFlags>(program, "doctor", "say what is wrong with a run, if anything", define, run);
}

}  // namespace pixnerd::cli
