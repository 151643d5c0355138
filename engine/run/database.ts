// The gate before the team's own database: outside a change a transaction only reads, and the database itself holds it to
// that; inside one it may write, once the lease is proved. Only a COMMIT has an effect, so whatever fails before it did not
// happen.
import { type Action, ChangeRefused, type Database, type DatabaseQueries } from '../action.ts';
import { DatabaseFailure } from '../database/errors.ts';
import type { Connections } from '../database/transactions.ts';
import { messageOf, RunbookError } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import { currentPassage, type Passage } from './gate.ts';
import type { Secrets } from './secrets.ts';

/** What the config says of the team's database, and where a drill may reach. */
export interface DatabaseSettings {
  readonly mapping: JsonObject;
  /** What relative paths are relative to. */
  readonly root: string;
  /** The folder that a drill's world lies in. */
  readonly worldFolder?: string;
}

const DEFAULT_SECRET = 'DATABASE_URL';

export interface DatabasesOptions {
  readonly action: Action;
  readonly settings: DatabaseSettings | undefined;
  readonly isDrill: boolean;
  readonly secrets: Secrets;
  readonly stop: AbortSignal;
}

export interface Databases {
  /** @throws E_SECRET_UNKNOWN, E_SECRET_MISSING, E_DB_URL, E_DB_DRILL */
  open(secret: string | undefined): Promise<Database>;
  /** Of every transaction that begins from now on nothing comes; those under way are broken off. */
  close(): void;
}

/** Connects a step's action to databases, each once. */
export function createDatabases(options: DatabasesOptions): Databases {
  const { action, settings, isDrill, stop } = options;
  const opened = new Map<string, Promise<Connections>>();
  let isOpen = true;

  const connect = async (secret: string): Promise<Connections> => {
    const url = await options.secrets.get(secret);
    const { connectDatabase } = await import('../database/connect.ts');
    const connections = await connectDatabase({
      url,
      root: settings?.root ?? '.',
      ...(isDrill ? { within: { folder: settings?.worldFolder } } : {}),
    });
    if (!isOpen) await connections.close();
    return connections;
  };

  return {
    async open(secret = DEFAULT_SECRET) {
      if (!action.secrets.includes(secret)) throw undeclared(action, secret);
      let connecting = opened.get(secret);
      if (connecting === undefined) {
        connecting = connect(secret);
        opened.set(secret, connecting);
        connecting.catch(() => opened.delete(secret));
      }
      const connections = await connecting;
      return {
        dialect: connections.dialect,
        name: connections.name,
        mapping: settings?.mapping ?? {},
        read: (work) => connections.run('read', work, { signal: currentPassage()?.signal ?? stop }),
        write: (work) => write(connections, work),
      };
    },
    close() {
      isOpen = false;
      for (const connecting of opened.values())
        connecting.then((connections) => connections.close()).catch(() => undefined);
    },
  };
}

async function write<T>(connections: Connections, work: (queries: DatabaseQueries) => Promise<T>): Promise<T> {
  const { name } = connections;
  const passage = await admit(name);
  let isCommitting = false;
  try {
    return await connections.run('write', work, {
      signal: passage.signal,
      async beforeCommit() {
        // The work may have taken longer than a lease holds.
        await passage.proveLease();
        assertGoing(passage, name);
        passage.onSent();
        isCommitting = true;
      },
    });
  } catch (thrown) {
    const isKnown = !isCommitting || (thrown instanceof DatabaseFailure && !thrown.isLost);
    if (!isKnown || (thrown instanceof DatabaseFailure && thrown.isPartly)) throw thrown;
    if (passage.signal.aborted)
      throw new ChangeRefused(`the transaction on ${name} was rolled back: it was broken off`);
    throw thrown instanceof DatabaseFailure ? new ChangeRefused(messageOf(thrown), { cause: thrown }) : thrown;
  }
}

/** @throws E_GATE_DATABASE; ChangeRefused where its change or step is over. */
async function admit(name: string): Promise<Passage> {
  const passage = currentPassage();
  if (passage === undefined || passage.allows() === 'reads') {
    const refusal = new RunbookError({
      code: 'E_GATE_DATABASE',
      message: `A transaction that writes to the database ${name} was not begun: outside ctx.change and ctx.changes it is only read, so that every effect is in the ledger`,
      hint: 'Call db.write inside the callback of ctx.change or ctx.changes; db.read reads anywhere',
    });
    passage?.onRefused(refusal);
    throw refusal;
  }
  assertGoing(passage, name);
  await passage.proveLease();
  assertGoing(passage, name);
  return passage;
}

function assertGoing(passage: Passage, name: string): void {
  passage.signal.throwIfAborted();
  if (passage.allows() === 'changes') return;
  const refusal = new ChangeRefused(
    `a transaction that writes to the database ${name} was not committed: the change or the step that began it has ended`,
  );
  passage.onRefused(refusal);
  throw refusal;
}

function undeclared(action: Action, secret: string): RunbookError {
  return new RunbookError({
    code: 'E_SECRET_UNKNOWN',
    message: `${action.name} asks for the database of the secret ${secret}, which it does not declare`,
    hint: `Add it to the action's secrets: [...], so that playbooks show what they need`,
  });
}
