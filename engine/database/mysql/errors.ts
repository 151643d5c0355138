// What MySQL, MariaDB and their driver say. Numbers: MySQL 8.4 Error Reference; MariaDB Error Code Reference.
import {
  BUSY,
  CONSTRAINT,
  DatabaseFailure,
  FULL,
  LOGIN,
  LOST,
  type Meaning,
  MISSING,
  NO_RIGHT,
  READONLY,
  REFUSED,
  TIMEOUT,
  UNREACHABLE,
  UNTRUSTED,
} from '../errors.ts';

const STANDBY: Meaning = {
  ...READONLY,
  what: 'is read-only',
  hint: 'Nothing was written. Name the primary server in the secret, not a replica of it',
};

const NUMBERS: readonly (readonly [Meaning, readonly number[]])[] = [
  [LOGIN, [1045, 1251, 1698]],
  [MISSING, [1049]],
  [NO_RIGHT, [1044, 1142, 1143, 1227, 1370]],
  [READONLY, [1792]],
  [STANDBY, [1290, 1836]],
  [CONSTRAINT, [1022, 1048, 1062, 1216, 1217, 1264, 1265, 1292, 1364, 1366, 1406, 1451, 1452, 1557, 3819, 4025]],
  [BUSY, [1020, 1205, 1213, 3572]],
  [TIMEOUT, [1317, 1969, 3024]],
  [FULL, [1040, 1203, 1226]],
  [UNTRUSTED, [3159]],
  [LOST, [1053, 1077, 1152, 1184, 1927, 2006, 2013]],
];
const MEANINGS: ReadonlyMap<number, Meaning> = new Map(
  NUMBERS.flatMap(([meaning, numbers]) => numbers.map((number) => [number, meaning] as const)),
);

/** After these the server has rolled back the whole transaction, and what comes next would be committed by itself. */
const ENDS_TRANSACTION: ReadonlySet<number> = new Set([1020, 1205, 1213]);

interface ServerError extends Error {
  readonly errno: number;
  readonly sqlState: string;
}

function isServerError(thrown: Error): thrown is ServerError {
  return 'errno' in thrown && typeof thrown.errno === 'number' && 'sqlState' in thrown && thrown.sqlState !== undefined;
}

export function endsTransaction(thrown: unknown): boolean {
  return thrown instanceof Error && isServerError(thrown) && ENDS_TRANSACTION.has(thrown.errno);
}

/** @param isConnected false while it connects: nothing was asked of it yet. */
export function explainMysql(thrown: unknown, name: string, isConnected: boolean): unknown {
  if (thrown instanceof DatabaseFailure || !(thrown instanceof Error)) return thrown;
  if (isServerError(thrown)) {
    const meaning = MEANINGS.get(thrown.errno) ?? REFUSED;
    return new DatabaseFailure(meaning, { name, detail: `${thrown.errno}: ${thrown.message}`, cause: thrown });
  }
  const meaning = driverMeaning(thrown, isConnected);
  return meaning === undefined ? thrown : new DatabaseFailure(meaning, { name, detail: thrown.message, cause: thrown });
}

/** What the server did not say: the driver or the network. */
function driverMeaning(thrown: Error, isConnected: boolean): Meaning | undefined {
  const code = String('code' in thrown ? thrown.code : '');
  if (code === 'PROTOCOL_SEQUENCE_TIMEOUT') return { ...TIMEOUT, isLost: true };
  if (/CERT|SELF_SIGNED|ISSUER|LEAF_SIGNATURE|SSL/.test(code)) return UNTRUSTED;
  if (!isConnected) return UNREACHABLE;
  const isNetwork =
    /^(E[A-Z]{3,}$|PROTOCOL_|ERR_STREAM|ERR_SOCKET)/.test(code) ||
    /closed state|[Cc]onnection lost/.test(thrown.message);
  return isNetwork ? LOST : undefined;
}
