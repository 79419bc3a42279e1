// Sizes of a network: the `model:` section of a configuration.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "config/schema.h"

namespace pixnerd::models {

enum class ModelType { c2i, t2i, t2i_heavy };
std::span<const std::pair<const char*, ModelType>> enum_names(ModelType);

// What the last layer stands for: the velocity (published), or the clean image x1, from which v = (x1 - x) / (1 - t).
enum class Prediction { velocity, image };
std::span<const std::pair<const char*, Prediction>> enum_names(Prediction);

// What makes states of texts: Qwen3, from a folder of its own, or an encoder of bytes that is a part of the network.
enum class TextEncoderKind { qwen3, bytes };
std::span<const std::pair<const char*, TextEncoderKind>> enum_names(TextEncoderKind);

// How a block is told the time: adaptive layer norm (published), or not at all, as the noise in x shows it (MiniT2I).
enum class Modulation { adaln, none };
std::span<const std::pair<const char*, Modulation>> enum_names(Modulation);

// Whose positions, coordinate code and norms of the neural field a text-to-image network has: its own (published), or
// the class-conditional network's, whose field has all weights of unit length and a norm before the last layer. So it
// bears larger steps, and can begin with the weights of a class-conditional network.
enum class NetworkParts { t2i, c2i };
std::span<const std::pair<const char*, NetworkParts>> enum_names(NetworkParts);

// The side of a picture in whole patches, at least one, that is `pixels` or else the nearest below.
int64_t whole_patches(int64_t pixels, int64_t patch_size);

struct ModelConfig {
  ModelType type = ModelType::c2i;
  int64_t in_channels = 3;
  int64_t hidden_size = 1024;
  int64_t num_heads = 16;
  int64_t patch_size = 16;
  int64_t field_width = 64;
  int64_t field_mlp_ratio = 2;
  Prediction prediction = Prediction::velocity;
  double noise_scale = 1.0;

  // Class-conditional.
  int64_t num_cond_blocks = 22;
  int64_t num_blocks = 24;
  int64_t num_classes = 1000;
  int64_t num_styles = 0;
  double label_init_std = 0.02;

  // Text-to-image.
  int64_t num_encoder_blocks = 16;
  int64_t num_decoder_blocks = 2;
  int64_t num_text_blocks = 4;
  int64_t txt_embed_dim = 2048;
  int64_t txt_max_length = 128;
  Modulation modulation = Modulation::adaln;
  bool pooled_text = false;
  NetworkParts parts = NetworkParts::t2i;
  TextEncoderKind text_encoder = TextEncoderKind::qwen3;

  // Of the encoder of bytes alone.
  int64_t txt_state_bytes = 6;
  int64_t num_byte_blocks = 3;

  // Of the heavy decoder alone.
  std::optional<std::array<double, 2>> decoder_patch_scaling;
  int64_t decoder_base_size = 512;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& visit) {
    const auto size = config::between(1, 65536);
    visit("type", self.type, "c2i: class-conditional; t2i: text-to-image; t2i_heavy: that with the heavy decoder");
    visit("in_channels", self.in_channels, "image channels C", config::between(1, 64));
    visit("hidden_size", self.hidden_size, "width D of the transformer", size);
    visit("num_heads", self.num_heads, "attention heads H; D / H must be a multiple of 4", size);
    visit("patch_size", self.patch_size, "pixels P of a patch's side", config::between(2, 1024));
    visit("field_width", self.field_width, "width E of the neural field", config::between(1, 4096));
    visit("field_mlp_ratio", self.field_mlp_ratio, "hidden width r of the neural field's MLP, in E",
          config::between(1, 64));
    visit("prediction", self.prediction, "velocity, or image: v = (x1 - x) / (1 - t), 1 - t at least .05 in training");
    visit("noise_scale", self.noise_scale, "k of the path x_t = t x1 + (1 - t) k noise", config::positive());
    if (self.type == ModelType::c2i) {
      class_fields(self, visit);
    } else {
      text_fields(self, visit);
    }
  }

  // Whether texts are encoded by the network itself, or by Qwen3.
  bool reads_bytes() const { return takes_text() && text_encoder == TextEncoderKind::bytes; }
  bool needs_text_encoder() const { return takes_text() && !reads_bytes(); }
  int64_t txt_bytes() const { return txt_max_length * txt_state_bytes; }  // that are read of a text

  bool takes_text() const { return type != ModelType::c2i; }
  int64_t transformer_blocks() const { return takes_text() ? num_encoder_blocks : num_cond_blocks; }
  int64_t field_blocks() const { return takes_text() ? num_decoder_blocks : num_blocks - num_cond_blocks; }
  int64_t head_width() const { return hidden_size / num_heads; }
  int64_t patch_features() const { return in_channels * patch_size * patch_size; }
  int64_t mlp_hidden() const { return takes_text() ? 4 * hidden_size : 2 * (4 * hidden_size) / 3; }  // of SwiGLU

  // ConfigError for sizes that do not fit each other.
  void validate() const;

 private:
  template <class Self, class Visitor>
  static void class_fields(Self& self, Visitor& visit) {
    const auto labels = config::between(0, 10'000'000);
    visit("num_cond_blocks", self.num_cond_blocks, "transformer blocks", config::between(0, 1024));
    visit("num_blocks", self.num_blocks, "transformer and neural-field blocks together", config::between(1, 2048));
    visit("num_classes", self.num_classes, "classes, the null class not counted; in training 0 takes the data's",
          labels);
    visit("num_styles", self.num_styles, "values of a second label beside the class; 0 for none", labels);
    visit("label_init_std", self.label_init_std, "standard deviation of the label table at the start",
          config::positive());
  }

  template <class Self, class Visitor>
  static void text_fields(Self& self, Visitor& visit) {
    const auto blocks = config::between(0, 1024);
    visit("num_encoder_blocks", self.num_encoder_blocks, "transformer blocks of the image", blocks);
    visit("num_decoder_blocks", self.num_decoder_blocks, "neural-field blocks", blocks);
    visit("num_text_blocks", self.num_text_blocks, "transformer blocks that refine the text", blocks);
    visit("txt_embed_dim", self.txt_embed_dim, "width T of the text encoder's states", config::between(1, 65536));
    visit("txt_max_length", self.txt_max_length, "states N of a text", config::between(1, 65536));
    visit("modulation", self.modulation,
          "adaln: blocks are modulated by the time; none: they are not, and have fewer parameters");
    visit("pooled_text", self.pooled_text,
          "whether the sum of a text's states is told to the blocks as the time is, beside the states that they attend "
          "to");
    visit("parts", self.parts,
          "t2i: positions and neural field as published; c2i: those of the class-conditional network");
    visit("text_encoder", self.text_encoder,
          "qwen3, which reads tokens, or bytes: an encoder of UTF-8 bytes in this network, trained with it");
    if (self.text_encoder == TextEncoderKind::bytes) {
      visit("txt_state_bytes", self.txt_state_bytes, "bytes of a text to each state", config::between(1, 64));
      visit("num_byte_blocks", self.num_byte_blocks, "transformer blocks of the encoder of bytes", blocks);
    }
    if (self.type != ModelType::t2i_heavy) return;
    visit("decoder_patch_scaling", self.decoder_patch_scaling,
          "patches of the decoder over those of the transformer, height and width; null: as decoder_base_size says");
    visit("decoder_base_size", self.decoder_base_size,
          "side in pixels that the transformer sees, whatever the picture's size, where decoder_patch_scaling is null",
          config::between(1, 16384));
  }
};

}  // namespace pixnerd::models
