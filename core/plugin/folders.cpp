#include "plugin/folders.hpp"

#include <algorithm>
#include <utility>

namespace crossdock::plugin {
namespace {

const FolderGrant* grant_of(const std::vector<FolderGrant>& grants, const std::string& setting) {
    const auto at =
        std::find_if(grants.begin(), grants.end(), [&](const FolderGrant& grant) { return grant.setting == setting; });
    return at == grants.end() ? nullptr : &*at;
}

}  // namespace

Json to_json(const std::vector<FolderGrant>& grants) {
    Json list = Json::array();
    for (const auto& grant : grants) {
        list.push(Json::object({{"setting", grant.setting}, {"path", grant.path.string()}, {"write", grant.write}}));
    }
    return list;
}

std::vector<FolderGrant> folders_of(const Json* list) {
    std::vector<FolderGrant> grants;
    if (list == nullptr || !list->is_array()) { return grants; }
    for (const auto& one : list->items()) {
        FolderGrant grant{one.text("setting"), one.text("path"), one.boolean("write")};
        if (grant.path.is_absolute()) { grants.push_back(std::move(grant)); }
    }
    return grants;
}

Result<> check_folders(const Json& schema, const Json& settings, const std::vector<FolderGrant>& grants) {
    for (const auto& row : schema.items()) {
        const auto setting = row.text("name");
        const auto* grant = grant_of(grants, setting);
        const auto* value = settings.find(setting);
        const std::string quoted = "the setting \"" + setting + "\"";
        if (row.text("type") != "folder") {
            if (grant != nullptr) { return Fault{quoted + " takes no folder", grant->where}; }
            continue;
        }
        if (value == nullptr || !value->is_string()) { continue; }
        if (grant == nullptr || grant->path.string() != value->as_string()) {
            return Fault{quoted + " names a folder, which the plugin may reach only when it is written " + setting +
                         ": {folder: PATH}"};
        }
        if (row.boolean("write") && !grant->write) {
            return Fault{quoted + " is written to: `access: read` is not enough", grant->where};
        }
    }
    return {};
}

}  // namespace crossdock::plugin
