// How fast is a text cut into words, how fast does the tokenizer read it, and how fast a text without a space? One
// thread; the rate is that of the text's bytes.
//   tokenizer_bench [TOKENIZER_JSON [TEXT]]    default: the published Qwen3 tokenizer, and this repository's documents
#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <iostream>
#include <string>

#include "bench/table.h"
#include "core/errors.h"
#include "core/file.h"
#include "core/text.h"
#include "text/pre_tokenizer.h"
#include "text/tokenizer.h"
#include "text/tokenizer_file.h"
#include "text/unicode.h"

namespace pixnerd::bench {
namespace {

constexpr int64_t kRuns = 5;
constexpr size_t kTextBytes = 2'000'000;

std::string documents() {
  std::string all;
  for (const auto& entry : std::filesystem::directory_iterator("docs")) {
    if (entry.path().extension() == ".md") all += read_file(entry.path(), kTextBytes);
  }
  return all;
}

// At least kTextBytes of it.
std::string repeated(const std::string& text) {
  if (text.empty()) throw DataError("there is no text; run this from the repository's root, or name a file of text");
  std::string all;
  while (all.size() < kTextBytes) all += text;
  return all;
}

std::string letters() {
  std::string text;
  uint64_t state = 1;
  while (text.size() < kTextBytes / 2) {
    state = state * 6364136223846793005 + 1442695040888963407;
    text += static_cast<char>('a' + (state >> 33) % 26);
  }
  return text;
}

void run(const std::string& path, const std::string& text) {
  const std::string json = read_file(path, text::kMaxTokenizerBytes);
  const text::TokenizerFile file = text::parse_tokenizer(json, path);
  const text::Tokenizer tokenizer = text::Tokenizer::load(path);
  const text::PreTokenizer words(file, path);
  const std::string one_word = letters();
  const auto cut = [&] { words.for_each_word(text::nfc(text), [](std::string_view) {}); };
  const std::array<Candidate, 3> candidates = {
      {{"words", cut, 0, Arithmetic::float32, static_cast<double>(text.size())},
       {"tokenizer", [&] { tokenizer.encode(text); }, 0, Arithmetic::float32, static_cast<double>(text.size())},
       {"a word of 1 MB", [&] { tokenizer.encode(one_word); }, 0, Arithmetic::float32,
        static_cast<double>(one_word.size())}}};
  std::cout << concat("text to ids, ", human_bytes(text.size()), " of text, one thread\n");
  for (const measure::Row& row : measure::compare(candidates, kRuns).rows) {
    std::printf("%-24s %8.1f MB/s %7.2f x\n", row.name.c_str(), row.bandwidth * 1e-6, row.speed_up);
  }
}

}  // namespace
}  // namespace pixnerd::bench

int main(int argc, char** argv) {
  using namespace pixnerd::bench;
  try {
    const std::string path = argc > 1 ? argv[1] : ".cache/tokenizer/qwen3.json";
    run(path, repeated(argc > 2 ? pixnerd::read_file(argv[2], size_t{1} << 30) : documents()));
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
