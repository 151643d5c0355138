import { relative } from 'node:path';

/** A path as people see it: from where they stand, or whole where that would lead upwards. */
export function shownPath(cwd: string, path: string): string {
  const near = relative(cwd, path);
  return near.startsWith('..') ? path : near;
}
