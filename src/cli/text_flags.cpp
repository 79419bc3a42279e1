#include "cli/text_flags.h"

#include <ATen/ops/empty.h>

#include "cli/terminal_progress.h"
#include "core/log.h"
#include "core/text.h"
#include "core/utf8.h"
#include "models/prompt_encoder.h"
#include "sample/text_file.h"

namespace pixnerd::cli {
namespace {

// As prompts of files: in UTF-8, without the byte order mark that a file's content may bring along.
CLI::Validator prompt_text() {
  return CLI::Validator(
      [](std::string& text) -> std::string {
        if (!is_utf8(text)) {
          return concat(quoted(text),
                        " is no text in UTF-8, which prompts are read in; convert it, such as by `iconv -f ",
                        "LATIN1 -t UTF-8`");
        }
        text = sample::without_mark(text);
        return "";
      },
      "");
}

}  // namespace

void add_text_flags(CLI::App& command, TextFlags& flags) {
  CLI::Option* const prompt = command.add_option("--prompt", flags.prompts, "what to draw, in words; may be repeated");
  prompt->allow_extra_args(false)->transform(prompt_text())->type_name("TEXT");
  command
      .add_option("--prompts", flags.file,
                  "a file of prompts in UTF-8: one a line as it stands, or JSON lines with prompt, negative_prompt, "
                  "seed, size, and then every line a JSON object")
      ->excludes(prompt)
      ->type_name("FILE");
  command.add_option("--negative-prompt", flags.negative_prompt, "what guidance leads away from; nothing unless given")
      ->transform(prompt_text())
      ->type_name("TEXT");
  command
      .add_option(
          "--text-encoder", flags.encoder,
          "folder of the text encoder, Qwen3 as Hugging Face has it: config.json, tokenizer.json, safetensors; it "
          "computes in bfloat16, whatever --dtype says; networks that read texts themselves need none")
      ->type_name("DIR");
  command.add_option("--prompt-cache", flags.cache, "a folder that keeps encoded prompts for the next time")
      ->type_name("DIR");
}

std::vector<sample::Prompt> prompts_of(const TextFlags& flags) {
  if (!flags.file.empty()) return sample::read_prompts(flags.file);
  std::vector<sample::Prompt> prompts;
  for (const std::string& prompt : flags.prompts) prompts.push_back({prompt, {}, {}, {}});
  return prompts;
}

at::Tensor encode(const std::vector<std::string>& texts, const std::string& encoder, const std::string& cache,
                  models::Network& network, const at::Device& device) {
  const auto prompts = models::open_prompt_encoder(network, encoder, cache, device);
  const int64_t width = network.config().txt_embed_dim, has = prompts->hidden_size();
  if (has != width) {
    log_warning(concat("the text encoder's states have width ", has, ", the network reads ", width, ": they are ",
                       has > width ? "cut" : "filled up with zeros", "; is '", encoder,
                       "' the encoder that the network was trained with?"));
  }
  TerminalProgress progress("encoding", "prompts");
  const auto count = static_cast<int64_t>(texts.size());
  at::Tensor states;  // filled row by row: those of a suite are a large part of a GB
  progress.update(0, count, "");
  for (int64_t i = 0; i < count; ++i) {
    const models::EncodedPrompts encoded = prompts->encode({&texts[static_cast<size_t>(i)], 1}, width);
    for (const models::CutPrompt& cut : encoded.cut) log_warning(describe(cut));
    if (i == 0) states = at::empty({count, encoded.states.size(1), width}, encoded.states.options());
    states[i].copy_(encoded.states[0]);
    progress.update(i + 1, count, "");
  }
  progress.finish();
  return states;
}

}  // namespace pixnerd::cli
