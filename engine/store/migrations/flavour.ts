// What differs between databases when tables are made.

export interface SqlFlavour {
  /** Stands after each CREATE TABLE. */
  readonly tableSuffix: string;
  readonly bytesType: 'blob' | 'bytea';
  /** Stands after the type of text columns that are searched by prefix, so that they sort by code unit. */
  readonly binaryText: string;
}

export const SQLITE_FLAVOUR: SqlFlavour = { tableSuffix: 'strict', bytesType: 'blob', binaryText: '' };
export const POSTGRES_FLAVOUR: SqlFlavour = { tableSuffix: '', bytesType: 'bytea', binaryText: 'collate "C"' };
