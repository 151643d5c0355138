import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot, packageVersion } from '../resources.ts';
import type { Finding } from './finding.ts';

export function checkNode(version: string): Finding {
  const wanted = neededVersion();
  const text = `runbook ${packageVersion()} on Node ${version}`;
  if (isAtLeast(version, wanted)) return { about: 'node', level: 'ok', text };
  return {
    about: 'node',
    level: 'broken',
    text: `${text}, which needs ${wanted} or newer`,
    mend: `Install Node ${wanted} or newer, for example with: npx node@24`,
  };
}

function neededVersion(): string {
  const { engines }: { engines?: { node?: string } } = JSON.parse(
    readFileSync(join(packageRoot(), 'package.json'), 'utf8'),
  );
  return (engines?.node ?? '0').replace(/^[^\d]*/, '');
}

function isAtLeast(version: string, wanted: string): boolean {
  const [has, needs] = [version, wanted].map((text) => text.split('.').map((part) => Number.parseInt(part, 10)));
  for (const [index, needed] of (needs ?? []).entries()) {
    const part = has?.[index] ?? 0;
    if (part !== needed) return part > needed;
  }
  return true;
}
