// Kinds tokenizer and tokenizer_padded: lines of JSON with a text, its ids and, padded, their mask.
#include "text/tokenizer.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "core/text.h"
#include "models/qwen3_prompts.h"
#include "tests/parity/parity.h"

namespace pixnerd::parity {
namespace {

using Ids = std::vector<int32_t>;

// The published file is fetched when pixnerd is built; PIXNERD_TOKENIZER names another one.
const text::Tokenizer& tokenizer() {
  static const text::Tokenizer published = [] {
    const char* named = std::getenv("PIXNERD_TOKENIZER");
    const std::filesystem::path path = named != nullptr ? named : ".cache/tokenizer/qwen3.json";
    if (!std::filesystem::exists(path)) {
      throw std::runtime_error(concat("there is no '", path, "'; mend: tools/tokenizer.sh"));
    }
    return text::Tokenizer::load(path);
  }();
  return published;
}

template <class Visit>
void for_each_line(Case& golden, const Visit& visit) {
  std::ifstream file(golden.file());
  std::string line;
  while (std::getline(file, line)) {
    const auto entry = nlohmann::json::parse(line);
    visit(entry, concat("'", printable(entry.at("text").get<std::string>(), 60), "'"));
  }
}

}  // namespace

void run_tokenizer(Case& golden) {
  for_each_line(golden, [&](const nlohmann::json& entry, const std::string& name) {
    const std::string text = entry.at("text");
    golden.require(concat("ids of ", name), tokenizer().encode(text) == entry.at("ids").get<Ids>());
  });
}

void run_tokenizer_padded(Case& golden) {
  const int64_t length = golden.config().at("max_length");
  const auto padding = tokenizer().find_added(models::kPaddingToken);
  golden.require("the padding id", padding == golden.config().at("pad_token_id").get<int32_t>());
  for_each_line(golden, [&](const nlohmann::json& entry, const std::string& name) {
    const Ids ids = tokenizer().encode(entry.at("text").get<std::string>());
    const models::PaddedPrompt padded = models::pad_prompt(ids, length, padding.value_or(0));
    Ids mask(static_cast<size_t>(length), 0);
    std::fill_n(mask.begin(), padded.real, 1);
    golden.require(concat("ids of ", name), padded.ids == entry.at("ids").get<Ids>());
    golden.require(concat("mask of ", name), mask == entry.at("mask").get<Ids>());
  });
}

}  // namespace pixnerd::parity
