/**
 * For sessions with prepared statements. Their plans are made once, perhaps while the tables are empty, and are kept while the
 * tables grow. So no plan may read or hash a whole table if there is an index. If a plan cannot avoid it, these settings give
 * the plan a cost so high that Postgres would compile it first, so `jit` is off.
 */
export const plannerSettings = `
  SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off`

/** For a transaction in such a session. Its statements are planned for their values and for the current tables. */
export const plannersChoice = `
  SET LOCAL enable_seqscan = on; SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on`
