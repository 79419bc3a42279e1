// The C++ half of transformers_test.py: encode_prompts_program FOLDER float32|bfloat16 OUT WIDTH [CACHE], on standard
// input prompts, each after its length in bytes (little-endian, 4 bytes); writes their states [B, 128, WIDTH] as
// `states` to the safetensors file OUT, and a line for each prompt that is cut to standard output.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/tensors.h"
#include "core/errors.h"
#include "models/qwen3_prompts.h"

namespace pixnerd::models {
namespace {

std::vector<std::string> read_prompts() {
  const std::string input((std::istreambuf_iterator<char>(std::cin)), {});
  std::vector<std::string> prompts;
  std::string_view rest = input;
  uint32_t size = 0;
  while (rest.size() >= sizeof(size)) {
    std::memcpy(&size, rest.data(), sizeof(size));
    prompts.emplace_back(rest.substr(sizeof(size), size));
    rest.remove_prefix(sizeof(size) + size);
  }
  return prompts;
}

void run(const std::vector<std::string>& arguments) {
  if (arguments.size() < 4) throw Error("usage: FOLDER float32|bfloat16 OUT WIDTH [CACHE] <PROMPTS");
  Qwen3PromptOptions options;
  options.precision = arguments[1] == "bfloat16" ? Precision::bfloat16 : Precision::float32;
  if (arguments.size() > 4) options.cache = arguments[4];
  Qwen3Prompts encoder(arguments[0], options);
  const EncodedPrompts encoded = encoder.encode(read_prompts(), std::stoll(arguments[3]));
  checkpoint::save_safetensors(arguments[2], {{"states", encoded.states}});
  for (const CutPrompt& cut : encoded.cut) std::cout << cut.index << ": " << describe(cut) << "\n";
  std::cout << (encoder.is_loaded() ? "the weights were read\n" : "the weights were not read\n");
}

}  // namespace
}  // namespace pixnerd::models

int main(int argc, char** argv) {
  try {
    pixnerd::models::run({argv + 1, argv + argc});
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
