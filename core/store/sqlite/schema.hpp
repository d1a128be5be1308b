// The database schema and its migrations.
#pragma once
#include "store/sqlite/connection.hpp"

namespace belfry::store::sqlite {

// Throws MediumFailure, one sentence, if the file is not a Belfry database or was written by a newer version. Writes nothing.
void check_identity(Connection& connection);

// Creates the schema in an empty file, or migrates an older one to this version.
void migrate(Connection& connection);

}  // namespace belfry::store::sqlite
