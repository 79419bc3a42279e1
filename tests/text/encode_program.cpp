// The C++ half of tokenizers_test.py: encode_program TOKENIZER_JSON, on standard input texts, each after its length in
// bytes (little-endian, 4 bytes); on standard output a line of ids for each.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>

#include "core/errors.h"
#include "core/text.h"
#include "text/tokenizer.h"

namespace {

void run(const char* path) {
  const auto tokenizer = pixnerd::text::Tokenizer::load(path);
  const std::string input((std::istreambuf_iterator<char>(std::cin)), {});
  std::string_view rest = input;
  uint32_t size = 0;
  while (rest.size() >= sizeof(size)) {
    std::memcpy(&size, rest.data(), sizeof(size));
    rest.remove_prefix(sizeof(size));
    std::cout << pixnerd::concat(tokenizer.encode(rest.substr(0, size))) << '\n';
    rest.remove_prefix(size);
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc != 2) throw pixnerd::Error("usage: encode_program TOKENIZER_JSON <TEXTS");
    run(argv[1]);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
