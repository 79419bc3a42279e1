// Classes that are called by numbers which are not their labels.
#pragma once

#include <string>
#include <vector>

namespace pixnerd::data {

// Names of classes, in the order of their labels, that are all whole numbers, but sorted as text: 0, 1, 10, 2. A
// sentence that says which is which; "" where names are no numbers, or each is its own label.
std::string word_on_numbers(const std::vector<std::string>& classes);

}  // namespace pixnerd::data
