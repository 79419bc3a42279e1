// The losses that may stand beside flow matching's, by the names that the log has for them.
#pragma once

#include <array>
#include <cstddef>

namespace pixnerd::train {

// Checkpoints keep their sums in this order: new ones go to the end.
enum class SideLoss : size_t { repa, dispersive, frequency, perceptual, alignment, teacher };
inline constexpr std::array kSideLosses = {SideLoss::repa,       SideLoss::dispersive, SideLoss::frequency,
                                           SideLoss::perceptual, SideLoss::alignment,  SideLoss::teacher};

constexpr const char* name_of(SideLoss loss) {
  constexpr std::array kNames = {"repa", "dispersive", "frequency", "perceptual", "alignment", "teacher"};
  static_assert(kNames.size() == kSideLosses.size());
  return kNames[static_cast<size_t>(loss)];
}

// Something of each of them.
template <class T>
class OfSideLosses {
 public:
  T& operator[](SideLoss loss) { return each_[static_cast<size_t>(loss)]; }
  const T& operator[](SideLoss loss) const { return each_[static_cast<size_t>(loss)]; }

 private:
  std::array<T, kSideLosses.size()> each_{};
};

}  // namespace pixnerd::train
