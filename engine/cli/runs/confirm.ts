// A question of yes or no before something that is hard to take back.
import { RunbookError } from '../../errors.ts';
import type { App } from '../app.ts';

/** @throws E_NOT_CONFIRMED where there is nobody to ask and no --yes */
export async function isConfirmed(
  app: App,
  { message, yes }: { readonly message: string; readonly yes: boolean },
): Promise<boolean> {
  if (yes) return true;
  if (!app.terminal.isInteractive || app.isJson)
    throw new RunbookError({
      code: 'E_NOT_CONFIRMED',
      message: `${message} Nobody is here to say so, and nothing was done`,
      hint: 'Repeat your command with --yes',
    });
  const { confirm } = await import('@inquirer/prompts');
  return confirm({ message, default: false });
}
