// Transactions over at most two connections, with an end to everything: a signal, a time limit, the end of the step.
import type { DatabaseQueries } from '../action.ts';
import { RunbookError } from '../errors.ts';
import { bind } from './bound.ts';
import { type BreakOff, createBreakOff } from './break-off.ts';
import { DatabaseFailure } from './errors.ts';
import type { Driver, DriverOptions, Mode, Session } from './session.ts';

/** One for a snapshot that is read, one for what is written meanwhile. */
const MOST_CONNECTIONS = 2;

export interface TransactionOptions {
  /** Ends what is under way. */
  readonly signal: AbortSignal;
  /** Asked right before COMMIT is sent; what it throws rolls back. */
  readonly beforeCommit?: () => void | Promise<void>;
}

export interface Connections {
  readonly dialect: Driver['dialect'];
  readonly name: string;
  run<T>(mode: Mode, work: (queries: DatabaseQueries) => Promise<T>, options: TransactionOptions): Promise<T>;
  /** Ends what is under way, and every connection. */
  close(): Promise<void>;
}

export function createConnections(driver: Driver, { name, statementTimeoutMs }: DriverOptions): Connections {
  const idle: { readonly mode: Mode; readonly session: Session }[] = [];
  /** What breaks off each transaction under way. */
  const busy = new Set<(reason: unknown) => void>();
  const waiting: (() => void)[] = [];
  let taken = 0;
  let isClosed = false;

  const closedError = (): RunbookError =>
    new RunbookError({
      code: 'E_DB_CLOSED',
      message: `The database ${name} was asked after the step had ended`,
      hint: 'Await every promise the action starts',
    });

  /** Waits for one of the places. */
  const take = async (signal: AbortSignal): Promise<void> => {
    if (taken < MOST_CONNECTIONS) {
      taken += 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const settle = (end: () => void): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        const at = waiting.indexOf(onFree);
        if (at >= 0) waiting.splice(at, 1);
        end();
      };
      const onFree = (): void => settle(resolve);
      const onAbort = (): void => settle(() => reject(signal.reason));
      const timer = setTimeout(() => settle(() => reject(tooMany(name))), statementTimeoutMs);
      signal.addEventListener('abort', onAbort, { once: true });
      waiting.push(onFree);
    });
  };
  /** A place goes to who waits longest. */
  const give = (): void => {
    const next = waiting.shift();
    if (next === undefined) taken -= 1;
    else next();
  };

  /** A connection with a transaction begun on it. */
  const begin = async (mode: Mode): Promise<Session> => {
    const at = idle.findIndex((one) => one.mode === mode);
    const kept = at < 0 ? undefined : idle.splice(at, 1)[0]?.session;
    if (kept !== undefined) {
      try {
        await kept.begin();
        return kept;
      } catch {
        // Ended by the server while nobody used it, perhaps: a new one says what is wrong, if something is.
        kept.destroy();
      }
    }
    // A connection of the other kind would be the third one.
    if (idle.length + taken > MOST_CONNECTIONS) await idle.shift()?.session.close();
    const session = await driver.open(mode);
    try {
      await session.begin();
    } catch (thrown) {
      session.destroy();
      throw thrown;
    }
    return session;
  };

  const explained = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (thrown) {
      throw driver.explain(thrown);
    }
  };

  const transact = async <T>(
    { session, mode, breaking }: { readonly session: Session; readonly mode: Mode; readonly breaking: BreakOff },
    work: (queries: DatabaseQueries) => Promise<T>,
    { signal, beforeCommit }: TransactionOptions,
  ): Promise<T> => {
    const bound = bind({ driver, session, mode, breaking });
    let result: T;
    try {
      try {
        result = await work(bound.queries);
      } finally {
        bound.end();
      }
      signal.throwIfAborted();
      await beforeCommit?.();
    } catch (thrown) {
      const isWhole = await session.rollback().catch(() => {
        // The connection is gone, and with it the transaction.
        session.destroy();
        return true;
      });
      if (!isWhole) throw partly(name, thrown);
      throw thrown;
    }
    await explained(() => breaking.until(session.commit()));
    return result;
  };

  return {
    dialect: driver.dialect,
    name,
    async run(mode, work, options) {
      const { signal } = options;
      if (isClosed) throw closedError();
      signal.throwIfAborted();
      await take(signal);
      let session: Session | undefined;
      const breaking = createBreakOff();
      const breakOff = (reason: unknown): void => {
        session?.destroy();
        breaking.now(reason);
      };
      const onAbort = (): void => breakOff(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      busy.add(breakOff);
      try {
        const beginning = begin(mode).then((begun) => {
          session = begun;
          if (breaking.isBroken()) begun.destroy();
          return begun;
        });
        const begun = await explained(() => breaking.until(beginning));
        const result = await transact({ session: begun, mode, breaking }, work, options);
        if (breaking.isBroken()) begun.destroy();
        else idle.push({ mode, session: begun });
        return result;
      } catch (thrown) {
        // A session whose transaction failed may be in any state: another one is opened.
        session?.destroy();
        throw thrown;
      } finally {
        busy.delete(breakOff);
        signal.removeEventListener('abort', onAbort);
        give();
      }
    },
    async close() {
      isClosed = true;
      for (const breakOff of busy) breakOff(closedError());
      await Promise.allSettled(idle.splice(0).map(({ session }) => session.close()));
    },
  };
}

function tooMany(name: string): RunbookError {
  return new RunbookError({
    code: 'E_DB_BUSY',
    message: `The step has ${MOST_CONNECTIONS} transactions of the database ${name} under way, and waited in vain for one of them to end`,
    hint: 'End one transaction before beginning another, or do their work in one',
  });
}

function partly(name: string, thrown: unknown): DatabaseFailure {
  return new DatabaseFailure(
    {
      code: 'E_DB_PARTLY',
      what: 'could not take back all that was written',
      hint: 'Tables without transactions (MyISAM) keep what was written: look at them, or convert them to InnoDB',
    },
    { name, cause: thrown, isPartly: true },
  );
}
