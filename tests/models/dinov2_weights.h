// Random weights of a small DINOv2.
#pragma once

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <map>
#include <string>

namespace pixnerd::models {

// Patches of 14, positions for 2 x 2 of them, one head.
inline std::map<std::string, at::Tensor> dinov2_weights(int64_t registers = 0) {
  constexpr int64_t kWidth = 64, kHidden = 128, kDepth = 2;
  auto generator = at::make_generator<at::CPUGeneratorImpl>(3);
  std::map<std::string, at::Tensor> tensors;
  const auto add = [&](const std::string& name, at::IntArrayRef shape, double scale) {
    tensors.emplace(name, at::randn(shape, generator) * scale);
  };
  const auto add_linear = [&](const std::string& name, int64_t in, int64_t out) {
    add(name + ".weight", {out, in}, 0.1);
    add(name + ".bias", {out}, 0.1);
  };
  const auto add_norm = [&](const std::string& name) {
    tensors.emplace(name + ".weight", at::rand({kWidth}, generator) + 0.5);
    add(name + ".bias", {kWidth}, 0.1);
  };
  add("cls_token", {1, 1, kWidth}, 1);
  add("pos_embed", {1, 5, kWidth}, 1);
  add("mask_token", {1, kWidth}, 1);
  add("patch_embed.proj.weight", {kWidth, 3, 14, 14}, 0.05);
  add("patch_embed.proj.bias", {kWidth}, 0.1);
  if (registers > 0) add("register_tokens", {1, registers, kWidth}, 1);
  for (int64_t i = 0; i < kDepth; ++i) {
    const std::string block = "blocks." + std::to_string(i) + ".";
    add_norm(block + "norm1");
    add_linear(block + "attn.qkv", kWidth, 3 * kWidth);
    add_linear(block + "attn.proj", kWidth, kWidth);
    add(block + "ls1.gamma", {kWidth}, 1);
    add_norm(block + "norm2");
    add_linear(block + "mlp.fc1", kWidth, kHidden);
    add_linear(block + "mlp.fc2", kHidden, kWidth);
    add(block + "ls2.gamma", {kWidth}, 1);
  }
  add_norm("norm");
  return tensors;
}

}  // namespace pixnerd::models
