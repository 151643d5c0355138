// What goes wrong before there is a run: nothing can be gone on with.
import { RunbookError } from '../../errors.ts';

/** Makes a run. @throws what `make` does; where its hint would say to resume, with one that says to start again. */
export async function beforeRun<T>(make: () => Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (error) {
    if (!(error instanceof RunbookError) || error.hint?.includes('runbook resume') !== true) throw error;
    const { code, message, location } = error;
    throw new RunbookError({
      code,
      message,
      hint: `${HINTS[code] ?? 'Mend that'}, then start it again: no run was made`,
      ...(location === undefined ? {} : { location }),
      cause: error,
    });
  }
}

const HINTS: { readonly [code: string]: string } = {
  E_STORE_FULL: 'Free some space',
  E_STORE_IO: 'Look at the disk (dmesg, free space)',
};
