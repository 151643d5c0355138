// A value that is never stored and never shown: it is typed unseen.
import { password } from '@inquirer/prompts';
import type { People, SecretRequest } from '../run/people.ts';
import type { Asking } from './asking.ts';
import { clean, oneLine, wrap } from './text.ts';

type Answer = Awaited<ReturnType<People['secret']>>;

export async function askSecret(request: SecretRequest, { console, signal }: Asking): Promise<Answer> {
  console.write(console.palette.attention(`◆ A secret is needed: ${oneLine(request.name)}`));
  const description = clean(request.description ?? '').trimEnd();
  if (description !== '')
    for (const line of wrap(description, Math.min(console.columns() - 3, 100))) console.write(`  ${line}`);
  console.write('  It is not kept: a resume asks for it again.');
  const value = await password(
    // Without the key that would reveal it.
    { message: `${oneLine(request.name)} (Enter: not now):`, mask: false, toggleMask: false },
    { signal },
  );
  return value === '' ? { kind: 'later' } : { kind: 'given', value };
}
