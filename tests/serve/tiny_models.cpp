// tiny_models FOLDER: small random networks for tests of the server: fruit (classes in styles), plain (classes) and
// words (prompts), and qwen3, a text encoder for the last.
#include "tests/models/qwen3_folder.h"
#include "tests/serve/studio_fixture.h"

int main(int count, char** arguments) {
  if (count != 2) return 2;
  const std::filesystem::path folder = arguments[1];
  pixnerd::serve::write_models(folder);
  pixnerd::models::write_qwen3_folder(folder / "qwen3");
}
