#include "tests/parity/parity.h"

#include <fstream>
#include <map>
#include <ostream>

#include "core/text.h"

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
                                                   {"trainer_repa", run_trainer_repa},
                                                   {"replay", run_replay},
                                                   {"replay_repa", run_replay_repa},
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

// Kinds of networks, which move to a GPU; everything else is computed on the CPU wherever the network is.
constexpr std::array<std::string_view, 13> kOnDevice{
    "c2i",    "c2i_given_s",  "t2i",         "t2i_heavy", "sampler", "trainer", "trainer_t2i",
    "replay", "trainer_repa", "replay_repa", "inception", "qwen3",   "dinov2"};

// "pass" or "fail", and what there is to say of it.
struct Outcome {
  std::string verdict, remark;
};

Outcome run_case(const nlohmann::json& entry, const std::filesystem::path& folder, const at::Device& device) {
  try {
    const std::string kind = entry.at("kind");
    const auto runner = runners().find(kind);
    if (runner == runners().end()) return {"fail", concat("there is no kind ", kind)};
    const bool moves = std::find(kOnDevice.begin(), kOnDevice.end(), kind) != kOnDevice.end();
    Case golden(entry, folder, moves ? device : at::Device(at::kCPU));
    runner->second(golden);
    return {golden.passed() ? "pass" : "fail", golden.summary()};
  } catch (const std::exception& error) {
    return {"fail", std::string(error.what()).substr(0, 500)};
  }
}

}  // namespace

bool run_folder(const std::filesystem::path& folder, std::ostream& out, const at::Device& device) {
  std::ifstream file(folder / "manifest.json");
  if (!file) {
    out << "no manifest.json in '" << folder.string() << "'; set PIXNERD_GOLDEN to a folder of golden cases\n";
    return false;
  }
  const nlohmann::json manifest = nlohmann::json::parse(file);
  std::map<std::string, int> count;
  for (const auto& entry : manifest.at("cases")) {
    const auto [verdict, remark] = run_case(entry, folder, device);
    ++count[verdict];
    out << "case " << entry.value("name", "without a name") << ": " << verdict << "  " << remark << std::endl;
  }
  out << count["pass"] << " passed, " << count["fail"] << " failed" << std::endl;
  return count["fail"] == 0 && count["pass"] > 0;
}

}  // namespace pixnerd::parity
