// What stands in the way of a figure, known before any picture is looked at.
#pragma once

#include <cstdint>
#include <string>

#include "eval/evaluate.h"

namespace pixnerd::eval {

// Why a reference does not serve a metric; "" if it does. `network` is for the metric's name.
std::string missing_part(const Reference& reference, Metric metric, FeatureNetwork network = FeatureNetwork::inception);

// Why a metric cannot be computed of `count` pictures whose features are like `like`, those of one picture or more; ""
// if it can. Without a reference: what the pictures alone hinder.
std::string unsupported_reason(Metric metric, const Features& like, int64_t count, const Reference* reference,
                               const Settings& settings);

}  // namespace pixnerd::eval
