// Secrets as named references, resolved each time they are used and never stored. Every value resolved is told to the
// redactor before anybody can print it.
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { passwordsIn } from '../database/address.ts';
import { messageOf, RunbookError } from '../errors.ts';
import { referenceText, type SecretReference } from '../project/secret-reference.ts';

export interface Secrets {
  /**
   * @throws E_SECRET_MISSING with how to provide it, E_SECRET_UNREADABLE where its file or command fails. Both name the
   * reference, never the value.
   */
  get(name: string): Promise<string>;
}

export interface SecretsOptions {
  readonly env: { readonly [name: string]: string | undefined };
  /** Told every value before it is handed out. */
  readonly onResolved: (name: string, value: string) => void;
  /** From the config. A name that is not here is `env:` of its own name. */
  readonly references?: ReadonlyMap<string, SecretReference>;
  /** What files are relative to, and where commands are started: the project's root. Default: the working folder. */
  readonly root?: string | null;
  /** For what a failing command says of itself. */
  readonly redact?: (text: string) => string;
  /** What a person does after providing what is missing: `resume`, `run again`. Default `resume`. */
  readonly next?: string;
  /** Milliseconds a command may take. Default 30 s. */
  readonly commandTimeoutMs?: number;
}

const COMMAND_TIMEOUT_MS = 30_000;
/** Of a file or of what a command prints. No key is longer. */
export const MAX_SECRET_BYTES = 64 * 1024;
const MOST_STDERR = 500;

export function createSecrets(options: SecretsOptions): Secrets {
  /** Steps that start together ask for the same secret together: one command answers them all. */
  const underWay = new Map<string, Promise<string>>();
  const read = async (name: string): Promise<string> => {
    const reference = options.references?.get(name) ?? { kind: 'env', name };
    const value = await readReference(name, reference, options);
    options.onResolved(name, value);
    // Drivers and servers may say it alone, and not percent-encoded.
    for (const password of passwordsIn(value)) options.onResolved(name, password);
    return value;
  };
  return {
    get(name) {
      const already = underWay.get(name);
      if (already !== undefined) return already;
      const reading = read(name).finally(() => underWay.delete(name));
      underWay.set(name, reading);
      return reading;
    },
  };
}

/**
 * The same secrets, each read once: for one attempt of a step, whose inputs, action and reader ask for the same ones. The
 * next attempt reads again, since a key may be rotated by then. What could not be read is asked for again.
 */
export function readOnce(secrets: Secrets): Secrets {
  const known = new Map<string, Promise<string>>();
  return {
    get(name) {
      const already = known.get(name);
      if (already !== undefined) return already;
      const reading = secrets.get(name);
      known.set(name, reading);
      reading.catch(() => known.delete(name));
      return reading;
    },
  };
}

function readReference(name: string, reference: SecretReference, options: SecretsOptions): Promise<string> {
  switch (reference.kind) {
    case 'env':
      return readVariable(name, reference.name, options);
    case 'file':
      return readSecretFile(name, reference, options);
    case 'command':
      return readCommand(name, reference, options);
  }
}

async function readVariable(name: string, variable: string, options: SecretsOptions): Promise<string> {
  const value = options.env[variable];
  if (value !== undefined && value !== '') return value;
  throw missing(
    `The secret ${name} is not set${variable === name ? '' : `: it is the environment variable ${variable}`}`,
    `Set the environment variable ${variable}`,
    options,
  );
}

async function readSecretFile(
  name: string,
  reference: SecretReference & { kind: 'file' },
  options: SecretsOptions,
): Promise<string> {
  const path = resolve(options.root ?? '.', reference.path);
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if (isMissing(error)) {
      throw missing(
        `The secret ${name} is not there: there is no file ${path}`,
        `Put the secret into that file, or correct ${referenceText(reference)} in runbook.config.yaml`,
        options,
      );
    }
    throw unreadable(`The secret ${name} cannot be read from ${path}: ${messageOf(error)}`, 'Make the file readable');
  }
  if (bytes.length > MAX_SECRET_BYTES) {
    throw unreadable(
      `The file ${path} of the secret ${name} has ${bytes.length} bytes; the limit is ${MAX_SECRET_BYTES}`,
      `Correct ${referenceText(reference)} in runbook.config.yaml`,
    );
  }
  const value = withoutLastNewline(bytes.toString('utf8'));
  if (value !== '') return value;
  throw missing(`The secret ${name} is not there: the file ${path} is empty`, 'Put the secret into that file', options);
}

/** No shell, no terminal to ask on, bounded time and output. */
async function readCommand(
  name: string,
  reference: SecretReference & { kind: 'command' },
  options: SecretsOptions,
): Promise<string> {
  const { execa } = await import('execa');
  const [file = '', ...args] = reference.command;
  const timeout = options.commandTimeoutMs ?? COMMAND_TIMEOUT_MS;
  const result = await execa(file, args, {
    shell: false,
    reject: false,
    cwd: resolve(options.root ?? '.'),
    extendEnv: false,
    env: { ...options.env },
    stdin: 'ignore',
    stripFinalNewline: false,
    timeout,
    maxBuffer: MAX_SECRET_BYTES,
    killDescendants: true,
    windowsHide: true,
  });
  const redact = options.redact ?? ((text: string) => text);
  const words = redact(referenceText(reference).replace(/^command: /, ''));
  if (result.failed) {
    // execa's own message and cause hold what the command printed: the secret, perhaps. Only its errors are shown.
    const said = redact(result.stderr.trim()).slice(0, MOST_STDERR);
    throw unreadable(
      `The secret ${name} cannot be had: \`${words}\` ${whyFailed(result, timeout)}${said === '' ? '' : `\n${said}`}`,
      'Type the command to see why: sign in where it needs you to, or correct it in runbook.config.yaml',
    );
  }
  const value = withoutLastNewline(result.stdout);
  if (value !== '') return value;
  throw missing(
    `The secret ${name} is not there: \`${words}\` printed nothing`,
    'Type the command to see why',
    options,
  );
}

interface Failure {
  readonly timedOut: boolean;
  readonly isMaxBuffer: boolean;
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  readonly code?: string | undefined;
}

function whyFailed({ timedOut, isMaxBuffer, exitCode, signal, code }: Failure, timeoutMs: number): string {
  if (timedOut) return `took longer than ${timeoutMs / 1000} s`;
  if (isMaxBuffer) return `printed more than ${MAX_SECRET_BYTES} bytes`;
  if (exitCode !== undefined) return `ended with exit code ${exitCode}`;
  if (signal !== undefined) return `was ended by ${signal}`;
  return code === 'ENOENT' ? 'could not be started: there is no such program' : `could not be started (${code ?? '?'})`;
}

function missing(message: string, hint: string, { next = 'resume' }: SecretsOptions): RunbookError {
  return new RunbookError({ code: 'E_SECRET_MISSING', message, hint: `${hint}, then ${next}` });
}

function unreadable(message: string, hint: string): RunbookError {
  return new RunbookError({ code: 'E_SECRET_UNREADABLE', message, hint });
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}

/** What editors and `echo` put at the end is no part of a secret. */
export function withoutLastNewline(text: string): string {
  return text.replace(/\r?\n$/, '');
}
