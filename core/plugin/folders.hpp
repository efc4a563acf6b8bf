#pragma once

#include "base/folder_grant.hpp"
#include "base/json.hpp"
#include "base/result.hpp"

#include <vector>

namespace crossdock::plugin {

[[nodiscard]] Json to_json(const std::vector<FolderGrant>& grants);
/// What to_json made. What is no such list, or no absolute path, is left out.
[[nodiscard]] std::vector<FolderGrant> folders_of(const Json* list);

/// Holds grants against a plugin's settings schema: each setting of type `folder` that is given was written `{folder: PATH}`, and
/// nothing else was. `settings` are checked already (check_settings).
/// Errors: names the setting, and how to write it.
[[nodiscard]] Result<> check_folders(const Json& schema, const Json& settings, const std::vector<FolderGrant>& grants);

}  // namespace crossdock::plugin
