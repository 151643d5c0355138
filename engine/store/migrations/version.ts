// Apart from the migrations, so that opening a store that is up to date loads none of them.

/** The schema this engine works with: the number of migrations in list.ts. */
export const SCHEMA_VERSION = 1;
/** The first runbook version that understands it. */
export const SCHEMA_NEEDS = '0.1.0';
