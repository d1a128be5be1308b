// The tables of the file, and how an older file becomes a new one.
#pragma once
#include "store/sqlite/connection.hpp"

namespace belfry::store::sqlite {

// Refuses with one sentence (MediumFailure) what is no Belfry database, or was written by a newer version. Writes nothing.
void check_identity(Connection& connection);

// Makes an empty file a Belfry database, and one of an older version one of this version.
void migrate(Connection& connection);

}  // namespace belfry::store::sqlite
