// Runs a fuzz target on files, and on all files of folders, that are named on the command line: a test of what has been
// found before, for compilers that know nothing of fuzzing. Prints each file before it runs, so that the last line
// names the one at which the program ended.
#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include "core/file.h"
#include "tests/fuzz/checks.h"

namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxFileBytes = size_t{16} << 20;
constexpr rlim_t kMemoryBytes = rlim_t{1} << 30;

// What a file makes a reader ask for beyond this is a finding. AddressSanitizer needs room of its own.
void limit_memory() {
#ifndef __SANITIZE_ADDRESS__
  const rlimit limit{kMemoryBytes, kMemoryBytes};
  setrlimit(RLIMIT_AS, &limit);
#endif
}

std::vector<fs::path> files_of(const fs::path& path) {
  if (!fs::is_directory(path)) return {path};
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(path)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// Failures in all files of a file or folder.
int replay(const std::string& argument) {
  const std::vector<fs::path> files = files_of(argument);
  if (files.empty()) std::cout << argument << ": no files\n";
  int failures = files.empty() ? 1 : 0;
  for (const fs::path& file : files) {
    std::cout << file.string() << std::endl;
    try {
      const std::string content = pixnerd::read_file(file, kMaxFileBytes);
      // An exact copy: a sanitizer sees a read past its end.
      const std::vector<uint8_t> bytes(content.begin(), content.end());
      LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
    } catch (const std::exception& error) {
      std::cout << "  failed: " << error.what() << "\n";
      ++failures;
    }
  }
  return failures;
}

}  // namespace

int main(int count, char** arguments) {
  try {
    limit_memory();
    int failures = count > 1 ? 0 : 1;
    for (int i = 1; i < count; ++i) failures += replay(arguments[i]);
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
  } catch (const std::exception& error) {
    std::cout << "  failed: " << error.what() << "\n";
    return EXIT_FAILURE;
  }
}
