// Notifications are private to the user that runs the gateway: no other user may have access to the database file.
#pragma once
#include <filesystem>

namespace belfry::store::sqlite {

// Removes the access of other users. Throws MediumFailure, one sentence, if this user may not change the mode.
void restrict_mode(const std::filesystem::path& file);

// Throws what restrict_mode() would throw, without changing the file. Opens and closes it, which drops the locks that this process holds on
// it (fcntl(2)): not for a file that is in use here.
void check_mode(const std::filesystem::path& file);

}  // namespace belfry::store::sqlite
