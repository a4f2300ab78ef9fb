/**
 * For sessions in which statements are prepared: their plans are made once, perhaps while the tables are empty, and kept
 * while they grow. So none may read a whole table, or hash it, where there is an index. What cannot be done without gets a
 * cost so high by these settings that it would be compiled first.
 */
export const plannerSettings = `
  SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off`

/** For a transaction in such a session, whose statements are planned for their values and for the tables as they are. */
export const plannersChoice = `
  SET LOCAL enable_seqscan = on; SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on`
