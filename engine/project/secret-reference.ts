// Where a secret comes from, as runbook.config.yaml says it. A reference is no secret: it may be printed and stored.
import { isJsonObject, type Json } from '../json.ts';

export type SecretReference =
  | { readonly kind: 'env'; readonly name: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'command'; readonly command: readonly string[] };

/** @returns undefined where the value is no reference. */
export function parseSecretReference(value: Json): SecretReference | undefined {
  if (typeof value === 'string') {
    const [, kind, rest = ''] = /^(env|file):(.+)$/.exec(value) ?? [];
    if (kind === 'env') return { kind, name: rest };
    return kind === 'file' ? { kind, path: rest } : undefined;
  }
  if (!isJsonObject(value) || !Array.isArray(value.command)) return undefined;
  const command = value.command.filter((part) => typeof part === 'string');
  return command.length > 0 ? { kind: 'command', command } : undefined;
}

/** As a person would write it: `env:KEY`, `file:PATH`, the command's words. */
export function referenceText(reference: SecretReference): string {
  switch (reference.kind) {
    case 'env':
      return `env:${reference.name}`;
    case 'file':
      return `file:${reference.path}`;
    case 'command':
      return `command: ${reference.command.join(' ')}`;
  }
}
