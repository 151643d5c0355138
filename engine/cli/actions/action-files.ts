// Which files may hold actions, and which names their text says they define. Nothing is run.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { definedNames, mayBeAction } from '../../project/action-source.ts';
import { readText } from '../read-text.ts';

export interface ActionFile {
  /** Absolute. */
  readonly path: string;
  readonly text: string;
  /** Names it may define; empty where only loading it can tell. */
  readonly names: readonly string[];
}

const SOURCE = /\.m?[jt]s$/;
const NO_ACTION = /\.d\.m?ts$|\.(?:test|spec)\.m?[jt]s$/;

/**
 * Sorted by path; helpers (no default export), tests and types left out, and what lies under node_modules.
 * @throws E_ACTION_LOAD where one cannot be read.
 */
export function findActionFiles(folder: string): readonly ActionFile[] {
  return sourcesIn(folder).flatMap((path) => {
    const text = readText(path, { code: 'E_ACTION_LOAD', shown: path });
    return mayBeAction(text) ? [{ path, text, names: definedNames(text) }] : [];
  });
}

function sourcesIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name.startsWith('.') || entry.name === 'node_modules' ? [] : sourcesIn(path);
    return SOURCE.test(entry.name) && !NO_ACTION.test(entry.name) ? [path] : [];
  });
}
