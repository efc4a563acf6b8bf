#pragma once

#include "base/scratch_folder.hpp"

namespace crossdock::support {

/// A scratch folder that every test can have; one that gets none cannot go on, and aborts.
class TemporaryFolder : public ScratchFolder {
public:
    TemporaryFolder() : ScratchFolder(make("test").value()) {}
};

}  // namespace crossdock::support
