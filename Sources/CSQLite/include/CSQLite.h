#ifndef CSQLITE_H
#define CSQLITE_H

#include <sqlite3.h>

/// Keeps a connection from merging the write-ahead log into the database when it is closed.
///
/// `sqlite3_db_config` is variadic, which Swift cannot call.
static inline int invitro_no_checkpoint_on_close(sqlite3 *database) {
  return sqlite3_db_config(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)0);
}

#endif
