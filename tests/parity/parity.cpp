// Runs every case of a golden folder: PIXNERD_GOLDEN, or tests/golden. Prints a line a case; fails if one does.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>

#include "core/text.h"
#include "tests/parity/parity.h"

namespace pixnerd::parity {
namespace {

using Runner = void (*)(Case&);

const std::map<std::string, Runner>& runners() {
  static const std::map<std::string, Runner> table{{"c2i", run_network},
                                                   {"c2i_given_s", run_network_given_s},
                                                   {"t2i", run_network},
                                                   {"t2i_heavy", run_network},
                                                   {"init", run_init},
                                                   {"tables", run_tables},
                                                   {"time_grid", run_time_grid},
                                                   {"noise", run_noise},
                                                   {"sampler", run_sampler},
                                                   {"trainer", run_trainer},
                                                   {"trainer_t2i", run_trainer_t2i},
                                                   {"replay", run_replay},
                                                   {"preprocess", run_preprocess},
                                                   {"checkpoint", run_checkpoint},
                                                   {"checkpoint_forward", run_checkpoint_forward},
                                                   {"hostile", run_hostile},
                                                   {"metrics", run_metrics},
                                                   {"inception", run_inception},
                                                   {"tokenizer", run_tokenizer},
                                                   {"tokenizer_padded", run_tokenizer_padded},
                                                   {"qwen3", run_qwen3},
                                                   {"dinov2", run_dinov2}};
  return table;
}

std::string run_case(const nlohmann::json& entry, const std::filesystem::path& folder) {
  const std::string name = entry.at("name");
  const auto runner = runners().find(entry.at("kind").get<std::string>());
  if (runner == runners().end()) {
    return concat("skip (kind ", entry.at("kind").get<std::string>(), " is not implemented yet)");
  }
  try {
    Case golden(entry, folder);
    runner->second(golden);
    return (golden.passed() ? "pass  " : "fail  ") + golden.summary();
  } catch (const std::exception& error) {
    return concat("fail  ", std::string(error.what()).substr(0, 500));
  }
}

int run_folder(const std::filesystem::path& folder) {
  std::ifstream file(folder / "manifest.json");
  if (!file) {
    std::fprintf(stderr, "no manifest.json in '%s'; set PIXNERD_GOLDEN to a folder of golden cases\n",
                 folder.string().c_str());
    return 1;
  }
  const nlohmann::json manifest = nlohmann::json::parse(file);
  std::map<std::string, int> count;
  for (const auto& entry : manifest.at("cases")) {
    const std::string outcome = run_case(entry, folder);
    ++count[outcome.substr(0, 4)];
    std::printf("case %s: %s\n", entry.at("name").get<std::string>().c_str(), outcome.c_str());
    std::fflush(stdout);
  }
  std::printf("%d passed, %d failed, %d skipped\n", count["pass"], count["fail"], count["skip"]);
  return count["fail"] == 0 && count["pass"] > 0 ? 0 : 1;
}

}  // namespace
}  // namespace pixnerd::parity

int main() {
  const char* folder = std::getenv("PIXNERD_GOLDEN");
  return pixnerd::parity::run_folder(folder != nullptr ? folder : "tests/golden");
}
