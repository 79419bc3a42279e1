#include "cli/suite.h"

#include <iostream>
#include <iterator>
#include <sstream>
#include <vector>

#include "cli/checks.h"
#include "cli/drawing_together.h"
#include "cli/terminal_progress.h"
#include "config/json.h"
#include "core/errors.h"
#include "core/interrupt.h"
#include "core/log.h"
#include "core/stop.h"
#include "core/text.h"
#include "sample/drawing.h"
#include "sample/output.h"
#include "sample/suite.h"
#include "text/unicode.h"

namespace pixnerd::cli {
namespace {

constexpr int64_t kGenevalCount = 4;

// The progress of the whole suite, of which a part may have been there before. Ends the work when the user wants that:
// a batch can take minutes.
class SuiteProgress : public Progress {
 public:
  SuiteProgress(Progress& shown, int64_t total) : shown_(shown), total_(total) {}

  void update(int64_t done, int64_t of_rest, std::string_view note) override {
    if (InterruptScope::interrupted()) throw Stopped();
    shown_.update(total_ - of_rest + done, total_, note);
  }

 private:
  Progress& shown_;
  int64_t total_;
};

sample::Suite suite_of(const SuiteFlags& flags, const PictureFlags& pictures) {
  if (flags.name == "dpg") {
    if (!flags.metadata.empty()) throw CLI::ValidationError("--metadata is for --suite geneval");
    if (pictures.text.file.empty()) throw CLI::ValidationError("--suite dpg needs --prompts, a folder of .txt files");
    if (pictures.count.value_or(4) != 4) throw CLI::ValidationError("--suite dpg draws 4 pictures of each prompt");
    return sample::read_dpg(pictures.text.file);
  }
  if (flags.metadata.empty()) throw CLI::ValidationError("--suite geneval needs --metadata");
  if (!pictures.text.file.empty()) throw CLI::ValidationError("--suite geneval takes its prompts from --metadata");
  return sample::read_geneval(flags.metadata, pictures.count.value_or(kGenevalCount));
}

sample::SuiteFolder folder_of(const SuiteFlags& flags, const SuiteSettings& settings, const DrawingTools& tools) {
  const sample::ModelFile& file = tools.file;
  if (!file.description.model.takes_text()) {
    throw CLI::ValidationError("the checkpoint draws classes, not prompts, of which --suite is made");
  }
  if (sample::output_kind(settings.out) != sample::OutputKind::folder) {
    throw CLI::ValidationError("--suite writes many files; let --out be a folder");
  }
  sample::SuiteRequest request;
  tell_of_reuse(settings.pictures.sampler, file.description.sample);
  request.settings = settings_of(settings.pictures.sampler, file.description.sample);
  request.negative_prompt = settings.pictures.text.negative_prompt;
  request.common = settings.common;
  request.common.dtype = tools.precision;
  request.overwrite = settings.overwrite;
  request.inputs = settings.inputs;
  return {settings.out, suite_of(flags, settings.pictures), std::move(request)};
}

// Until all is drawn, or the user stops it.
void draw(sample::SuiteFolder& folder, const std::vector<int64_t>& missing,
          std::vector<sample::PictureRequest> pictures, const Processes& processes, const DrawingTools& tools) {
  const InterruptScope interrupts;
  const auto begin = [](const sample::DrawSettings&) {};
  const auto put = [&](int64_t index, image::Image image) {
    folder.put(missing[static_cast<size_t>(index)], std::move(image));
  };
  const int64_t steps = folder.suite().pictures() * pictures.front().settings->sampler.steps;
  try {
    if (!processes.group->is_first()) {
      NoProgress none;
      SuiteProgress progress(none, steps);
      return draw_together(processes, tools, std::move(pictures), begin, put, progress);
    }
    TerminalProgress shown("sampling", "steps");
    SuiteProgress progress(shown, steps);
    draw_together(processes, tools, std::move(pictures), begin, put, progress);
    shown.finish();
  } catch (const Stopped&) {
    // What is there is counted by the caller.
  }
}

void warn_of_unexpected(const sample::SuiteFolder& folder, const std::string& out) {
  if (const auto misread = sample::misread_names(folder.suite()); !misread.empty()) {
    log_warning(concat("DPG-Bench's evaluator reads names up to the first dot, and so finds no questions for ",
                       misread.size(), " pictures, such as ", quoted(misread.front()),
                       "; name the prompts' files otherwise"));
  }
  const auto unexpected = folder.unexpected_pictures();
  if (unexpected.empty()) return;
  log_warning(concat(quoted(out), " has ", unexpected.size(), " pictures that are none of this suite, such as ",
                     quoted(unexpected.front()), "; an evaluator would count them: remove them"));
}

void print_json(const sample::SuiteFolder& folder, const std::string& name, const std::string& out, int64_t found) {
  const auto number = [](int64_t value) { return config::plain_value(concat(value)); };
  const int64_t all = folder.suite().pictures();
  std::cout << config::to_json(config::map_value({{"out", config::text_value(text::repaired(out))},
                                                  {"kind", config::text_value("suite")},
                                                  {"suite", config::text_value(name)},
                                                  {"prompts", number(std::ssize(folder.suite().prompts))},
                                                  {"count", number(all)},
                                                  {"drawn", number(all - found)},
                                                  {"kept", number(found)}}))
            << std::endl;
}

// The numbers that rank 0 finds missing are those for all.
std::vector<int64_t> agreed(const dist::Group& group, const std::vector<int64_t>& missing) {
  std::string text;
  for (const int64_t number : missing) text += concat(number, " ");
  std::istringstream words(group.broadcast(text));
  return {std::istream_iterator<int64_t>(words), {}};
}

}  // namespace

void add_suite_flags(CLI::App& command, SuiteFlags& flags) {
  CLI::Option* const suite =
      command
          .add_option("--suite", flags.name,
                      "draw a prompt suite into the folder --out, four pictures of each prompt with the seeds 0 to 3: "
                      "geneval, from --metadata, or dpg, from --prompts, here a folder of .txt files; what is there "
                      "from an earlier run stays")
          ->check(one_of({"geneval", "dpg"}))
          ->type_name("geneval|dpg");
  command.add_option("--metadata", flags.metadata, "GenEval's evaluation_metadata.jsonl")
      ->needs(suite)
      ->type_name("FILE");
  for (const char* each : {"--again", "--no-record", "--animate", "--labels", "--classes", "--class", "--style",
                           "--prompt", "--seed", "--variation-seed", "--interpolate"}) {
    suite->excludes(command.get_option(each));
  }
}

void draw_suite(const SuiteFlags& flags, const SuiteSettings& settings, const Processes& processes,
                const DrawingTools& tools) {
  sample::SuiteFolder folder = folder_of(flags, settings, tools);
  const int64_t all = folder.suite().pictures(), found = folder.finished();
  const std::vector<int64_t> missing = agreed(*processes.group, folder.missing());
  std::vector<sample::PictureRequest> pictures;
  for (const int64_t number : missing) pictures.push_back(folder.request_of(number));
  if (!pictures.empty()) {
    check(tools, pictures);
    const auto [width, height] = pictures.front().settings->picture_size();
    require_space(settings.out, sample::png_bytes(all - found, width, height));
  }
  if (!processes.group->is_first()) {
    if (!pictures.empty()) draw(folder, missing, std::move(pictures), processes, tools);
    return;
  }
  if (found > 0 && !settings.json) {
    std::cout << settings.out << ": found " << found << " of " << all << " pictures" << std::endl;
  }
  warn_of_unexpected(folder, settings.out);
  folder.open();
  if (!pictures.empty()) draw(folder, missing, std::move(pictures), processes, tools);
  if (folder.finished() < all) {
    throw RequestError(concat("stopped with ", folder.finished(), " of ", all, " pictures in ", quoted(settings.out),
                              "; the same command draws the others"));
  }
  if (settings.json) return print_json(folder, flags.name, settings.out, found);
  std::cout << settings.out << ": " << all << " pictures of " << folder.suite().prompts.size() << " prompts, "
            << all - found << " of them drawn now" << std::endl;
}

}  // namespace pixnerd::cli
